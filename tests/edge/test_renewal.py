"""Against a real control plane over TLS; only time is moved, by what stands in its database."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bayward.cloud.app import Cloud
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.settings import CloudSettings
from bayward.cloud.system_clock import SystemClock
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import Denied, Misconfigured, Unavailable
from bayward.core.events import EventType
from bayward.core.ids import BankId, PersonId, TenantId
from bayward.edge import keys
from bayward.edge.enrol import enrol
from bayward.edge.identity import Identity
from bayward.edge.renewal import Renewal
from bayward.edge.state_dir import StateDir
from cloud_bench import HOUSE
from cloud_house import FAST
from edge_bench import HandClock
from shared_renderer import RENDERER

pytestmark = pytest.mark.system  # a whole control plane over TLS

ANNE = PersonId("prs_x")


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    told = CloudSettings(
        state=tmp_path / "cloud",
        name=HOUSE,
        public_url="http://localhost:0",
        http_port=0,
        link_port=0,
        enrol_port=0,
    )
    async with Cloud(told, schemes=[FAST], renderer=RENDERER) as cloud:
        yield cloud


@pytest.fixture
async def state(cloud: Cloud, tmp_path: Path) -> StateDir:
    """Of a bank that enrolled just now."""

    def make(work: Work) -> str:
        tenant = [one.tenant for one in fleet_store.tenants(work.tx)][-1]
        [site] = fleet_store.sites(work.tx, tenant)
        bank = enrolment.create_bank(work, tenant, site.site, "Lobby", actor=ANNE)
        url = cloud.enrol_url
        return enrolment.new_ticket(work, tenant, bank, cloud.deployment, url=url).encode()

    ticket = await cloud.unit.write(make)
    state = StateDir(tmp_path / "bank")
    await asyncio.to_thread(enrol, ticket, state, firmware="0.1", random_bytes=os.urandom)
    return state


def renewal_of(state: StateDir, *, days: int = 0, pins: frozenset[str] | None = None) -> Renewal:
    identity = state.load("identity", Identity)
    assert identity is not None
    clock = HandClock(wall_ms=SystemClock().now() + days * DAY_MS)
    known = frozenset(identity.pins) if pins is None else pins
    return Renewal(state, identity, keys.open_keys(state.keys), pins=known, clock=clock)


async def grow_old(cloud: Cloud, days: int) -> tuple[TenantId, BankId]:
    """What is left of the certificate in the control plane's eyes."""

    def age(work: Work) -> tuple[TenantId, BankId]:
        [enrolled] = fleet_store.enrolled(work.tx)
        fleet_store.update_bank(
            work.tx, enrolled, certificate_until=Instant(work.now + days * DAY_MS)
        )
        return enrolled.tenant, enrolled.bank

    return await cloud.unit.write(age)


@pytest.mark.parametrize(("days", "is_due", "has_ended"), [
    (0, False, False), (29, False, False), (31, True, False), (91, True, True),
])  # fmt: skip
async def test_it_is_due_when_a_third_is_over(
    state: StateDir, days: int, is_due: bool, has_ended: bool
) -> None:
    renewal = renewal_of(state, days=days)
    assert renewal.is_due() is is_due
    assert renewal.health() == {"until": renewal.until(), "has_ended": has_ended}


@pytest.mark.parametrize("days_left", [59, 1, -100])
async def test_a_new_certificate_for_the_old_key_takes_the_place_of_the_old(
    cloud: Cloud, state: StateDir, days_left: int
) -> None:
    before = state.certificate.read_bytes()
    await grow_old(cloud, days_left)
    await asyncio.to_thread(renewal_of(state).renew)
    assert state.certificate.read_bytes() != before
    assert state.certificate.stat().st_mode & 0o077 == 0
    renewal = renewal_of(state)
    assert renewal.is_due() is False
    [enrolled] = await cloud.unit.read(lambda work: fleet_store.enrolled(work.tx))
    assert enrolled.certificate_until == renewal.until()


async def test_a_young_one_stays(cloud: Cloud, state: StateDir) -> None:
    before = state.certificate.read_bytes()
    await asyncio.to_thread(renewal_of(state).renew)
    assert state.certificate.read_bytes() == before


async def test_identity_98_a_retired_bank_is_refused_and_keeps_what_it_has(
    cloud: Cloud, state: StateDir
) -> None:
    tenant, bank = await grow_old(cloud, 10)
    await cloud.unit.write(lambda work: enrolment.retire(work, tenant, bank, actor=ANNE))
    before = state.certificate.read_bytes()
    with pytest.raises(Denied, match=r"enrol\.refused .*enrolment\.not_renewed"):
        await asyncio.to_thread(renewal_of(state).renew)
    assert state.certificate.read_bytes() == before


async def test_identity_91_a_server_with_another_key_is_not_asked(
    cloud: Cloud, state: StateDir
) -> None:
    await grow_old(cloud, 10)
    wrong = renewal_of(state, pins=frozenset({"A" * 43 + "="}))
    with pytest.raises(Denied, match=r"enrol\.wrong_server"):
        await asyncio.to_thread(wrong.renew)


async def test_what_cannot_be_asked_says_why(cloud: Cloud, state: StateDir) -> None:
    identity = state.load("identity", Identity)
    assert identity is not None
    for url, error in (("", Misconfigured), ("https://127.0.0.1:1/enrol", Unavailable)):
        lost = Identity(
            bank=identity.bank, tenant=identity.tenant, deployment=identity.deployment,
            epoch=1, link_url=identity.link_url, pins=identity.pins, enrol_url=url,
        )  # fmt: skip
        state.save("identity", lost)
        with pytest.raises(error):
            await asyncio.to_thread(renewal_of(state).renew)


async def test_it_looks_by_itself(cloud: Cloud, state: StateDir) -> None:
    await grow_old(cloud, 40)
    before = state.certificate.read_bytes()
    running = asyncio.create_task(renewal_of(state, days=50).run())
    async with asyncio.timeout(20):
        while state.certificate.read_bytes() == before:  # noqa: ASYNC110 - a file rings no bell
            await asyncio.sleep(0.02)
    running.cancel()
    [enrolled] = await cloud.unit.read(lambda work: fleet_store.enrolled(work.tx))
    wanted = Wanted(types=(EventType.BANK_RENEWED,))
    [told] = await cloud.unit.read(
        lambda work: audit.happenings(work, enrolled.tenant, wanted, count=9)
    )
    assert (told.event.bank, told.event.not_after) == (enrolled.bank, enrolled.certificate_until)
