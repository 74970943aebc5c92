"""The single writer of a bank: decide, make durable, take in. In that order, one at a time.

The clerk owns the controller and the journal and is owned by one thread. Whatever it is handed,
the outcome is one of three: the step is durable and its effects may be carried out; the rules
refused and nothing changed (`BaywardError` from the controller); or the journal could not be
written (`Unavailable`) and nothing may happen at all. After the last, nobody knows whether the
step is on the disk, so the clerk forgets the controller and takes up the journal anew before it
decides anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bayward.core import fold, forgetting
from bayward.core.bank import BankState
from bayward.core.clock import Instant
from bayward.core.errors import BaywardError, Misconfigured, Unavailable
from bayward.core.events import Event, EventType
from bayward.core.ids import GrantId, PersonId
from bayward.edge import snapshot
from bayward.edge.agent import BankView, ReceiptWord
from bayward.edge.beacons import Beacons
from bayward.edge.codes import CodeBook
from bayward.edge.controller import Controller, Effect, Ids, Input, Letter, Step, Tick
from bayward.edge.journal import Journal, Receipt, SealedLetter
from bayward.edge.predecessor import Predecessor
from bayward.edge.receipts import newest_word
from bayward.edge.redaction import Rest
from bayward.edge.settings import BankSettings
from bayward.edge.tenant_log import TenantWatch
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.view import bank_view

SNAPSHOT_EVERY = 2_000  # entries; replaying that many takes a tenth of a second

Seal = Callable[[Letter], SealedLetter]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that is durable: what to carry out, and how things stand after it.

    `is_restarted`: the controller was taken up anew, so every door must be told to it again.
    """

    effects: tuple[Effect, ...]
    view: BankView
    lockdowns: tuple[str, ...]
    size: int
    deadline: Instant
    is_restarted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkSetup:
    """What a clerk works with. `open_pass` and `seal` raise `BaywardError` when they cannot."""

    settings: BankSettings
    journal: Journal
    clock: TrustedClock
    codes: CodeBook
    ids: Ids
    open_pass: Callable[[str, Instant], GrantId]
    seal: Seal
    version: str
    beacons: Beacons | None = None
    tenant_log: TenantWatch | None = None
    predecessor: Predecessor | None = None


