"""The bank's uplink and the real listener over real TLS on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bayward.cloud.link.server import LinkServer, LinkSetup
from bayward.core.clock import after
from bayward.core.commands import Command
from bayward.core.ids import CommandId
from bayward.edge.uplink import Dialer
from bayward.sim.certificates import HOST, Deployment, Issued, deploy
from hardware_bench import RealClock
from link_bench import Mirror
from messages_table import ORDERS, TENANT
from uplink_bench import BANK, NAME, BankBench, Bell, MirrorInbox


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deploy(NAME, tmp_path_factory.mktemp("us"), RealClock().now())


@dataclass
class Pair:
    """A listener, and a bank whose dialler knows it by `pins`."""

    bell: Bell
    inbox: MirrorInbox
    server: LinkServer
    certificate: Issued
    bank: BankBench
    mirror: Mirror


@contextlib.asynccontextmanager
async def paired(us: Deployment, folder: Path, *, pin: str | None = None) -> AsyncIterator[Pair]:
    bell, clock = Bell(), RealClock()
    identity, certificate = us.server(), us.bank(TENANT, BANK)
    gate = us.gate(certificate)
    inbox = MirrorInbox(bell, clock.now)
    tls = us.listener_context(identity, gate.judge)
    setup = LinkSetup(tls=tls, gate=gate, inbox=inbox, clock=clock, random=lambda: 0.0)
    server = await LinkServer(setup).start(HOST, 0)
    context = us.bank_context(certificate, pin or identity.pin)
    dialer = Dialer(url=f"wss://{HOST}:{server.port}", bank=BANK, context=lambda: context)
    bank = BankBench.make(folder, dialer, clock, bell, is_eager=True)
    mirror = inbox.add(BANK, bank.signer)
    try:
        yield Pair(bell, inbox, server, certificate, bank, mirror)
    finally:
        await bank.stop()
        await server.stop()


async def test_a_log_arrives_whole_over_a_line_that_keeps_breaking(
    us: Deployment, tmp_path: Path
) -> None:
    async with paired(us, tmp_path) as pair:
        pair.bank.start()
        for _ in range(8):
            await pair.bell.wait(lambda: pair.server.connections.is_connected(BANK))
            pair.bank.log(30)
            await asyncio.sleep(0)
            pair.server.connections.drop(BANK)
        await pair.bell.wait(lambda: pair.mirror.size == 240)
        reader = pair.bank.journal.reader()
        assert pair.mirror.leaves == [one.leaf for one in reader.entries(0, 240)]
        assert pair.mirror.note == pair.bank.journal.head.note
        await pair.bell.wait(lambda: pair.server.connections.is_connected(BANK))
        epoch = pair.server.connections.epoch(BANK)
        order = Command(CommandId.of(bytes(16)), ORDERS[2], after(RealClock().now(), 5000), epoch)
        result = await pair.server.connections.send_command(BANK, order)
        assert result.is_done
        assert pair.bank.host.commands == [(order, epoch)]


async def test_identity_91_a_bank_that_refuses_the_server_keeps_its_log_and_says_why(
    us: Deployment, tmp_path: Path
) -> None:
    async with paired(us, tmp_path, pin=us.server().pin) as pair:
        pair.bank.start()
        await pair.bell.wait(lambda: pair.bank.host.statuses)
        pair.bank.log(3)
        status = pair.bank.host.statuses[-1]
        assert (status.is_up, status.code) == (False, "link.wrong_key")
        assert "Nothing was sent" in status.words
        assert pair.bank.journal.head.size == 3
        assert pair.inbox.hellos == []


async def test_a_restart_of_the_control_plane_is_told_as_one(
    us: Deployment, tmp_path: Path
) -> None:
    async with paired(us, tmp_path) as pair:
        pair.bank.start()
        await pair.bell.wait(lambda: pair.bank.host.is_up)
        await pair.server.stop()
        await pair.bell.wait(lambda: not pair.bank.host.is_up)
        down = [one.code for one in pair.bank.host.statuses if not one.is_up]
        assert down[0] == "link.restart"
