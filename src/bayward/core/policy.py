"""Who may do what: one total function over one literal table.

`decide` first asks what is forbidden to everybody, whatever his role: the walls between
tenants, the lockdown, the door of somebody else, authority above one's own. Only then it looks
for a line of `TABLE` that allows. What no line allows is denied. There is no input on which it
raises, and it reads nothing but its arguments: facts (who holds it, is it occupied, is there a
lockdown) are found by the caller.

`Need` is an answer of its own: the person may, but has not shown enough yet. A step-up is a
fresh second factor for exactly this request; it is bound to the request by `cloud.people.authn`
and reaches this page as the single fact `is_stepped_up`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bayward.core.actions import Action as Action  # noqa: PLC0414 - faces know the policy, not its parts
from bayward.core.clock import Instant
from bayward.core.ids import BankId, PersonId, TenantId
from bayward.core.roles import Binding, Node, Role, active


class Aal(IntEnum):
    """How surely we know who asks (in the sense of NIST SP 800-63B)."""

    NONE = 0
    ONE = 1  # something he has or knows: a link in his own mail, a password
    TWO = 2  # two of them


class Reach(StrEnum):
    """How a line's role must stand to the thing."""

    OWN = "own"  # the thing is the person's own, inside his node
    NODE = "node"  # the thing lies inside his node
    SELF = "self"  # the thing is the person himself, wherever his node is


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what a role must show to do it."""

    reach: Reach
    aal: Aal
    is_step_up: bool = False


_SELF = Line(Reach.SELF, Aal.ONE)
_STAFF_SELF = Line(Reach.SELF, Aal.TWO)  # a password alone may not even look
_OWN = Line(Reach.OWN, Aal.ONE)
_AT = Line(Reach.NODE, Aal.ONE)
_STAFF = Line(Reach.NODE, Aal.TWO)
_FRESH = Line(Reach.NODE, Aal.TWO, is_step_up=True)

_STAFF_OWN = Line(Reach.OWN, Aal.TWO)
_STAFF_OWN_FRESH = Line(Reach.OWN, Aal.TWO, is_step_up=True)

_A = Action
_STAFF_ROLES = tuple(role for role in Role if role.is_staff)
_EVERYBODY = {
    Role.RESIDENT: _SELF,
    Role.COURIER: _SELF,
    **dict.fromkeys(_STAFF_ROLES, _STAFF_SELF),
}
# Whom something can be left for; the link in his mail is enough to see his own.
_RECIPIENT = dict.fromkeys((Role.RESIDENT, Role.BEARER, Role.CUSTODIAN), _OWN)
_ADMIN = {Role.ADMIN: _STAFF}
_ADMIN_FRESH = {Role.ADMIN: _FRESH}
# Who keeps items at a place, whoever has them now.
_KEEPER = {Role.CUSTODIAN: _STAFF, Role.ADMIN: _STAFF}
_KEEPER_FRESH = {Role.CUSTODIAN: _FRESH, Role.ADMIN: _FRESH}
_KEEPER_OWN_FRESH = dict.fromkeys((Role.CUSTODIAN, Role.ADMIN), _STAFF_OWN_FRESH)
# Of an item the holder's own; of an offer, who may answer it (`cloud.web.places`).
_HOLDERS = (Role.BEARER, Role.CUSTODIAN, Role.ADMIN)
_HOLDER = dict.fromkeys(_HOLDERS, _STAFF_OWN)
_HOLDER_FRESH = dict.fromkeys(_HOLDERS, _STAFF_OWN_FRESH)
TABLE: Mapping[Action, Mapping[Role, Line]] = {
    _A.SESSION_READ: _EVERYBODY,
    _A.SESSION_REVOKE: _EVERYBODY,
    _A.STEP_UP: dict.fromkeys(_STAFF_ROLES, _STAFF_SELF),
    _A.PASS_LIST: {Role.RESIDENT: _SELF},
    _A.PASS_READ: _RECIPIENT,
    _A.GRANT_OPEN: _RECIPIENT,
    _A.RECEIPT_READ: _RECIPIENT | {Role.ADMIN: _STAFF},
    _A.COMPARTMENT_DEPOSIT: {Role.COURIER: _AT},
    _A.WALL_READ: _ADMIN,
    _A.PARCEL_READ: _ADMIN,
    _A.ITEM_READ: _KEEPER | {Role.BEARER: _STAFF_OWN},
    _A.ITEM_REGISTER: _KEEPER_FRESH | {Role.BEARER: _FRESH},  # who seizes it writes it down
    _A.CUSTODY_OFFER: _HOLDER_FRESH,  # both sides of a hand-over show a factor of their own
    _A.CUSTODY_GIVE_OUT: _KEEPER_OWN_FRESH,
    _A.CUSTODY_WITHDRAW: _HOLDER,
    _A.CUSTODY_ACCEPT: _HOLDER_FRESH,
    _A.CUSTODY_REFUSE: _HOLDER,
    _A.CUSTODY_WITNESS: _KEEPER_FRESH,
    _A.CUSTODY_RETURN: _KEEPER_FRESH,
    _A.CUSTODY_TAKE: _ADMIN_FRESH,  # it breaks the custody; that is nobody's daily work
    _A.SEAL_CHECK: _HOLDER,
    _A.GRANT_REVOKE: _ADMIN_FRESH,
    _A.CODE_ROTATE: _ADMIN,
    _A.COMPARTMENT_BLOCK: _ADMIN,
    _A.COMPARTMENT_RESTORE: _ADMIN,
    _A.APPROVAL_READ: _KEEPER,
    _A.APPROVAL_ASK: _KEEPER_FRESH,
    _A.APPROVAL_GIVE: _KEEPER_FRESH,  # by another than who asked (`cloud.custody.approvals`)
    _A.APPROVAL_REFUSE: _KEEPER,
    _A.INCIDENT_READ: _ADMIN,
    _A.INCIDENT_ACKNOWLEDGE: _ADMIN,
    _A.INCIDENT_CLOSE: _ADMIN,
    _A.LOCKDOWN_ENGAGE: _ADMIN_FRESH,  # a slip of the mouse stops a whole house
    _A.LOCKDOWN_RELEASE: _ADMIN_FRESH,
    _A.PERSON_READ: _ADMIN,
    _A.PERSON_INVITE: _ADMIN,
    _A.PERSON_CHANGE: _ADMIN,
    _A.PERSON_DISABLE: _ADMIN_FRESH,
    _A.ROLE_GRANT: _ADMIN_FRESH | {Role.SUPER_ADMIN: _FRESH},
    _A.ROLE_REVOKE: _ADMIN_FRESH | {Role.SUPER_ADMIN: _FRESH},
    _A.COURIER_READ: _ADMIN,
    _A.COURIER_ADMIT: _ADMIN,
    _A.COURIER_DISMISS: _ADMIN,
    _A.PERSON_REPORT: _ADMIN_FRESH,  # everything about somebody in one file
    _A.PERSON_ERASE: _ADMIN_FRESH,  # nobody can undo it
    _A.PARTY_READ: _ADMIN,  # all of them, and not only those of items one sees
    _A.PARTY_ERASE: _ADMIN_FRESH,
    _A.PRIVACY_READ: _ADMIN,
    _A.HOLD_PLACE: _ADMIN,  # whoever is in a hurry to keep something shall not be kept from it
    _A.HOLD_LIFT: _ADMIN_FRESH,
    _A.KEYS_ROLL: _ADMIN_FRESH,
    _A.BANK_READ: _ADMIN,
    _A.BANK_CREATE: _ADMIN_FRESH,
    _A.BANK_ENROL: _ADMIN_FRESH,
    _A.BANK_REVOKE: _ADMIN_FRESH,
    _A.LOG_READ: _ADMIN,
    _A.LOG_VERIFY: _ADMIN,
    _A.LOG_EXPORT: _ADMIN_FRESH,
    _A.WEBHOOK_READ: _ADMIN,
    _A.WEBHOOK_CREATE: _ADMIN_FRESH,
    _A.WEBHOOK_DELETE: _ADMIN_FRESH,
    _A.WEBHOOK_RETRY: _ADMIN,
    _A.NOTIFICATION_READ: _ADMIN,
    _A.NOTIFICATION_RETRY: _ADMIN,
    _A.SETTINGS_READ: _ADMIN,
    _A.SETTINGS_CHANGE: _ADMIN_FRESH,
    _A.TENANT_READ: {Role.SUPER_ADMIN: _STAFF},
    _A.TENANT_CREATE: {Role.SUPER_ADMIN: _FRESH},
}

MOVES_A_DOOR = frozenset({_A.GRANT_OPEN, _A.COMPARTMENT_DEPOSIT})
GIVES_AUTHORITY = frozenset({_A.PERSON_INVITE, _A.ROLE_GRANT, _A.COURIER_ADMIT})
TAKES_AUTHORITY = frozenset({
    _A.PERSON_DISABLE, _A.PERSON_ERASE, _A.ROLE_REVOKE, _A.COURIER_DISMISS,
})  # fmt: skip
CHANGES_A_PERSON = TAKES_AUTHORITY | {_A.PERSON_CHANGE}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a person of one tenant (None: of the platform) with his bindings."""

    person: PersonId
    tenant: TenantId | None
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is asked for, and the facts about it that matter.

    `holder` is whose thing it is; `subject` and `subject_bindings` are the person it is done to
    and what he holds now; `offered` is the binding an act would give. `is_way_in_changed` tells
    of an act that changes how the subject gets in: where his links and codes go, or his factors.
    """

    node: Node
    holder: PersonId | None = None
    grant_bank: BankId | None = None
    is_occupied: bool = False
    subject: PersonId | None = None
    subject_bindings: tuple[Binding, ...] = ()
    offered: Binding | None = None
    is_last_owner: bool = False
    is_way_in_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The circumstances: when, how surely we know him, whether the place is locked down."""

    now: Instant
    aal: Aal
    is_stepped_up: bool = False
    is_locked_down: bool = False


