from __future__ import annotations

import pytest

from bayward.core.clock import after
from bayward.core.events import EventType
from bayward.core.lockdown import Lockdown
from bayward.edge.agent import Purpose, Stage, Visit
from bayward.edge.controller import Settings, Unlock
from bayward.edge.controller.step import UNLOCK_LIFE_MS, Desk
from table_top import START, TableTop


def desk(bank: TableTop) -> Desk:
    return Desk(
        bank=bank.controller.bank,
        settings=Settings(),
        codes=bank.codes,
        ids=bank.ids,
        open_pass=lambda _, __: bank.ids.grant(),
        now=START,
        visit=Visit(stage=Stage.COURIER, deposited=3),
        is_presence=lambda _: False,
        ordered=set(),
    )


def test_an_unlock_is_an_intent_and_an_effect_with_one_deadline() -> None:
    bank = TableTop()
    at = desk(bank)
    command, door = bank.ids.command(), bank.layout[0].id
    at.unlock(door, Purpose.DEPOSIT, command, None)
    (event,) = at.step.events
    assert event.type is EventType.UNLOCK_REQUESTED
    assert at.step.effects == [Unlock(command, door, after(START, UNLOCK_LIFE_MS))]
    assert event.not_after == after(START, UNLOCK_LIFE_MS)


def test_a_forgotten_question_opens_nothing() -> None:
    """Whoever asks for an unlock has asked about lockdowns before; if not, this is the wall."""
    bank = TableTop()
    door = bank.layout[0].id
    bank.controller.bank.lockdowns["bank"] = Lockdown("bank", START, "drill")
    at = desk(bank)
    with pytest.raises(AssertionError):
        at.unlock(door, Purpose.DEPOSIT, bank.ids.command(), None)
    assert at.step.effects == []


def test_what_is_shown_builds_on_what_was_proposed() -> None:
    at = desk(TableTop())
    at.show(Stage.OPENING, purpose=Purpose.DEPOSIT)
    at.show(Stage.DOOR_OPEN, for_ms=5_000)
    assert at.step.visit == Visit(
        stage=Stage.DOOR_OPEN, purpose=Purpose.DEPOSIT, deposited=3, deadline=after(START, 5_000)
    )
    at.leave()
    assert at.step.visit == Visit()


def test_a_proposal_changes_nothing() -> None:
    bank = TableTop()
    before = dict(bank.controller.bank.spaces)
    desk(bank).unlock(bank.layout[0].id, Purpose.DEPOSIT, bank.ids.command(), None)
    assert bank.controller.bank.spaces == before
    assert bank.controller.bank.pending_unlock(bank.layout[0].id) is None
