"""What is around every page of the console: who, where, what is urgent, what was just done."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from litestar import Response

from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident, State
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web.asking import Asker, Locate, You
from bayward.cloud.web.routes import AnyRequest
from bayward.cloud.web.state import Cookie, page, told
from bayward.cloud.web.words import Words
from bayward.core.clock import Instant
from bayward.core.events import EventType
from bayward.core.policy import Action, Principal, may_ever
from bayward.core.roles import Role, active
from bayward.ui.i18n import FALLBACK, catalogues
from bayward.ui.views.base import Fact
from bayward.ui.views.console import Banner, ConsoleView, Notice, Place, Shell
from bayward.ui.views.mail import Severity

NOTICE_COOKIE = "notice"
NOTICE_S = 30  # from the form to the page behind it
NOTICE_BYTES_MAX = 1_000
BANNERS_MAX = 3  # more than that is a list, and the list has a page

ENTRANCES: Mapping[Place, Action] = {
    Place.WALL: Action.WALL_READ,
    Place.PARCELS: Action.PARCEL_READ,
    Place.ITEMS: Action.ITEM_READ,
    Place.INCIDENTS: Action.INCIDENT_READ,
    Place.PEOPLE: Action.PERSON_READ,
    Place.COURIERS: Action.COURIER_READ,
    Place.BANKS: Action.BANK_READ,
    Place.LOG: Action.LOG_READ,
    Place.PRIVACY: Action.PRIVACY_READ,
    Place.WEBHOOKS: Action.WEBHOOK_READ,
    Place.NOTIFICATIONS: Action.NOTIFICATION_READ,
    Place.SETTINGS: Action.SETTINGS_READ,
}
"""What one must be allowed to see to find something behind an entry of the rail."""

View = TypeVar("View", bound=ConsoleView)
Build = Callable[[Words, You, Shell], View]


async def console(asker: Asker, at: Locate, build: Build[View], status: int = 200) -> Response[str]:
    """A page of the console."""
    request = asker.request
    notices = _notices(request)

    def read(work: Work, you: You) -> View:
        words = Words(work, you.tenant)
        return build(words, you, shell(words, you, notices))

    view = await asker.read(at, read)
    if notices:
        told(request).cookies.append(Cookie(NOTICE_COOKIE, "", 0))
    return page(request, view, status=status)


def shell(words: Words, you: You, notices: tuple[Notice, ...] = ()) -> Shell:
    """The rail, the banners, the name."""
    work = words.work
    sites = fleet_store.sites(work.tx, you.tenant)
    live = (State.OPEN, State.ACKNOWLEDGED)
    hidden = hidden_from(you.principal, work.now)
    is_kept_out = Place.INCIDENTS in hidden
    found = [] if is_kept_out else incidents.incidents(work, you.tenant, states=live)
    roles = [binding.role for binding in active(you.principal.bindings, work.now)]
    name = sites[0].name if len(sites) == 1 else people_store.tenant_name(work.tx, you.tenant)
    return Shell(
        site=name,
        person=words.person(you.person),
        role=max(roles, key=lambda role: role.rank, default=Role.RESIDENT).value,
        incidents_open=len(found),
        banners=tuple(_banners(words, found)),
        notices=notices,
        hidden=hidden,
    )


def hidden_from(principal: Principal, now: Instant) -> frozenset[Place]:
    """What the rail does not show somebody, because every page behind it would refuse him."""
    return frozenset(
        place for place, action in ENTRANCES.items() if not may_ever(principal, action, now)
    )


def notify(request: AnyRequest, key: str, **facts: Fact) -> None:
    """Say on the next page what was just done."""
    text = json.dumps({"key": key, "facts": facts}, separators=(",", ":"))
    value = base64.urlsafe_b64encode(text.encode()).decode()
    told(request).cookies.append(Cookie(NOTICE_COOKIE, value, NOTICE_S))


def incident_facts(words: Words, incident: Incident) -> dict[str, Fact]:
    """What is said about an incident besides its kind."""
    facts: dict[str, Fact] = {"bank": words.bank(incident.bank)}
    if incident.compartment is not None:
        facts["door"] = words.door(incident.compartment)
    return facts


def _banners(words: Words, found: list[Incident]) -> list[Banner]:
    """What needs a person now: alarms, and everything that is locked down."""
    banners = []
    for incident in found:
        held = incidents.lockdowns(words.work, words.tenant, incident=incident.id)
        severity = Severity(incident.severity)
        is_new = incident.state is State.OPEN and incident.released_at is None
        if not held and not (is_new and severity is Severity.CRITICAL):
            continue
        href = f"/console/incidents/{incident.id}"
        banners.append(
            Banner(
                kind=incident.kind,
                facts=incident_facts(words, incident),
                at=incident.opened_at,
                href=href,
                severity=severity,
                is_locked_down=bool(held),
                release_href=f"{href}#release" if held else None,
            )
        )
    return banners[:BANNERS_MAX]


def _notices(request: AnyRequest) -> tuple[Notice, ...]:
    """What the last form left for this page; only this server sets that cookie."""
    value = request.cookies.get(NOTICE_COOKIE, "").strip('"')
    if not value or len(value) > NOTICE_BYTES_MAX:
        return ()
    try:
        left = json.loads(base64.urlsafe_b64decode(value.encode()))
    except (binascii.Error, ValueError):
        return ()
    if not isinstance(left, dict) or not isinstance(left.get("facts"), Mapping):
        return ()
    key = str(left.get("key"))
    if catalogues()[FALLBACK].find(f"notice.{key}") is None:
        return ()
    return (Notice(key, dict(left["facts"])),)


SECURITY_TYPES = tuple(
    kind
    for kind in EventType
    if kind.value.split(".")[0] in {"sign_in", "step_up", "role", "person", "action"}
)
BY_FILTER: Mapping[str, WantedEvents] = {
    "all": WantedEvents(),
    "doors": WantedEvents(
        types=tuple(
            kind
            for kind in EventType
            if kind.value.split(".")[0] in {"door", "unlock", "access", "compartment", "lockdown"}
        )
    ),
    "parcels": WantedEvents(
        types=tuple(
            kind for kind in EventType if kind.value.split(".")[0] in {"parcel", "grant", "code"}
        )
    ),
    "administrators": WantedEvents(types=SECURITY_TYPES),
}
