"""Each checker bites: a broken part is noticed within a few seeds, and called by its name."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from bayward.core import fold, throttle
from bayward.core.bank import BankState, TagUse
from bayward.core.compartment import Compartment
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.controller import deposit, pickup, step
from bayward.edge.controller.step import Desk
from bayward.edge.journal import Journal, Receipt
from bayward.sim import bank as sim_bank
from bayward.sim import storage, uplink
from bayward.sim.opening import Opening
from bayward.sim.town import Founded
from bayward.wire.messages import Hello
from world_bench import QUICK, assert_sound, found, often

pytestmark = pytest.mark.world  # each looks through several worlds for one that shows it


def test_a_world_without_broken_parts_keeps_its_promises() -> None:
    assert_sound(replace(QUICK, hours=1))


def test_a_disk_that_loses_commits_is_noticed() -> None:
    class Forgetful(storage._Platter):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            is_lost = sql == "COMMIT" and self.disk.touches % 7 == 0
            return super().execute("ROLLBACK" if is_lost else sql, *parameters)

    def change(founded: Founded) -> None:
        for bank in founded.banks:
            card = sqlite3.connect(":memory:", isolation_level=None, factory=Forgetful)
            card.disk = bank.disk
            bank.disk._platter = card

    assert found(r"entries are missing|does not extend|cannot start|never arrived", QUICK, change)


def test_moving_before_the_log_is_written_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(Journal):
        def append(self, *told: Any, **named: Any) -> Receipt:
            try:
                return super().append(*told, **named)
            except Unavailable:
                return Receipt(0, 0, "", (), ())

    monkeypatch.setattr(sim_bank, "Journal", Careless)
    assert found("a pulse without an intent in the log", often("disk_full", "disk_error"))


def test_a_second_pulse_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(Opening):
        def _confirm(self) -> None:
            if self._left_ms <= 0:
                self._steel.pulse(self._unlock.compartment, self._unlock.command)
            super()._confirm()

    monkeypatch.setattr(sim_bank, "Opening", Impatient)
    assert found("a second pulse", often("jam"))


def test_a_forgotten_lockdown_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pickup, deposit, step):
        monkeypatch.setattr(module, "holds", lambda *_: None)
    assert found("during a lockdown", often("crowbar"))


def test_a_keypad_without_a_throttle_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "attempt", lambda *_: throttle.Allowed())
    assert found("guesses", often("guesser"))


def test_a_code_that_opens_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(desk: Desk, text: str) -> TagUse | None:
        tag = desk.codes.tag(text)
        return desk.bank.tags.get(tag or "")

    monkeypatch.setattr(pickup, "typed", typed)
    monkeypatch.setattr(pickup, "_check", lambda *_: None)
    assert found("a consumed grant lets somebody in", QUICK)


def test_a_compartment_given_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def free(bank: BankState) -> list[Compartment]:
        return [bank.layout[key] for key in bank.spaces if bank.pending_unlock(key) is None]

    monkeypatch.setattr(BankState, "free", free)
    assert found("does not fit|shows|two parcels", QUICK)


def test_the_deposit_in_the_dark_would_be_noticed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule as it was when `bayward sim --seed 1` found it."""

    def started(bank: BankState, event: Event) -> None:
        bank.starts += 1
        fold.prune(bank, event.time)

    monkeypatch.setitem(fold._APPLY, EventType.BANK_STARTED, started)
    assert found(r"door \d\d shows", often("plug_at_touch", "power_cut"))


def test_a_code_in_the_log_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    issue = deposit.issue

    def talkative(desk: Desk, *told: Any) -> None:
        issue(desk, *told)
        event = desk.step.events[-1]
        desk.step.events[-1] = replace(event, detail=f"the code is {desk.step.letters[-1].code}")

    monkeypatch.setattr(deposit, "issue", talkative)
    assert found(r"grant\.issued tells a code", QUICK)


def test_a_code_on_the_wire_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = uplink.Uplink._hello

    def talkative(self: uplink.Uplink) -> Hello:
        codes = sorted(self._bank.codes)
        told = hello(self)
        return Hello(
            **{name: getattr(told, name) for name in told.__struct_fields__}
            | {"firmware": codes[0] if codes else "sim"}
        )

    monkeypatch.setattr(uplink.Uplink, "_hello", talkative)
    assert found("a code is on the wire", often("cable_dropped"))


def test_an_old_card_is_believed_and_then_found_out() -> None:
    """Not a broken part but an attack: whoever puts an old card back gains nothing for long."""
    told: list[str] = []

    def change(founded: Founded) -> None:
        (bank,) = founded.banks
        world = founded.world

        def copy() -> None:
            image = bank.disk.image()
            world.after(40 * 60_000, "thief", lambda: put_back(image))

        def put_back(image: storage.Image) -> None:
            bank.power_off()
            bank.disk.restore(image, with_mark=True)
            bank.was_rolled_back = True
            bank.power_on()
            world.after(20 * 60_000, "thief", lambda: told.append(str(bank.trouble)))

        world.after(20 * 60_000, "thief", copy)

    assert_sound(QUICK, change)
    assert set(told) == {"journal.rolled_back"}


def test_a_person_who_pushes_in_confuses_nobody() -> None:
    assert_sound(replace(QUICK, hours=1, is_crowded=True))
