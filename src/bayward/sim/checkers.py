"""What must be true after each step, whatever broke. Each check is a sentence of the documentation.

A `Watch` stands beside one bank and believes nothing the program says about itself. It reads what
is durable (each entry, back from the disk, the moment it was committed and before anything moves),
grows a tree of its own from the leaves, folds a state of its own from the events, and sees the
doors as they are. From these alone it judges each event, each pulse and each opening.

After an old card was put back the watch begins anew from what the card holds: what the bank has
forgotten it cannot know. From then on the control plane must notice, or have nothing to notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bayward.core import fold
from bayward.core.bank import BankState
from bayward.core.compartment import CompartmentState
from bayward.core.custody import ParcelState
from bayward.core.errors import BaywardError
from bayward.core.events import Event, EventType
from bayward.core.grants import RETRY_WINDOW_MS, Grant, GrantState
from bayward.core.ids import CommandId, CompartmentId, GrantId, ParcelId
from bayward.core.lockdown import holds
from bayward.core.throttle import KIOSK
from bayward.edge.agent import Purpose
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.merkle import leaf_hash
from bayward.sim.bank import SimBank
from bayward.sim.locks import Door
from bayward.sim.tape import short
from bayward.sim.world import Violation

NOTE_EVERY = 16  # commits between two checks of the signature; the cloud checks each upload
LETTERS_MAX = 500  # waiting in one journal; a bank of 57 doors offline for a week has fewer
GUESS_SLACK = 1.5  # ten minutes of a clock that is believed too much, and rounding
_CODE = re.compile(r"(?<!\d)\d{8}(?!\d)")
_CODE_BYTES = re.compile(rb"(?<!\d)\d{8}(?!\d)")
_NOT_CHARGED = ("throttled", "lockdown")

_T = EventType


class Watch:
    """Judges one bank; see the top of this file."""

    def __init__(self, bank: SimBank, slack: Callable[[], float]) -> None:
        self.bank = bank
        self.roots: dict[int, bytes] = {0: Frontier().root}
        self.events = 0
        self.orders = 0  # that reached the bank, each once
        self._slack = slack
        self._layout = bank.made.settings.layout
        self.state = BankState.of(self._layout)
        self._frontier = Frontier()
        self._guesses = 0.0
        self._guessed_ms = 0
        self._commits = 0
        self._checks: dict[EventType, Callable[[Event], None]] = {
            _T.ACCESS_GRANTED: self._granted,
            _T.UNLOCK_REQUESTED: self._requested,
            _T.ACCESS_REFUSED: self._refused,
            _T.COURIER_SIGNED_IN: self._let_in,
            _T.PARCEL_DEPOSITED: self._deposited,
        }
        bank.on_grown.append(self.look)
        bank.steel.on_pulse.append(self._pulsed)
        bank.steel.on_moved.append(self._moved)

    @property
    def size(self) -> int:
        """Entries seen."""
        return self._frontier.size

    def demand(self, is_so: object, sentence: str) -> None:
        """Raise `Violation` unless it is so."""
        if not is_so:
            raise Violation(f"{self.bank.name}: {sentence}")

    def _begin_anew(self, size: int) -> None:
        """An old card was put back: believe what it holds, which was judged in its time."""
        reader = self.bank.journal.reader()
        self.state = BankState.of(self._layout)
        for event in reader.events(0):
            fold.apply(self.state, event)
        leaves = [leaf_hash(entry.leaf) for entry in reader.entries(0, size)]
        self._frontier, _ = Frontier().extend(leaves)
        self.roots = {size: self._frontier.root}
        self._guesses = 0.0  # the card has forgotten them
        self.bank.world.tell(self.bank.name, "(older card)", f"size={size}")

    # The log.

    def look(self) -> None:
        """See what was committed since; called before anything has moved."""
        with self.bank.disk.beside():
            self._look(self.bank)

    def _look(self, bank: SimBank) -> None:
        head = bank.journal.head
        if bank.was_rolled_back and head.size < self.size:
            self._begin_anew(head.size)
        self.demand(head.size >= self.size, "the log has become shorter")
        if head.size == self.size:
            return
        reader = bank.journal.reader()
        first = self.size
        leaves = [leaf_hash(entry.leaf) for entry in reader.entries(first, head.size)]
        self._frontier, _ = self._frontier.extend(leaves)
        self.demand(self._frontier.size == head.size, "entries are missing")
        self.demand(
            self._frontier.root == head.frontier.root, "the checkpoint does not extend the last"
        )
        self.roots[head.size] = self._frontier.root
        self._check_note(head.note)
        for event in reader.events(first):
            self._event(event)
        self._check_compartments()

    def root_at(self, size: int) -> bytes:
        """The root the log had at that size."""
        known = self.roots.get(size)
        if known is not None:
            return known
        with self.bank.disk.beside():
            return self.bank.journal.reader().root(size)

    def _check_note(self, note: str) -> None:
        self._commits += 1
        if self._commits % NOTE_EVERY == 1:
            signed = open_checkpoint(note, self.bank.made.signer.key).checkpoint
            self.demand(
                (signed.size, signed.root) == (self.size, self._frontier.root),
                "the note is not of this log",
            )
            waiting = self.bank.journal.reader().letters(LETTERS_MAX + 1)
            self.demand(len(waiting) <= LETTERS_MAX, "too many letters wait")

    def _event(self, event: Event) -> None:
        self.events += 1
        self.orders += event.type in (_T.COMMAND_DONE, _T.COMMAND_REFUSED)
        self.bank.world.tell(self.bank.name, event.type.value, self._facts(event))
        for value in event.public().to_fields().values():
            is_told = isinstance(value, str) and self._is_code(value)
            self.demand(not is_told, f"{event.type.value} tells a code")
        check = self._checks.get(event.type)
        if check is not None:
            check(event)
        try:
            fold.apply(self.state, event)
        except (BaywardError, KeyError) as error:
            raise Violation(
                f"{self.bank.name}: {event.type.value} does not fit: {error}"
            ) from error

    def _is_code(self, text: str) -> bool:
        return any(found in self.bank.codes for found in _CODE.findall(text))

    def hears(self, data: bytes) -> None:
        """Bytes on the wire: no code may be among them."""
        for found in _CODE_BYTES.findall(data):
            self.demand(found.decode() not in self.bank.codes, "a code is on the wire")

    def _facts(self, event: Event) -> str:
        door = self.bank.steel.doors.get(CompartmentId(event.compartment or ""))
        told = [door.number] if door is not None else []
        for name in ("method", "purpose", "result", "reason", "scope", "detail"):
            value = getattr(event, name)
            if value is not None and not str(value).startswith("cmp_"):
                told.append(f"{name}={value}")
        for name in ("parcel", "grant", "command"):
            value = getattr(event, name)
            if value is not None:
                told.append(f"{name}={short(value)}")
        return " ".join(told)

    # Each event, judged before it is folded.

    def _granted(self, event: Event) -> None:
        """A grant opens its own door, while it lives, once it was opened no more."""
        grant = self.state.grants.get(GrantId(event.grant or ""))
        self.demand(grant is not None, "access without a grant")
        assert grant is not None
        self.demand(grant.compartment == event.compartment, "a grant for another door")
        self.demand(self._is_live(grant, event), f"a {grant.state.value} grant lets somebody in")
        self.demand(not self._is_locked(event), "access during a lockdown")
        self._let_in(event)

    @staticmethod
    def _is_live(grant: Grant, event: Event) -> bool:
        if grant.state is GrantState.ACTIVE:
            return event.time < grant.not_after or event.tq == "U"
        since = grant.opened_at
        is_retry = grant.state is GrantState.OPENING and since is not None
        return is_retry and since is not None and event.time <= since + RETRY_WINDOW_MS

    def _is_locked(self, event: Event) -> bool:
        return holds(self.state.lockdowns, CompartmentId(event.compartment or "")) is not None

    def _requested(self, event: Event) -> None:
        """No unlock without a live grant or a recorded intent to deposit, and none in lockdown."""
        command, compartment = (
            CommandId(event.command or ""),
            CompartmentId(event.compartment or ""),
        )
        self.demand(not self._is_locked(event), "an unlock is asked for during a lockdown")
        self.demand(command not in self.state.unlocks, "a command id is used twice")
        self.demand(
            self.state.pending_unlock(compartment) is None, "two unlocks of one door at once"
        )
        space = self.state.spaces[compartment]
        if event.purpose == Purpose.DEPOSIT:
            self.demand(space.state is CompartmentState.RESERVED, "a deposit that is not reserved")
            return
        grant = self.state.grants.get(GrantId(event.grant or ""))
        self.demand(grant is not None, "an unlock without a grant")
        assert grant is not None
        self.demand(grant.parcel == space.parcel, "an unlock for a parcel that is not there")
        is_again = grant.state is GrantState.CONSUMED and self._is_recent(space.closed_at, event)
        self.demand(
            grant.state is GrantState.OPENING or is_again,
            "an unlock by a grant that is not used now",
        )

    def _is_recent(self, closed_at: int | None, event: Event) -> bool:
        leftover_ms = self.bank.made.settings.controller.leftover_ms
        return closed_at is not None and event.time <= closed_at + leftover_ms

    def _deposited(self, event: Event) -> None:
        """Custody begins behind a door that was seen to open and to shut."""
        space = self.state.spaces[CompartmentId(event.compartment or "")]
        self.demand(space.is_open is False and space.was_opened, "a deposit behind an open door")

    def _refused(self, event: Event) -> None:
        """Guesses stay within the budget, whatever happens to clocks and plugs."""
        if event.method != "code" or event.reason in _NOT_CHARGED:
            return
        self._guesses = self._left() + 1
        limit = KIOSK.burst + GUESS_SLACK + self._slack()
        self.demand(self._guesses <= limit, f"{self._guesses:.1f} guesses, {limit:.1f} allowed")

    def _let_in(self, event: Event) -> None:
        if event.method == "code":
            self._guesses = max(0.0, self._left() - 1)

    def _left(self) -> float:
        """The guesses not grown back yet, in true time."""
        now_ms = self.bank.world.now_ms
        grown = (now_ms - self._guessed_ms) / KIOSK.refill_ms
        self._guessed_ms = now_ms
        return max(0.0, self._guesses - grown)

    def _check_compartments(self) -> None:
        inside: dict[CompartmentId, ParcelId] = {}
        for parcel in self.state.parcels.values():
            if parcel.state is ParcelState.DEPOSITED:
                self.demand(parcel.compartment not in inside, "two parcels in one compartment")
                inside[parcel.compartment] = parcel.id
                space = self.state.spaces[parcel.compartment]
                self.demand(space.parcel == parcel.id, "a parcel is where nobody knows")

    # The steel.

    def _pulsed(self, compartment: CompartmentId, command: CommandId) -> None:
        """A coil is energised only for an intent that is in the log."""
        unlock = self.state.unlocks.get(command)
        self.demand(unlock is not None, "a pulse without an intent in the log")
        assert unlock is not None
        self.demand(unlock.compartment == compartment, "a pulse at another door")
        self.demand(unlock.result is None, "a pulse for an unlock that has ended")
        if holds(self.state.lockdowns, compartment) is not None:
            self.demand(False, "a pulse during a lockdown")

    def _moved(self, door: Door, why: str) -> None:
        """A door that is unlocked shows nobody a stranger's parcel."""
        if why != "unlocked" or door.is_tainted:
            return
        unlock = self.state.last_unlock(door.built.id)
        self.demand(unlock is not None, "a door opened that nobody unlocked")
        assert unlock is not None
        grant = self.state.grants.get(unlock.grant) if unlock.grant else None
        parcel_id = grant.parcel if grant else self.state.spaces[door.built.id].parcel
        parcel = self.state.parcels.get(parcel_id) if parcel_id else None
        mine = parcel.tracking if parcel else None
        strangers = [label for label in door.inside if label != mine]
        self.demand(not strangers, f"door {door.number} shows {strangers} to {unlock.purpose}")
