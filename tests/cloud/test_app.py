"""A whole control plane with its sockets open, from the first start to the last goodbye."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from bayward.cloud.app import Cloud
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.fleet import enrolment
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people import service as people
from bayward.cloud.people import set_up, totp
from bayward.cloud.people.authn import SignedIn
from bayward.cloud.settings import CloudSettings
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.unit import OPERATOR, Work
from bayward.core.errors import Denied, Misconfigured
from bayward.core.events import EventType
from bayward.core.ids import BankId, PersonId
from bayward.edge.enrol import enrol
from bayward.edge.state_dir import StateDir
from bayward.wire.enrolment import Ticket
from cloud_bench import HOUSE
from cloud_house import FAST, PASSWORD
from shared_renderer import RENDERER

pytestmark = pytest.mark.system  # whole control planes on real sockets


def settings(state: Path, **more: Any) -> CloudSettings:
    ports = {"http_port": 0, "link_port": 0, "enrol_port": 0} | more
    return CloudSettings(state=state, name=HOUSE, public_url="http://localhost:0", **ports)


@asynccontextmanager
async def started(state: Path, **more: Any) -> AsyncIterator[Cloud]:
    """With the machine's own clock: TLS looks at it, too."""
    has_listeners = more.pop("has_listeners", True)
    cloud = Cloud(
        settings(state, **more), schemes=[FAST], renderer=RENDERER, has_listeners=has_listeners
    )
    async with cloud:
        yield cloud


async def ticket_of(cloud: Cloud) -> Ticket:
    def make(work: Work) -> Ticket:
        [_, tenant] = fleet_store.tenants(work.tx)
        [site] = fleet_store.sites(work.tx, tenant.tenant)
        bank = enrolment.create_bank(
            work, tenant.tenant, site.site, "Lobby", actor=PersonId("prs_x")
        )
        return enrolment.new_ticket(
            work, tenant.tenant, bank, cloud.deployment, url=cloud.enrol_url
        )

    return await cloud.unit.write(make)


def real_enrol(ticket: Ticket, state: Path) -> BankId:
    """What `bayward edge enrol` does."""
    identity = enrol(ticket.encode(), StateDir(state), firmware="0.1.0", random_bytes=os.urandom)
    return BankId(identity.bank)


@pytest.mark.parametrize("lost", ["keyring.db", "keys/kek"])
async def test_a_database_without_its_keyring_is_refused(tmp_path: Path, lost: str) -> None:
    state = tmp_path / "state"
    async with started(state, has_listeners=False):
        pass
    (state / lost).rename(tmp_path / "aside")
    with pytest.raises(Misconfigured) as caught:
        async with started(state, has_listeners=False):
            pass
    assert caught.value.code == "keyring.missing"
    (state / lost).unlink(missing_ok=True) if lost.endswith("db") else None
    (tmp_path / "aside").rename(state / lost)
    async with started(state, has_listeners=False):
        pass


async def test_everything_is_up_and_says_where(tmp_path: Path) -> None:
    async with started(tmp_path / "state") as cloud, httpx.AsyncClient() as client:
        assert (await client.get(f"{cloud.http_url}/healthz")).json() == {"status": "alive"}
        assert (await client.get(f"{cloud.http_url}/readyz")).json() == {"status": "ready"}
        page = await client.get(f"{cloud.http_url}/sign-in")
        assert page.status_code == 200
        assert "server" not in page.headers
        assert str(cloud.setup_link).startswith(f"{cloud.http_url}/setup/")
        assert (await client.get(str(cloud.setup_link))).status_code == 200
        assert cloud.link_url.startswith("wss://localhost:")


async def test_a_bank_enrols_over_tls_with_the_keys_on_its_ticket(tmp_path: Path) -> None:
    async with started(tmp_path / "state") as cloud:
        ticket = await ticket_of(cloud)
        bank = await asyncio.to_thread(real_enrol, ticket, tmp_path / "edge")
        assert bank == ticket.bank
        with pytest.raises(Denied):
            await asyncio.to_thread(real_enrol, ticket, tmp_path / "other")
    async with started(tmp_path / "state") as again:  # and is still allowed after a restart
        found = await again.unit.read(lambda work: fleet_store.enrolled(work.tx))
        assert [one.bank for one in found] == [bank]


