"""What a bank knows without somebody; that a replay gives the same is in `edge/test_redaction`."""

from __future__ import annotations

import pytest

from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.commands import DismissCourier
from bayward.core.compartment import Size
from bayward.core.events import ERASED
from bayward.core.forgetting import forget, is_named, is_tied
from bayward.core.ids import PersonId
from bayward.edge.agent import Leave, PresentCode
from table_top import ANNA, COURIER, TableTop

BEN = PersonId.of(b"somebody else...")


@pytest.fixture
def table() -> TableTop:
    return TableTop()


def test_a_parcel_a_grant_and_an_admission_tie(table: TableTop) -> None:
    bank = table.controller.bank
    assert not is_tied(bank, ANNA, table.now)
    code, _ = table.deposit(Size.S)
    bank = table.controller.bank
    assert is_tied(bank, ANNA, table.now)
    assert is_tied(bank, COURIER, table.now)
    assert not is_tied(bank, COURIER, after(table.now, 4000 * DAY_MS))
    assert not is_tied(bank, BEN, table.now)
    table.do(Leave())
    table.do(PresentCode(code))
    door = table.opens()
    table.read(door, is_closed=True, is_occupied=False)
    bank = table.controller.bank
    assert not is_tied(bank, ANNA, table.now)
    assert is_named(bank, ANNA)
    forget(bank, ANNA, [])
    assert not is_named(bank, ANNA)
    [parcel] = bank.parcels.values()
    [grant] = bank.grants.values()
    assert (parcel.recipient, parcel.tracking, parcel.courier) == (ERASED, None, COURIER)
    assert grant.recipient == ERASED


def test_a_forgotten_couriers_code_is_dead_and_not_drawn_again(table: TableTop) -> None:
    table.admit()
    table.order(DismissCourier(COURIER))
    bank = table.controller.bank
    [tag] = bank.tags
    forget(bank, COURIER, [])
    assert not is_named(bank, COURIER)
    use = bank.tags[tag]
    assert use.courier is None
    assert use.buried_until is not None
    assert use.buried_until > Instant(table.now)


def test_whose_admission_ran_out_goes_from_the_table(table: TableTop) -> None:
    table.admit()
    bank = table.controller.bank
    forget(bank, COURIER, [])
    assert bank.couriers == {}
    assert [use.buried_until is not None for use in bank.tags.values()] == [True]
