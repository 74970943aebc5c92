"""The way back in for staff: a new set-up link, made by whoever may read the state directory.

A colleague can always send one from the console. This is for when there is no colleague: the only
administrator has lost his telephone, or the platform has nobody yet. Whoever can read the state
directory holds every key of the deployment, so nothing is given away; but it is written down in the
tenant's log, like everything else, and the link must still be set up with a password and an
authenticator of one's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from bayward.cloud.offline import opened
from bayward.cloud.people import service as people
from bayward.cloud.people import set_up, store
from bayward.cloud.people.details import Details
from bayward.cloud.people.store import Person, PersonState
from bayward.cloud.settings import CloudSettings
from bayward.cloud.unit import Work
from bayward.core.clock import Clock
from bayward.core.errors import NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId
from bayward.core.roles import Binding, Node, Role, active

LINK_MADE = "set_up_link"


@dataclass(frozen=True, slots=True)
class WayIn:
    """A link for one person of one tenant."""

    tenant_name: str
    link: str


async def let_in(
    settings: CloudSettings,
    email: str,
    *,
    is_platform: bool = False,
    clock: Clock | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> list[WayIn]:
    """A new set-up link for each tenant in which `email` is staff; older links are void.

    With `is_platform` for the one who runs the platform, who is created if nobody has the address.
    Raises `NotFound("person.unknown")` when no member of staff has the address, and `Misconfigured`
    when there is no control plane in the directory, or when it is running.
    """
    async with opened(settings, clock=clock, random=random) as unit:
        return await unit.write(lambda work: _let_in(work, email.strip(), is_platform=is_platform))


def _let_in(work: Work, email: str, *, is_platform: bool) -> list[WayIn]:
    found = [_platform(work, email)] if is_platform else _staff(work, email)
    if not found:
        raise NotFound("person.unknown")
    return [_way_in(work, person) for person in found]


def _platform(work: Work, email: str) -> Person:
    known = store.with_email(work.tx, email, people.PLATFORM_TENANT)
    if known:
        return known[0]
    offered = Binding(PersonId(""), Role.SUPER_ADMIN, Node(), work.now, None)
    details = Details(name=email.partition("@")[0], email=email)
    return people.add(work, people.PLATFORM_TENANT, None, details, offered)


def _staff(work: Work, email: str) -> list[Person]:
    return [
        person
        for person in store.with_email(work.tx, email)
        if person.tenant != people.PLATFORM_TENANT
        and person.state is not PersonState.DISABLED
        and any(
            binding.role is Role.ADMIN
            for binding in active(
                store.bindings_of(work.tx, person.tenant, person.person), work.now
            )
        )
    ]


def _way_in(work: Work, person: Person) -> WayIn:
    work.emit(
        Event(
            type=EventType.PERSON_CHANGED,
            time=work.now,
            actor=people.SYSTEM,
            subject=person.person,
            detail=LINK_MADE,
        ),
        tenant=person.tenant,
    )
    token = set_up.mint_link(work, person.tenant, person.person)
    return WayIn(store.tenant_name(work.tx, person.tenant), f"{work.house.base_url}/setup/{token}")
