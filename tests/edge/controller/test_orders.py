from __future__ import annotations

import pytest

from bayward.core.clock import DAY_MS, Instant
from bayward.core.commands import (
    BlockCompartment,
    Command,
    DismissCourier,
    EngageLockdown,
    OpenForGrant,
    Order,
    ReleaseLockdown,
    RestoreCompartment,
    RevokeGrant,
    RotateCode,
)
from bayward.core.compartment import CompartmentState
from bayward.core.door import UnlockOutcome
from bayward.core.events import EventType
from bayward.core.ids import CompartmentId, GrantId, PersonId
from bayward.edge.agent import Leave, PresentCode, SignIn, Stage
from bayward.edge.controller import CommandReceived, Report, Tick, UnlockEnded
from table_top import ANNA, COURIER, TableTop

T = EventType
ADMIN = PersonId.of(b"admin".ljust(16))
NOWHERE = CompartmentId.of(bytes(16))


def outcome(bank: TableTop, order: Order) -> tuple[bool, str]:
    """How an order ended, as the bank reports and records it."""
    command = bank.order(order)
    result = bank.reports()[-1].result
    assert result.command == command.id
    kind = T.COMMAND_DONE if result.is_done else T.COMMAND_REFUSED
    assert bank.kinds()[-1] is kind
    return result.is_done, result.result


def with_parcel() -> tuple[TableTop, str, GrantId]:
    bank = TableTop()
    code, _ = bank.deposit()
    bank.do(Leave())
    return bank, code, next(iter(bank.controller.bank.grants))


def test_an_order_is_answered_from_the_log_and_carried_out_once() -> None:
    bank = TableTop()
    command = bank.order(EngageLockdown("bank", ADMIN, "drill"))
    size = len(bank.log)
    for _ in range(2):
        bank.do(CommandReceived(command, "another connection"))
    assert len(bank.log) == size
    assert bank.reports()[-1] == bank.reports()[-3]
    bank.restart()
    bank.do(CommandReceived(command, "now"))
    assert bank.reports() == [Report(bank.reports()[-1].result)]
    assert bank.reports()[-1].result.result == "engaged"


def test_an_order_that_would_live_too_long_is_refused() -> None:
    bank = TableTop()
    far = Instant(bank.now + 10 * DAY_MS)
    command = Command(bank.ids.command(), EngageLockdown("bank", ADMIN, "x"), far, "now")
    bank.do(CommandReceived(command, "now"))
    assert bank.log[-1].reason == "command.lives_too_long"


def test_a_tap_whose_door_jams_is_reported_as_that() -> None:
    bank, _, grant = with_parcel()
    bank.order(OpenForGrant(grant, bank.controller.presence, ANNA))
    bank.do(UnlockEnded(bank.unlocks()[-1].command, UnlockOutcome.NO_EDGE))
    assert bank.reports()[-1].result.result == "unlock.no_edge"


def test_five_wrong_numbers_and_the_right_one_counts_no_more() -> None:
    bank, _, grant = with_parcel()
    right = bank.controller.presence
    for _ in range(5):
        assert outcome(bank, OpenForGrant(grant, "000000x", ANNA)) == (False, "presence.missing")
    assert outcome(bank, OpenForGrant(grant, right, ANNA)) == (False, "presence.missing")
    bank.later(31_000)
    bank.do(Tick())
    bank.order(OpenForGrant(grant, bank.controller.presence, ANNA))
    assert bank.stage() is Stage.OPENING


def test_a_dismissed_courier_is_signed_out_and_his_code_is_dead() -> None:
    bank = TableTop()
    code = bank.admit()
    bank.do(SignIn(code))
    assert outcome(bank, DismissCourier(COURIER)) == (True, "dismissed")
    assert bank.stage() is Stage.IDLE
    bank.do(SignIn(code))
    assert bank.log[-1].reason == "code.dead"
    assert outcome(bank, DismissCourier(COURIER)) == (False, "courier.unknown")


def test_a_courier_who_is_admitted_again_has_one_code() -> None:
    bank = TableTop()
    old = bank.admit()
    new = bank.admit()
    bank.do(SignIn(old))
    assert bank.log[-1].reason == "code.dead"
    bank.later(10_000)
    bank.do(SignIn(new))
    assert bank.stage() is Stage.COURIER


def test_a_new_code_kills_the_old_one() -> None:
    bank, old, grant = with_parcel()
    assert outcome(bank, RotateCode(grant)) == (True, "rotated")
    new = bank.letters[-1].code
    bank.do(PresentCode(old))
    assert bank.log[-1].reason == "code.dead"
    bank.later(10_000)
    bank.do(PresentCode(new))
    assert bank.stage() is Stage.OPENING
    assert outcome(bank, RotateCode(grant)) == (False, "grant.in_use")


def test_an_expired_parcel_can_be_given_a_new_life() -> None:
    bank, old, grant = with_parcel()
    bank.later(8 * DAY_MS)
    bank.do(Tick())
    assert outcome(bank, RotateCode(grant)) == (True, "reissued")
    bank.do(PresentCode(old))
    assert bank.stage() is Stage.REFUSED
    bank.later(10_000)
    bank.do(PresentCode(bank.letters[-1].code))
    assert bank.stage() is Stage.OPENING


def test_a_withdrawn_grant_opens_nothing() -> None:
    bank, code, grant = with_parcel()
    assert outcome(bank, RevokeGrant(grant, "wrong recipient")) == (True, "revoked")
    bank.do(PresentCode(code))
    assert bank.stage() is Stage.REFUSED
    assert outcome(bank, RevokeGrant(grant, "again")) == (False, "grant.unknown")


def test_lockdowns_of_one_door_and_of_the_bank() -> None:
    bank = TableTop()
    door = bank.layout[0].id
    assert outcome(bank, EngageLockdown(door, ADMIN, "look")) == (True, "engaged")
    assert outcome(bank, EngageLockdown(door, ADMIN, "look")) == (False, "lockdown.already")
    assert bank.layout[0] not in bank.controller.bank.free()
    assert bank.layout[1] in bank.controller.bank.free()
    assert outcome(bank, ReleaseLockdown("bank", ADMIN, "x")) == (False, "lockdown.none")
    assert outcome(bank, ReleaseLockdown(door, ADMIN, "well")) == (True, "released")
    assert outcome(bank, EngageLockdown(NOWHERE, ADMIN, "x")) == (False, "compartment.unknown")


def test_out_of_service_and_back() -> None:
    bank, _, _ = with_parcel()
    door = next(
        name
        for name, space in bank.controller.bank.spaces.items()
        if space.state is CompartmentState.OCCUPIED
    )
    assert outcome(bank, BlockCompartment(door, ADMIN, "smells")) == (True, "blocked")
    assert outcome(bank, BlockCompartment(door, ADMIN, "x")) == (False, "compartment.blocked")
    assert outcome(bank, RestoreCompartment(door, ADMIN)) == (True, "restored")
    assert outcome(bank, RestoreCompartment(door, ADMIN)) == (False, "compartment.not_blocked")
    assert bank.controller.bank.spaces[door].state is CompartmentState.FREE


@pytest.mark.parametrize(
    "order", [BlockCompartment(NOWHERE, ADMIN, "x"), RestoreCompartment(NOWHERE, ADMIN)]
)
def test_a_door_that_is_not_here_is_unknown(order: Order) -> None:
    assert outcome(TableTop(), order) == (False, "compartment.unknown")
