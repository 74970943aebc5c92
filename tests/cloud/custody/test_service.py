from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import cloud_bench
from bayward.cloud.custody import service as custody
from bayward.cloud.custody import store
from bayward.cloud.custody.store import ParcelView, Wanted
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.core.clock import DAY_MS
from bayward.core.custody import ParcelState
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.core.ids import ParcelId, PersonId
from cloud_bench import BankTwin, CloudBench, named

ANNE, CARL = named(PersonId, 1), named(PersonId, 2)
_T = EventType


async def parcel(cloud: CloudBench, bank: BankTwin, number: int = 1) -> ParcelView:
    return await cloud.do(custody.get_parcel, bank.tenant, named(ParcelId, number))


async def test_a_parcel_from_reservation_to_collection(cloud: CloudBench, bank: BankTwin) -> None:
    space = {"compartment": bank.door(1), "parcel": named(ParcelId, 1)}
    bank.record(_T.COMPARTMENT_RESERVED, **space, actor=CARL, recipient=ANNE, size="M")
    await bank.upload(cloud.ingest)
    expected = await parcel(cloud, bank)
    assert (expected.state, expected.deposited_at) == (ParcelState.EXPECTED, None)
    cloud.wait(1_000)
    bank.record(
        _T.PARCEL_DEPOSITED, **space, actor=CARL, recipient=ANNE, method="kiosk", carrier="UPS"
    )
    bank.issue("grt", named(ParcelId, 1), recipient=ANNE)
    await bank.upload(cloud.ingest)
    waiting = await parcel(cloud, bank)
    assert (waiting.state, waiting.carrier) == (ParcelState.DEPOSITED, "UPS")
    assert waiting.deposited_at == cloud.clock.at
    assert waiting.not_after == cloud.clock.at + 7 * DAY_MS
    assert not waiting.is_overdue(cloud.clock.at)
    cloud.wait(8 * DAY_MS)
    assert waiting.is_overdue(cloud.clock.at)
    bank.collect(1)
    await bank.upload(cloud.ingest)
    taken = await parcel(cloud, bank)
    assert (taken.state, taken.ended_at) == (ParcelState.COLLECTED, cloud.clock.at)


async def test_a_parcel_taken_away_and_one_that_is_held(cloud: CloudBench, bank: BankTwin) -> None:
    for number in (1, 2):
        space = {"compartment": bank.door(number), "parcel": named(ParcelId, number)}
        bank.record(_T.COMPARTMENT_RESERVED, **space, actor=CARL, recipient=ANNE, size="M")
    bank.record(
        _T.COMPARTMENT_RELEASED,
        compartment=bank.door(1),
        parcel=named(ParcelId, 1),
        reason="cancelled",
    )
    bank.record(_T.COMPARTMENT_BLOCKED, compartment=bank.door(2), reason="left_inside")
    await bank.upload(cloud.ingest)
    assert (await parcel(cloud, bank, 1)).state is ParcelState.CANCELLED
    assert (await parcel(cloud, bank, 2)).state is ParcelState.HELD
    bank.record(_T.COMPARTMENT_RESTORED, compartment=bank.door(2), actor=CARL)
    await bank.upload(cloud.ingest)
    assert (await parcel(cloud, bank, 2)).state is ParcelState.COLLECTED


async def test_a_deposit_whose_reservation_we_never_saw(cloud: CloudBench, bank: BankTwin) -> None:
    bank.record(
        _T.PARCEL_DEPOSITED,
        compartment=bank.door(1),
        parcel=named(ParcelId, 1),
        actor=CARL,
        recipient=ANNE,
        method="kiosk",
    )
    await bank.upload(cloud.ingest)
    found = await parcel(cloud, bank)
    assert (found.state, found.deposited_at) == (ParcelState.DEPOSITED, cloud.clock.at)


async def test_a_bank_cannot_move_what_is_in_another(cloud: CloudBench, bank: BankTwin) -> None:
    other = await cloud.bank(bank.tenant, 2)
    bank.deposit(1, recipient=ANNE, courier=CARL)
    await bank.upload(cloud.ingest)
    before = await parcel(cloud, bank)
    other.collect(1)
    other.deposit(1, recipient=CARL, courier=CARL)
    await other.upload(cloud.ingest)
    assert await parcel(cloud, bank) == before