class Clerk:
    """See the top of this file; call `start` first."""

    def __init__(self, setup: ClerkSetup) -> None:
        self._setup = setup
        self._controller: Controller | None = None
        self._snapshot_size = 0
        self._is_clock_suspected = False
        self._receipt: ReceiptWord | None = None

    def start(self) -> Outcome:
        """Take up the journal, say that we are here, and ask how interrupted unlocks ended."""
        self._setup.clock.restore(self._setup.journal.head.time)
        self._controller = controller = self._replayed()
        now = self._setup.clock.now()
        step = controller.start(now, self._setup.version)
        if self._setup.predecessor is not None and self._setup.journal.head.size == 0:
            step.events.append(self._setup.predecessor.recovered(now))
        self._doubt(step, now)
        return self._carried(controller, step, is_restarted=True)

    @property
    def needs_start(self) -> bool:
        """Whether the journal must be taken up (again) before anything can be decided."""
        return self._controller is None

    def handle(self, request: Input) -> Outcome:
        """Decide about one input and make it durable."""
        controller = self._controller
        if controller is None:
            raise Unavailable("clerk.not_started")
        self._check_quarantine()
        time = self._setup.clock.read()
        step = controller.decide(request, time.watermark, is_expiry_on_hold=time.is_on_hold)
        self._suspect(step, time.watermark, is_on_hold=time.is_on_hold)
        self._doubt(step, time.watermark)
        outcome = self._carried(controller, step)
        if isinstance(request, Tick):
            self._setup.journal.keep_time(time.watermark, time.unproven_ms)
        return outcome

    def is_ready_to_forget(self, person: PersonId, found: Sequence[Rest]) -> bool:
        """Whether somebody has nothing under way here, and all that names him has gone up.

        Raises `Unavailable` before the journal is taken up.
        """
        controller = self._controller
        if controller is None:
            raise Unavailable("clerk.not_started")
        if any(one.place >= self._setup.journal.head.acked for one in found):
            return False
        now = self._setup.clock.now()
        is_here = person in (controller.visit.courier, controller.visit.second)
        return not is_here and not forgetting.is_tied(controller.bank, person, now)

    def forget(self, person: PersonId, found: Sequence[Rest]) -> None:
        """Take somebody out of log, state and snapshot; raises `Unavailable`."""
        controller, journal = self._controller, self._setup.journal
        if controller is None:
            raise Unavailable("clerk.not_started")
        journal.let_go({one.place: one.disclosures for one in found})
        forgetting.forget(controller.bank, person, [one.event for one in found])
        self._keep_snapshot(controller, every=0)
        journal.scrub()

    def stop(self) -> None:
        """Keep a snapshot for a quick start, and close."""
        try:
            if self._controller is not None:
                self._keep_snapshot(self._controller, every=1)
        finally:
            self._controller = None
            self._setup.journal.close()

    def abandon(self) -> None:
        """Close without a word; what is in the journal is all there is."""
        self._controller = None
        self._setup.journal.close()

    def _carried(
        self, controller: Controller, step: Step, *, is_restarted: bool = False
    ) -> Outcome:
        """Durable first, then taken in."""
        journal = self._setup.journal
        letters = [self._setup.seal(letter) for letter in step.letters]
        if step.events:
            try:
                written = self._append(step.events, letters)
            except BaywardError:
                self._controller = None
                raise
            self._receipt = newest_word(written, journal.origin) or self._receipt
        if self._setup.tenant_log is not None and any(map(_is_doubt, step.events)):
            self._setup.tenant_log.told()
        controller.commit(step)
        if journal.head.size - self._snapshot_size >= SNAPSHOT_EVERY:
            self._keep_snapshot(controller, every=SNAPSHOT_EVERY)
        return Outcome(
            effects=tuple(step.effects),
            view=bank_view(controller, self._receipt),
            lockdowns=tuple(controller.bank.lockdowns),
            size=journal.head.size,
            deadline=controller.next_deadline(
                is_expiry_on_hold=self._setup.clock.read().is_on_hold
            ),
            is_restarted=is_restarted,
        )

    def _append(self, events: Sequence[Event], letters: Sequence[SealedLetter]) -> Receipt:
        """Into the journal, under the newest beacon when one is due."""
        beacons = self._setup.beacons
        beacon = beacons.due(events[0].time) if beacons is not None else None
        written = self._setup.journal.append(
            events if beacon is None else [beacon, *events],
            letters,
            tq=self._setup.clock.quality,
            unconfirmed_ms=self._setup.clock.read().unproven_ms,
        )
        if beacons is not None and beacon is not None:
            beacons.logged(beacon)
        return written

    def _replayed(self) -> Controller:
        """A controller that knows what the journal knows."""
        setup = self._setup
        self._check_quarantine()
        bank, first = self._from_snapshot()
        place = first
        try:
            for event in setup.journal.events(first):
                fold.apply(bank, event)
                place += 1
        except (KeyError, BaywardError) as error:
            raise Misconfigured("journal.does_not_fit", entry=place, why=str(error)) from error
        self._snapshot_size = first
        return Controller(
            bank,
            settings=setup.settings.controller,
            codes=_KnownCodes(setup.codes, bank),
            ids=setup.ids,
            open_pass=setup.open_pass,
        )

    def _check_quarantine(self) -> None:
        """A log that others remember differently decides nothing any more."""
        why = self._setup.journal.head.quarantine
        if why is not None:
            self._controller = None
            raise Unavailable("journal.quarantined", why=why)

    def _from_snapshot(self) -> tuple[BankState, int]:
        layout = self._setup.settings.layout
        found = self._setup.journal.load_snapshot()
        if found is not None:
            bank = snapshot.decode(found[1], layout, self._setup.version)
            if bank is not None:
                return bank, found[0]
        return BankState.of(layout), 0

    def _keep_snapshot(self, controller: Controller, *, every: int) -> None:
        size = self._setup.journal.head.size
        if size - self._snapshot_size >= every:
            raw = snapshot.encode(controller.bank, self._setup.version)
            self._setup.journal.save_snapshot(size, raw)
            self._snapshot_size = size

    def _suspect(self, step: Step, now: Instant, *, is_on_hold: bool) -> None:
        """Log once when the machine's clock claims a time nobody confirmed."""
        if is_on_hold and not self._is_clock_suspected:
            step.events.append(
                Event(type=EventType.TIME_SUSPECTED, time=now, reason="step_forward")
            )
        self._is_clock_suspected = is_on_hold

    def _doubt(self, step: Step, now: Instant) -> None:
        """Log what the tenant's log does not prove any more, once."""
        watch = self._setup.tenant_log
        doubt = None if watch is None else watch.due(now)
        if doubt is not None:
            step.events.append(doubt)


def _is_doubt(event: Event) -> bool:
    return event.type is EventType.TENANT_LOG_DOUBTED


class _KnownCodes:
    """The code book, seen from one bank: an old epoch's tag is found for what it is."""

    def __init__(self, book: CodeBook, bank: BankState) -> None:
        self._book = book
        self._bank = bank

    def tag(self, text: str) -> str | None:
        tags = self._book.tags(text)
        return next((tag for tag in tags if tag in self._bank.tags), tags[0] if tags else None)

    def draw(self, is_taken: Callable[[str], bool]) -> tuple[str, str]:
        return self._book.draw(is_taken)
