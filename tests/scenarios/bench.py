"""What two levels share: the policy of the console, and the log as a scenario reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bayward.core import policy
from bayward.core.clock import Instant
from bayward.core.commands import SCOPE_BANK
from bayward.core.compartment import Compartment
from bayward.core.events import Event
from bayward.core.ids import BankId, PersonId, SiteId, TenantId
from bayward.core.lockdown import Lockdown
from bayward.core.policy import Aal, Action, Allow, Context, Principal, Resource
from bayward.core.roles import Binding, Node, Role
from bayward.edge.agent import Stage
from bayward.sim.demo import people
from scenarios.driver import Fields, Latches, Unable


def demand_plain(latches: Latches) -> None:
    """Raise `Unable` for a wall whose contacts matter where there are none."""
    if latches is not Latches.HIGH:
        raise Unable("doors are told here, not contacts; name the level `process`")


def may_release(
    tenant: TenantId, admin: PersonId, bank: BankId, now: Instant, *, is_fresh: bool
) -> bool:
    """What `core.policy` says to an administrator with two factors, the second perhaps fresh."""
    place = Node(tenant, SiteId.of(b"site".ljust(16)), bank)
    binding = Binding(admin, Role.ADMIN, Node(tenant), now, None)
    answer = policy.decide(
        Principal(admin, tenant, (binding,)),
        Action.LOCKDOWN_RELEASE,
        Resource(node=place),
        Context(now=now, aal=Aal.TWO, is_stepped_up=is_fresh, is_locked_down=True),
    )
    return isinstance(answer, Allow)


def shown(stage: Stage, lockdowns: Mapping[str, Lockdown]) -> Stage:
    """What the kiosk shows at this stage of a visit (`edge.kiosk.screens`)."""
    is_locked = SCOPE_BANK in lockdowns and stage is not Stage.OUT_OF_ORDER
    return Stage.LOCKED_DOWN if is_locked else stage


def named(resident: str) -> people.Resident:
    """The demo's resident of that first name."""
    return next(one for one in people.RESIDENTS if one.name.split()[0] == resident)


def numbers_of(compartments: Iterable[Compartment]) -> dict[str, int]:
    """The number on the door of each compartment id."""
    return {one.id: one.number for one in compartments}


def fields_of(event: Event, numbers: Mapping[str, int]) -> Fields:
    """An entry of the log, and `door` when a compartment is among its fields."""
    fields = event.to_fields()
    if event.compartment is not None:
        fields["door"] = numbers[event.compartment]
    return fields