@dataclass(frozen=True, slots=True)
class Allow:
    """Yes."""


@dataclass(frozen=True, slots=True)
class Deny:
    """No; `reason` is an error code."""

    reason: str


class Step(StrEnum):
    """What is missing."""

    SECOND_FACTOR = "second_factor"
    STEP_UP = "step_up"


@dataclass(frozen=True, slots=True)
class Need:
    """Yes, after this step."""

    step: Step


Decision = Allow | Deny | Need


def decide(principal: Principal, action: Action, resource: Resource, context: Context) -> Decision:
    """Whether `principal` may do `action` to `resource` now."""
    held = active(principal.bindings, context.now)
    for reason in _forbidden(principal, held, action, resource, context):
        return Deny(reason)
    answers = [
        _shown(line, resource, context)
        for binding in held
        if (line := TABLE[action].get(binding.role)) is not None
        and _reaches(line.reach, binding, principal.person, resource)
    ]
    if not answers:
        return Deny("role.not_allowed")
    return min(answers, key=lambda answer: isinstance(answer, Need))


def may_ever(principal: Principal, action: Action, now: Instant) -> bool:
    """Whether any role of `principal` has a line for `action`, whatever the thing is.

    Asked before a thing is looked for, so that somebody who may not see it does not learn
    whether it exists.
    """
    return any(binding.role in TABLE[action] for binding in active(principal.bindings, now))