async def test_identity_62_a_parcel_of_another_tenant_is_not_found(
    cloud: CloudBench, bank: BankTwin
) -> None:
    stranger = await cloud.tenant(2)
    bank.deposit(1, recipient=ANNE, courier=CARL)
    await bank.upload(cloud.ingest)
    for tenant, number in ((stranger, 1), (bank.tenant, 9)):
        with pytest.raises(NotFound) as caught:
            await cloud.do(custody.get_parcel, tenant, named(ParcelId, number))
        assert str(caught.value) == "parcel"
    assert await cloud.do(custody.parcels, stranger, Wanted()) == []


class Custody(RuleBasedStateMachine):
    """Whatever a bank reports, the view follows `core.custody` and never leaves its table."""

    @initialize()
    def begin(self) -> None:
        self.cloud = cloud_bench.make()
        self.run = asyncio.Runner()
        tenant = self.run.run(self.cloud.tenant())
        self.bank = self.run.run(self.cloud.bank(tenant))
        self.model: dict[str, ParcelState] = {}
        self.inside: dict[int, str] = {}
        self.number = 0

    def teardown(self) -> None:
        assert isinstance(self.cloud.store, InlineStore)
        self.cloud.store.close()
        self.run.close()

    def upload(self) -> None:
        self.run.run(self.bank.upload(self.cloud.ingest))

    @rule(door=st.integers(1, 4))
    def reserve(self, door: int) -> None:
        if door in self.inside:
            return
        self.number += 1
        parcel = named(ParcelId, self.number)
        self.bank.record(
            _T.COMPARTMENT_RESERVED,
            compartment=self.bank.door(door),
            parcel=parcel,
            actor=CARL,
            recipient=ANNE,
            size="M",
        )
        self.model[parcel] = ParcelState.EXPECTED
        self.inside[door] = parcel
        self.upload()

    @rule(door=st.integers(1, 4), kind=st.sampled_from(sorted(custody.MOVES)))
    def move(self, door: int, kind: EventType) -> None:
        parcel = self.inside.get(door)
        if parcel is None:
            return
        told = {
            _T.COMPARTMENT_RELEASED: {"reason": "cancelled"},
            _T.COMPARTMENT_BLOCKED: {"reason": "left_inside"},
            _T.COMPARTMENT_RESTORED: {"actor": CARL},
            _T.PARCEL_DEPOSITED: {"actor": CARL, "recipient": ANNE, "method": "kiosk"},
            _T.PARCEL_COLLECTED: {"grant": "grt", "result": "empty"},
        }[kind]
        is_named = kind not in (_T.COMPARTMENT_BLOCKED, _T.COMPARTMENT_RESTORED)
        told = told | ({"parcel": parcel} if is_named else {})
        self.bank.record(kind, compartment=self.bank.door(door), **told)
        before = self.model[parcel]
        after = store_table().get((before, kind))
        if after is not None:
            self.model[parcel] = after
            if after in store.ENDED:
                del self.inside[door]
        self.upload()

    @invariant()
    def the_view_is_the_model(self) -> None:
        if not hasattr(self, "cloud"):
            return
        kept = {row.parcel: ParcelState(row.state) for row in self.cloud.rows(s.parcel)}
        assert kept == self.model


def store_table() -> dict[tuple[ParcelState, EventType], ParcelState]:
    """The table of the docs, written out: what each report makes of a parcel."""
    state = ParcelState
    return {
        (state.EXPECTED, _T.PARCEL_DEPOSITED): state.DEPOSITED,
        (state.EXPECTED, _T.COMPARTMENT_RELEASED): state.CANCELLED,
        (state.EXPECTED, _T.COMPARTMENT_BLOCKED): state.HELD,
        (state.DEPOSITED, _T.PARCEL_COLLECTED): state.COLLECTED,
        (state.DEPOSITED, _T.COMPARTMENT_BLOCKED): state.HELD,
        (state.HELD, _T.COMPARTMENT_RESTORED): state.COLLECTED,
    }


TestCustody = Custody.TestCase
TestCustody.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
