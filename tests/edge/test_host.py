from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.core.clock import DAY_MS, Instant
from bayward.core.commands import Command, EngageLockdown
from bayward.core.errors import Invalid
from bayward.core.ids import CommandId, PersonId, TenantId
from bayward.edge.host import LinkHost
from bayward.edge.uplink import LinkStatus
from bayward.wire.messages import DoorState, Issuer, Recipient, Welcome
from edge_bench import NOTIFIER
from edge_rig import EdgeRig, enrolled, layout, running_edge, running_twin
from table_top import ANNA

DOORS = layout(4)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EdgeRig]:
    enrolled(tmp_path / "state")
    async with running_twin(DOORS) as twin, running_edge(twin, DOORS, tmp_path / "state") as rig:
        await rig.until_read()
        yield rig


def host_of(rig: EdgeRig) -> LinkHost:
    edge = rig.edge
    return LinkHost(
        edge.settings,
        office=edge.office,
        hardware=edge.hardware,
        clock=edge.clock,
        trust=edge.trust,
        state=edge._state,
        version="1.2",
        journal=edge.journal,
        beacons=edge.beacons,
        tenant_log=edge.tenant_log,
        forgetter=edge.forgetter,
    )


def welcome(**changes: object) -> Welcome:
    key = NOTIFIER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    told = {
        "acked": 0,
        "root": bytes(32),
        "now": Instant(1),
        "tenant": TenantId.of(bytes(16)),
        "issuers": [Issuer(kid=1, spki=key)],
        "notifier_key": key,
        "needs_layout": True,
    }
    return Welcome(**{**told, **changes})  # type: ignore[arg-type]  # one field each


async def test_the_directory_is_kept_and_used(rig: EdgeRig) -> None:
    host = host_of(rig)
    assert host.facts().directory_revision == 0
    person = PersonId.of(b"new resident".ljust(16))
    told = Recipient(person=person, unit="7C", name="Ola Nordmann", needs_low=True)
    await host.take_directory(9, (told,))
    assert host.facts().directory_revision == 9
    await rig.sign_in()
    (found,) = await rig.edge.office.find("7c")
    assert (found.person, found.name, found.needs_low) == (person, "O·· N·····", True)
    rig.edge.office.directory = rig.edge.office.directory.__class__()
    assert host_of(rig).facts().directory_revision == 9


async def test_readings_and_layout_show_the_bank_as_it_is(rig: EdgeRig) -> None:
    host = host_of(rig)
    built = host.layout()
    assert [one.number for one in built.compartments] == [1, 2, 3, 4]
    assert host.facts().layout_hash == built.hash
    told = host.readings()
    assert {one.state for one in told.doors} == {DoorState.CLOSED}
    assert all(one.age_ms < 60_000 for one in told.doors)
    assert told.pending == rig.edge.journal.head.size
    assert rig.twin.force(DOORS[1].id)
    await rig.until(lambda view: view.lockdown is not None)
    await rig.twin.pull_port("main")
    await rig.until_door(DOORS[0].id, "unknown")
    told = host.readings()
    assert {(one.state, one.why) for one in told.doors} == {(DoorState.UNKNOWN, "port_gone")}
    assert (told.is_siren_on, told.lockdowns) == (True, ["bank"])


async def test_orders_time_keys_and_status_reach_the_bank(rig: EdgeRig) -> None:
    host = host_of(rig)
    now = rig.edge.clock.now()
    order = EngageLockdown("bank", ANNA, "drill")
    command = Command(CommandId.of(bytes(16)), order, Instant(now + 5_000), "e1")
    result = await host.carry_out(command, "e1")
    assert (result.is_done, result.result) == (True, "engaged")
    again = await host.carry_out(command, "e1")  # identity 45: answered from the log
    assert again == result
    await host.take_welcome(welcome())
    with pytest.raises(Invalid, match=r"trust\.key"):
        await host.take_welcome(welcome(notifier_key=b"no key"))
    host.take_time(Instant(now + DAY_MS), 100)
    assert rig.edge.clock.now() >= now + DAY_MS
    assert rig.edge.clock.quality == "S"
    host.take_status(LinkStatus(is_up=True, since=now))
    assert rig.view().is_online


async def test_identity_43_a_rolled_back_log_puts_the_kiosk_out_of_order_at_once(
    rig: EdgeRig,
) -> None:
    host = host_of(rig)
    journal = rig.edge.journal
    with pytest.raises(Exception, match=r"journal\.rolled_back"):
        await rig.edge.office.on_clerks_thread(lambda: journal.check_cursor(10_000, bytes(32)))
    host.take_status(LinkStatus(is_up=False, since=Instant(1), code="journal.rolled_back"))
    view = await rig.until(lambda view: view.trouble is not None)
    assert view.trouble == "journal.quarantined"
    assert "This screen is resting" in await rig.get("/kiosk")
