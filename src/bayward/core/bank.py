"""What a bank knows, as a fold over its own log.

`BankState` holds nothing that is not in the events: `fold.apply` is called with each event in
order, first from the journal at start, then after each commit. So a power cut forgets nothing
(not a lockdown, not a wrong code, not a used grant) and every table is a view of the log. The
containers are mutated in place, because a fold over a year of events must not copy them; what
they hold is frozen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bayward.core import throttle
from bayward.core.clock import Instant
from bayward.core.compartment import Compartment, CompartmentState, Mode
from bayward.core.custody import Parcel
from bayward.core.door import DoorAlarm, UnlockOutcome
from bayward.core.grants import Grant
from bayward.core.ids import CommandId, CompartmentId, GrantId, ParcelId, PersonId
from bayward.core.lockdown import Lockdown


@dataclass(frozen=True, slots=True)
class Space:
    """What is known about one compartment."""

    state: CompartmentState = CompartmentState.FREE
    parcel: ParcelId | None = None
    since: Instant = Instant(0)
    is_open: bool | None = None  # None: never read, or lost
    open_since: Instant | None = None
    closed_at: Instant | None = None
    was_opened: bool = False  # since the reservation
    was_unwatched: bool = False  # since the reservation: it may have opened and nobody saw it
    is_occupied: bool | None = None  # as the sensor said when the door closed
    alarm: DoorAlarm = DoorAlarm.NORMAL
    was_forced: bool = False  # and nobody has said since that its lock holds


@dataclass(frozen=True, slots=True)
class TagUse:
    """Whose a code tag is, or was: a tombstone keeps it from being drawn again."""

    grant: GrantId | None
    courier: PersonId | None
    buried_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody with a code of his own here: a courier, or who keeps items."""

    person: PersonId
    carrier: str
    until: Instant
    tag: str | None
    modes: frozenset[Mode] = frozenset()  # whose compartments he may open, with another such person


@dataclass(frozen=True, slots=True)
class Unlock:
    """One unlock from request to outcome."""

    command: CommandId
    compartment: CompartmentId
    purpose: str
    requested_at: Instant
    grant: GrantId | None
    result: UnlockOutcome | None = None
    ended_at: Instant | None = None


@dataclass(slots=True)
class BankState:
    """The fold. Read it freely; only `core.fold` changes it."""

    layout: dict[CompartmentId, Compartment]
    spaces: dict[CompartmentId, Space] = field(default_factory=dict)
    parcels: dict[ParcelId, Parcel] = field(default_factory=dict)
    grants: dict[GrantId, Grant] = field(default_factory=dict)
    tags: dict[str, TagUse] = field(default_factory=dict)
    couriers: dict[PersonId, Admission] = field(default_factory=dict)
    unlocks: dict[CommandId, Unlock] = field(default_factory=dict)
    commands: dict[CommandId, tuple[str, Instant]] = field(default_factory=dict)
    lockdowns: dict[str, Lockdown] = field(default_factory=dict)
    keypad: throttle.Throttle = field(default_factory=lambda: throttle.fresh(Instant(0)))
    siren_since: Instant | None = None
    starts: int = 0

    @classmethod
    def of(cls, layout: Iterable[Compartment]) -> BankState:
        """A bank that nothing has happened to yet."""
        state = cls({space.id: space for space in layout})
        state.spaces = {compartment: Space() for compartment in state.layout}
        return state

    def free(self) -> list[Compartment]:
        """Compartments that may be reserved: free, known to be shut, and not locked down."""
        return [
            self.layout[compartment]
            for compartment, space in self.spaces.items()
            if space.state is CompartmentState.FREE
            and space.is_open is False
            and space.is_occupied is not True
            and compartment not in self.lockdowns
            and self.pending_unlock(compartment) is None
        ]

    def grant_of(self, parcel: ParcelId) -> Grant | None:
        """The newest grant for a parcel."""
        found = [grant for grant in self.grants.values() if grant.parcel == parcel]
        return found[-1] if found else None

    def pending_unlock(self, compartment: CompartmentId) -> Unlock | None:
        """The unlock under way at a compartment, if any."""
        for unlock in self.unlocks.values():
            if unlock.compartment == compartment and unlock.result is None:
                return unlock
        return None

    def last_unlock(self, compartment: CompartmentId) -> Unlock | None:
        """The newest unlock of a compartment that is still remembered."""
        found = None
        for unlock in self.unlocks.values():
            if unlock.compartment == compartment:
                found = unlock
        return found

    def live_codes(self) -> int:
        """How many codes would open something: the N of the code-length inequality."""
        return sum(use.buried_until is None for use in self.tags.values())
