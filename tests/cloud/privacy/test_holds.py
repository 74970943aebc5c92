from __future__ import annotations

import pytest

from bayward.cloud.privacy import hold_store, holds
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.hold_store import Hold, HoldId, HoldKind
from bayward.cloud.privacy.holds import AUTHORITY_CHARS_MAX, Scope
from bayward.cloud.privacy.service import Basis
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import BankId, ParcelId, PersonId
from cloud_bench import named
from privacy_bench import Ended

COURT = "District court, 12 O 34/27"


async def place(ended: Ended, scope: Scope, authority: str = COURT) -> Hold:
    return await ended.cloud.do(
        holds.place, ended.tenant, scope, authority=authority, until=None, actor=ended.ada
    )


async def erase(ended: Ended, person: PersonId) -> None:
    await ended.cloud.do(
        privacy.erase, ended.tenant, person, basis=Basis.OBJECTION, actor=ended.ada
    )


async def test_audit_13_a_hold_blocks_the_erasure_until_it_is_lifted(ended: Ended) -> None:
    hold = await place(ended, Scope(kind=HoldKind.PERSON, subject=ended.anne))
    with pytest.raises(Conflict) as caught:
        await erase(ended, ended.anne)
    assert caught.value.code == "hold.active"
    assert caught.value.facts["authority"] == COURT
    await erase(ended, ended.ben)  # it is not on him
    await ended.cloud.do(holds.lift, ended.tenant, hold.id, actor=ended.ada)
    await erase(ended, ended.anne)
    placed, lifted = (
        ended.cloud.events(kind)[0] for kind in (EventType.HOLD_PLACED, EventType.HOLD_LIFTED)
    )
    assert (placed.scope, placed.subject, placed.reason) == ("person", ended.anne, COURT)
    assert lifted.detail == placed.detail == hold.id


@pytest.mark.parametrize(
    ("kind", "anne", "ben"),
    [
        (HoldKind.PARCEL, True, False),
        (HoldKind.BANK, True, False),
        (HoldKind.INCIDENT, False, False),
        (HoldKind.PERIOD, True, True),
    ],
)
async def test_a_hold_is_on_whoever_appears_in_it(
    ended: Ended, kind: HoldKind, anne: bool, ben: bool
) -> None:
    now = ended.cloud.clock.at
    scopes = {
        HoldKind.PARCEL: (named(ParcelId, 1), None),
        HoldKind.BANK: (ended.bank.id, None),
        HoldKind.INCIDENT: ("inc_somewhere", None),
        HoldKind.PERIOD: (None, now),
    }
    subject, begins = scopes[kind]
    ends = None if begins is None else after(begins, DAY_MS)
    scope = Scope(kind=kind, subject=subject, begins_at=begins, ends_at=ends)
    hold = await place(ended, scope)
    with ended.cloud.tx.begin():
        touched = [
            hold_store.touches(ended.cloud.tx, ended.tenant, hold, one)
            for one in (ended.anne, ended.ben)
        ]
    assert touched == [anne, ben]


@pytest.mark.parametrize("days", [-2, 2])
async def test_a_hold_of_another_time_holds_nobody(ended: Ended, days: int) -> None:
    begins = Instant(ended.cloud.clock.at + days * DAY_MS)
    for kind, subject in (
        (HoldKind.PERSON, str(ended.anne)),
        (HoldKind.BANK, str(ended.bank.id)),
        (HoldKind.PERIOD, None),
    ):
        ends = after(begins, DAY_MS)
        await place(ended, Scope(kind=kind, subject=subject, begins_at=begins, ends_at=ends))
    await erase(ended, ended.anne)


async def test_what_holds_nothing_in_particular_is_refused(ended: Ended) -> None:
    now = ended.cloud.clock.at
    for kind, subject, begins, ends in (
        (HoldKind.PERSON, None, None, None),
        (HoldKind.PERIOD, None, None, None),
        (HoldKind.PERIOD, "x", now, now),
        (HoldKind.BANK, "b", now, Instant(now - 1)),
    ):
        with pytest.raises(Invalid):
            Scope(kind=kind, subject=subject, begins_at=begins, ends_at=ends)
    scope = Scope(kind=HoldKind.BANK, subject=named(BankId, 1))
    for authority in ("  ", "x" * (AUTHORITY_CHARS_MAX + 1)):
        with pytest.raises(Invalid):
            await place(ended, scope, authority)


async def test_a_hold_is_lifted_once(ended: Ended) -> None:
    hold = await place(ended, Scope(kind=HoldKind.BANK, subject=ended.bank.id))
    assert await ended.cloud.do(holds.live, ended.tenant) == [hold]
    await ended.cloud.do(holds.lift, ended.tenant, hold.id, actor=ended.ada)
    assert await ended.cloud.do(holds.live, ended.tenant) == []
    for one in (hold.id, HoldId(named(HoldId, 9))):
        with pytest.raises(NotFound):
            await ended.cloud.do(holds.lift, ended.tenant, one, actor=ended.ada)


async def test_there_are_so_many_holds_and_not_more(
    ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "LIVE_MAX", 1)
    await place(ended, Scope(kind=HoldKind.BANK, subject=ended.bank.id))
    with pytest.raises(Conflict) as caught:
        await place(ended, Scope(kind=HoldKind.BANK, subject=ended.bank.id))
    assert caught.value.code == "hold.too_many"