def places(principal: Principal, action: Action, now: Instant) -> tuple[Node, ...]:
    """The nodes in which he may do `action` to anything; what he may do to his own is not here."""
    held = active(principal.bindings, now)
    lines = ((one.node, TABLE[action].get(one.role)) for one in held)
    return tuple(node for node, line in lines if line is not None and line.reach is Reach.NODE)


def widest(principal: Principal, action: Action, now: Instant) -> Node | None:
    """The widest node in which he may do `action` to anything, or to what is his own."""
    held = [one for one in active(principal.bindings, now) if one.role in TABLE[action]]
    return min((one.node for one in held), key=lambda node: len(node.levels), default=None)


def _forbidden(
    principal: Principal,
    held: tuple[Binding, ...],
    action: Action,
    resource: Resource,
    context: Context,
) -> Iterator[str]:
    """What no role may do, hardest wall first."""
    if resource.node.tenant != principal.tenant:
        yield "tenant.foreign"
    if action in MOVES_A_DOOR:
        if any(binding.role is Role.SUPER_ADMIN for binding in held):
            yield "super_admin.never_opens"
        if context.is_locked_down:
            yield "lockdown"
        if resource.is_occupied and resource.holder != principal.person:
            yield "compartment.occupied"
    if resource.grant_bank is not None and resource.grant_bank != resource.node.bank:
        yield "grant.other_bank"
    yield from _forbidden_authority(principal, held, action, resource)


def _forbidden_authority(
    principal: Principal, held: tuple[Binding, ...], action: Action, resource: Resource
) -> Iterator[str]:
    if action in GIVES_AUTHORITY:
        if resource.subject == principal.person:
            yield "role.self"
        offered = resource.offered
        if offered is not None and not any(mine.covers(offered) for mine in held):
            yield "role.above_own"
    if action in CHANGES_A_PERSON and resource.subject != principal.person:
        theirs = resource.subject_bindings
        if not all(any(mine.covers(their) for mine in held) for their in theirs):
            yield "role.above_own"
    if action in TAKES_AUTHORITY and resource.is_last_owner:
        yield "owner.last"
    if action is Action.PERSON_ERASE and resource.subject == principal.person:
        yield "erase.self"


def _reaches(reach: Reach, binding: Binding, person: PersonId, resource: Resource) -> bool:
    if reach is Reach.SELF:
        return resource.holder == person
    is_inside = binding.node.contains(resource.node)
    return is_inside and (reach is Reach.NODE or resource.holder == person)


def _shown(line: Line, resource: Resource, context: Context) -> Allow | Need:
    if context.aal < line.aal:
        return Need(Step.SECOND_FACTOR)
    makes_staff = resource.offered is not None and resource.offered.role.is_staff
    is_fresh_needed = line.is_step_up or makes_staff or resource.is_way_in_changed
    if is_fresh_needed and not context.is_stepped_up:
        return Need(Step.STEP_UP)
    return Allow()
