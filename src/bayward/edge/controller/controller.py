"""The controller of one bank: every decision about every door passes here, one at a time.

Pure: no clock, no chance, no I/O. `decide` looks and proposes, `commit` takes a proposal in after
the shell has made it durable. Calling `decide` twice without `commit` is harmless; committing a
step that is not in the journal is the one thing a shell must never do.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest

from bayward.core import fold
from bayward.core.bank import BankState
from bayward.core.clock import Instant, after
from bayward.core.errors import Denied
from bayward.core.events import EventType
from bayward.core.ids import CommandId, GrantId
from bayward.edge import agent
from bayward.edge.agent import Purpose, Stage, Visit
from bayward.edge.controller import deposit, doors, orders, pickup, timers, two_people
from bayward.edge.controller.step import (
    Codes,
    CommandReceived,
    Desk,
    DoorRead,
    Ids,
    Input,
    Resolve,
    Settings,
    Siren,
    Step,
    Tick,
    UnlockEnded,
)

PRESENCE_DIGITS = 6
PRESENCE_TRIES = 5  # wrong numbers accepted from phones until the number changes


class Controller:
    """Decides for one bank. `open_pass` checks a pass and names its grant."""

    def __init__(
        self,
        bank: BankState,
        *,
        settings: Settings,
        codes: Codes,
        ids: Ids,
        open_pass: Callable[[str, Instant], GrantId],
    ) -> None:
        self.bank = bank
        self.visit = Visit()
        self.presence = ""
        self.presence_until = Instant(0)
        self._presence_before = ""
        self._presence_tries = PRESENCE_TRIES
        self._settings = settings
        self._codes = codes
        self._ids = ids
        self._open_pass = open_pass
        self._ordered: set[CommandId] = set()

    def start(self, now: Instant, version: str) -> Step:
        """The first step after a replay: say we are here, and resolve what was interrupted."""
        desk = self._desk(now, is_expiry_on_hold=False)
        desk.record(EventType.BANK_STARTED, detail=version)
        for unlock in self.bank.unlocks.values():
            if unlock.result is None:
                desk.step.effects.append(Resolve(unlock.command, unlock.compartment))
        if self.bank.siren_since is not None:
            is_due = now < after(self.bank.siren_since, self._settings.siren_ms_max)
            desk.step.effects.append(Siren(is_on=is_due))
        return desk.step

    def decide(self, request: Input, now: Instant, *, is_expiry_on_hold: bool = False) -> Step:
        """Propose what follows from one input; raises `BaywardError` on a request out of turn."""
        self._turn_presence(now)
        desk = self._desk(now, is_expiry_on_hold=is_expiry_on_hold)
        match request:
            case DoorRead():
                doors.door_read(desk, request)
            case UnlockEnded():
                doors.unlock_ended(desk, request)
            case CommandReceived():
                orders.received(desk, request)
            case Tick():
                timers.tick(desk)
            case _:
                _kiosk(desk, request)
        return desk.step

    def commit(self, step: Step) -> None:
        """Take in a step that is durable now."""
        for event in step.events:
            fold.apply(self.bank, event)
        if step.visit is not None:
            self.visit = step.visit
        if any(isinstance(effect, Siren) and not effect.is_on for effect in step.effects):
            self.bank.siren_since = None

    def next_deadline(self, *, is_expiry_on_hold: bool = False) -> Instant:
        """When to tick at the latest; what is on hold is no reason to."""
        due = timers.next_deadline(
            self.bank, self._settings, self.visit, is_expiry_on_hold=is_expiry_on_hold
        )
        return self.presence_until if due is None else min(due, self.presence_until)

    def _desk(self, now: Instant, *, is_expiry_on_hold: bool) -> Desk:
        return Desk(
            bank=self.bank,
            settings=self._settings,
            codes=self._codes,
            ids=self._ids,
            open_pass=self._open_pass,
            now=now,
            visit=self.visit,
            is_presence=self._is_presence,
            is_expiry_on_hold=is_expiry_on_hold,
            ordered=self._ordered,
        )

    def _turn_presence(self, now: Instant) -> None:
        if now < self.presence_until and self.presence:
            return
        self._presence_before = self.presence
        number = self._ids.number(10**PRESENCE_DIGITS)
        self.presence = f"{number:0{PRESENCE_DIGITS}d}"
        self.presence_until = after(now, self._settings.presence_ms)
        self._presence_tries = PRESENCE_TRIES

    def _is_presence(self, told: str) -> bool:
        """Whether somebody who says `told` stands in front of the kiosk, or did a moment ago."""
        if self._presence_tries < 1:
            return False
        for number in (self.presence, self._presence_before):
            if number and compare_digest(number.encode(), told.encode()):
                return True
        self._presence_tries -= 1
        return False


def _kiosk(desk: Desk, request: agent.Request) -> None:
    match request:
        case agent.PresentCode():
            pickup.present_code(desk, request)
        case agent.PresentPass():
            pickup.present_pass(desk, request)
        case agent.SignIn():
            deposit.sign_in(desk, request)
        case agent.PresentSecond():
            two_people.present(desk, request)
        case agent.BeginDeposit():
            deposit.begin(desk, request)
        case agent.ConfirmDeposit():
            deposit.confirm(desk)
        case agent.ChangeSize():
            deposit.change_size(desk, request)
        case agent.CancelDeposit():
            deposit.cancel(desk)
        case agent.OpenAgain():
            _again(desk)
        case agent.MoreTime():
            _more_time(desk)
        case agent.Leave():
            _leave(desk)


def _again(desk: Desk) -> None:
    is_deposit = desk.visit.purpose is Purpose.DEPOSIT
    (deposit if is_deposit else pickup).open_again(desk)


def _more_time(desk: Desk) -> None:
    if desk.visit.stage in (Stage.IDLE, Stage.SECOND_PERSON):  # a colleague is near, or not
        raise Denied("visit.none")
    desk.show(desk.visit.stage, for_ms=desk.settings.courier_idle_ms)


def _leave(desk: Desk) -> None:
    """Back to the start; a deposit behind a shut door is settled at once, not in two minutes."""
    visit = desk.visit
    if visit.purpose is Purpose.DEPOSIT and visit.compartment is not None:
        space = desk.bank.spaces[visit.compartment]
        if visit.stage in (Stage.CONFIRM, Stage.LOOKS_EMPTY, Stage.STUCK):
            deposit.settle(desk, visit.compartment, space)
    desk.leave()