async def test_the_listener_for_new_banks_shows_nothing_else(tmp_path: Path) -> None:
    async with started(tmp_path / "state") as cloud:
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.check_hostname = False
        blind.verify_mode = ssl.CERT_NONE
        base = cloud.enrol_url.removesuffix("/enrol")
        async with httpx.AsyncClient(verify=blind) as client:
            assert (await client.get(f"{base}/enrol/anchor")).status_code == 200
            for path in ("/", "/sign-in", "/console", "/healthz", "/static/css/tokens.css"):
                assert (await client.get(base + path)).status_code == 404
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname = False
        old.verify_mode = ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        async with httpx.AsyncClient(verify=old) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"{base}/enrol/anchor")


async def test_m45_who_fails_in_the_handshake_is_in_the_log_after_the_last_goodbye(
    tmp_path: Path,
) -> None:
    async with started(tmp_path / "state") as cloud:
        for url in (cloud.link_url, cloud.enrol_url.removesuffix("/enrol")):
            port = int(url.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("localhost", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with suppress(OSError):
                await asyncio.wait_for(reader.read(), 5)
            writer.close()
    async with started(tmp_path / "state") as again:
        wanted = Wanted(types=(EventType.STRANGER_REFUSED,))
        found = await again.unit.read(
            lambda work: audit.happenings(work, OPERATOR, wanted, count=9)
        )
        assert {one.event.reason for one in found} == {"tls.handshake"}
        assert sum(one.event.count or 0 for one in found) == 2


@pytest.mark.parametrize("which", ["http_port", "link_port", "enrol_port"])
async def test_a_port_that_is_taken_is_said_to_be_taken(tmp_path: Path, which: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Misconfigured, match=r"port\.in_use") as error:
            async with started(tmp_path / "state", **{which: port}):
                pytest.fail("it must not start")
        assert error.value.facts["port"] == port
    async with started(tmp_path / "state"):
        """What had been started was stopped: the database is free again."""


async def test_one_directory_serves_one_process(tmp_path: Path) -> None:
    async with started(tmp_path / "state"):
        with pytest.raises(Misconfigured, match=r"database\.in_use"):
            async with started(tmp_path / "state"):
                pytest.fail("it must not start")


async def test_the_set_up_link_is_made_anew_until_somebody_has_used_it(tmp_path: Path) -> None:
    links = []
    for _ in range(2):
        async with started(tmp_path / "state") as cloud, httpx.AsyncClient() as client:
            links.append(str(cloud.setup_link).rpartition("/")[2])
            for link in links:
                answer = await client.get(f"{cloud.http_url}/setup/{link}")
                assert answer.status_code == (200 if link == links[-1] else 404)
    async with started(tmp_path / "state") as cloud:
        token = str(cloud.setup_link).rpartition("/")[2]

        def use(work: Work) -> None:
            new = set_up.choose(
                work, token, name="Anne", email="anne@example.com", encoded=FAST.encode(b"x", b"s")
            )
            set_up.confirm(work, token, totp.hotp(new.secret, totp.step_at(work.now)))

        await cloud.unit.write(use)
    async with started(tmp_path / "state") as cloud:
        assert cloud.setup_link is None


async def test_the_first_start_makes_one_tenant_with_one_owner(tmp_path: Path) -> None:
    more = {"organisation": "Northgate House", "site": "Northgate", "zone": "Europe/London"}
    async with started(tmp_path / "state", **more) as cloud:

        def look(work: Work) -> tuple[list[str], list[str], list[str]]:
            tenants = fleet_store.tenants(work.tx)
            sites = fleet_store.sites(work.tx, tenants[1].tenant)
            names = [one.name for one in tenants]
            zones = [one.time_zone for one in sites]
            return names, [one.name for one in sites], zones

        told = await cloud.unit.read(look)
        assert told == (["Platform", "Northgate House"], ["Northgate"], ["Europe/London"])
        assert people.PLATFORM_TENANT.endswith("0")


async def test_nothing_secret_can_be_read_by_others(tmp_path: Path) -> None:
    async with started(tmp_path / "state"):
        found = [one for one in (tmp_path / "state").rglob("*") if one.is_file()]
        loose = [one.name for one in found if one.stat().st_mode & 0o077 and one.suffix == ".pem"]
        assert loose == []
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("gone", ["keys/seal.bin", "keys/log.pem", "ca/issuing.pem", "link"])
async def test_a_state_directory_with_something_missing_is_refused(
    tmp_path: Path, gone: str
) -> None:
    async with started(tmp_path / "state"):
        """The first start."""
    path = tmp_path / "state" / gone
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    with pytest.raises(Misconfigured):
        async with started(tmp_path / "state"):
            pytest.fail("it must not start")


@pytest.mark.parametrize("left", [None, b""])
async def test_keys_whose_database_is_gone_do_not_begin_anew(
    tmp_path: Path, left: bytes | None
) -> None:
    """A disk that is not mounted must not look like a house without people."""
    state = tmp_path / "state"
    async with started(state):
        """The first start."""
    for file in state.glob("bayward.db*"):
        file.unlink()
    if left is not None:
        (state / "bayward.db").write_bytes(left)
    with pytest.raises(Misconfigured, match=r"database\.missing"):
        async with started(state):
            pytest.fail("it must not start")
    assert (state / "ca" / "root.pem").exists()


async def test_a_first_start_that_failed_leaves_nothing_to_stumble_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    full = sqlite3.OperationalError("database or disk is full")

    def no_room(path: Path) -> None:
        path.write_bytes(b"half")
        raise Misconfigured("database.unreadable", path=str(path), why=str(full))

    with monkeypatch.context() as broken:
        broken.setattr(SqliteStore, "open", no_room)
        with pytest.raises(Misconfigured, match="disk is full"):
            async with started(state):
                pytest.fail("it must not start")
    assert list(state.iterdir()) == []
    async with started(state) as cloud:
        assert cloud.setup_link is not None


@pytest.mark.parametrize("folder", ["/dev/null/state", "/proc/state"])
async def test_a_state_folder_that_cannot_be_made_is_named(folder: str) -> None:
    with pytest.raises(Misconfigured, match=rf"state\.unusable \(folder={folder}"):
        async with started(Path(folder)):
            pytest.fail("it must not start")


async def test_identity_101_the_programs_log_holds_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with started(tmp_path / "state") as cloud, httpx.AsyncClient() as client:
        token = str(cloud.setup_link).rpartition("/")[2]
        form = {"name": "Anne", "email": "anne@example.com", "password": PASSWORD}
        origin = {"Origin": cloud.http_url}
        await client.post(str(cloud.setup_link), data=form, headers=origin)
        await client.post(f"{cloud.http_url}/sign-in", data=form, headers=origin)
    told = capsys.readouterr()
    for text in (told.out, told.err):
        assert token not in text
        assert PASSWORD not in text
    assert "cloud.started" in told.out


async def test_stopping_does_not_wait_for_pages_that_live(tmp_path: Path) -> None:
    cloud = Cloud(settings(tmp_path / "state"), schemes=[FAST], renderer=RENDERER)
    async with cloud:
        token = str(cloud.setup_link).rpartition("/")[2]

        def use(work: Work) -> str:
            new = set_up.choose(
                work, token, name="Anne", email="anne@example.com", encoded=FAST.encode(b"x", b"s")
            )
            done = set_up.confirm(work, token, totp.hotp(new.secret, totp.step_at(work.now)))
            assert isinstance(done, SignedIn)
            return done.token

        cookie = await cloud.unit.write(use)
        ended = asyncio.Event()
        begun = asyncio.Event()

        async def watch() -> None:
            headers = {"Cookie": f"sid={cookie}"}
            async with (
                httpx.AsyncClient(timeout=30) as client,
                client.stream("GET", f"{cloud.http_url}/live", headers=headers) as live,
            ):
                async for _ in live.aiter_lines():
                    begun.set()
            ended.set()

        watching = asyncio.create_task(watch())
        await asyncio.wait_for(begun.wait(), 20)
    await asyncio.wait_for(ended.wait(), 5)
    await watching
