"""Orders from the control plane to a bank.

An order is data inside an envelope that says who it is (`id`), until when it may be carried out
(`not_after`) and on which connection it was sent (`epoch`, the nonce a bank draws for each
connection): one that arrives late or over a replayed connection is refused and logged, so that
no door ever opens to somebody who has left.
"""

from __future__ import annotations

from dataclasses import dataclass

from bayward.core.clock import DAY_MS, SECOND_MS, Instant
from bayward.core.ids import CommandId, CompartmentId, GrantId, PersonId

DOOR_COMMAND_LIFE_MS = 15 * SECOND_MS  # longer than a slow link, shorter than a walk away
COMMAND_LIFE_MS = 24 * 3600 * SECOND_MS  # orders that move no door may wait for a cut cable
UNDER_WAY = "under_way"  # an answer that is no outcome: the bank's log will say when it is done
FORGET_LIFE_MS = 3650 * DAY_MS  # as long as a log is kept: a bank in a cellar must forget, too
SCOPE_BANK = "bank"


@dataclass(frozen=True, slots=True)
class AdmitCourier:
    """Let a person deposit at this bank; the bank draws his code and seals it for him.

    `modes` are those of the compartments he may open together with another such person
    (`core.compartment.modes_text`).
    """

    person: PersonId
    name: str
    carrier: str
    until: Instant
    modes: str = ""


@dataclass(frozen=True, slots=True)
class DismissCourier:
    """Take that permission back at once."""

    person: PersonId


@dataclass(frozen=True, slots=True)
class OpenForGrant:
    """A resident's tap: open the compartment of his grant, now, while he stands there.

    `presence` is the number the kiosk shows; it changes and is accepted for about a minute.
    """

    grant: GrantId
    presence: str
    actor: PersonId


@dataclass(frozen=True, slots=True)
class RotateCode:
    """Resend: kill the old code of a grant and draw a new one."""

    grant: GrantId


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """Withdraw a grant."""

    grant: GrantId
    reason: str


@dataclass(frozen=True, slots=True)
class EngageLockdown:
    """Lock down `scope`: the bank or one compartment id."""

    scope: str
    actor: PersonId
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseLockdown:
    """The administrator's override; he has shown a fresh second factor and given a reason."""

    scope: str
    actor: PersonId
    reason: str


@dataclass(frozen=True, slots=True)
class BlockCompartment:
    """Take a compartment out of service."""

    compartment: CompartmentId
    actor: PersonId
    reason: str


@dataclass(frozen=True, slots=True)
class RestoreCompartment:
    """Put a compartment back into service after somebody looked inside and found it empty.

    Where a compartment opens for nobody alone, `second` is who has agreed to it.
    """

    compartment: CompartmentId
    actor: PersonId
    second: PersonId | None = None


@dataclass(frozen=True, slots=True)
class ForgetPerson:
    """Take out of the bank's own disk whatever names somebody who was erased.

    It is done only when he has nothing under way at the bank any more, and when what names him
    has been uploaded; until then the order stays open.
    """

    person: PersonId


Order = (
    AdmitCourier
    | DismissCourier
    | OpenForGrant
    | RotateCode
    | RevokeGrant
    | EngageLockdown
    | ReleaseLockdown
    | BlockCompartment
    | RestoreCompartment
    | ForgetPerson
)

# Orders that end in a moving door must be carried out at once or not at all.
MOVES_A_DOOR = (OpenForGrant,)


def life_ms(order: Order) -> int:
    """For how long after it was given an order may be carried out."""
    if isinstance(order, MOVES_A_DOOR):
        return DOOR_COMMAND_LIFE_MS
    return FORGET_LIFE_MS if isinstance(order, ForgetPerson) else COMMAND_LIFE_MS


@dataclass(frozen=True, slots=True)
class Command:
    """One order in its envelope."""

    id: CommandId
    order: Order
    not_after: Instant
    epoch: str


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended; `result` is `done` or the reason of refusal."""

    command: CommandId
    is_done: bool
    result: str
