from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bayward.cloud.people import authn
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.core.policy import Aal
from bayward.core.roles import Role
from cloud_bench import named
from cloud_house import URL, Browser, House, World


class Stream:
    """An open event stream, read message by message straight from the application."""

    def __init__(self, house: House, path: str, cookie: str, last: str = "") -> None:
        self._house = house
        self._path, _, self._query = path.partition("?")
        self._headers = {"host": URL.partition("//")[2], "cookie": f"sid={cookie}"}
        if last:
            self._headers["last-event-id"] = last
        self._out: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._answered = asyncio.Event()
        self._text = ""
        self.status = 0

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run())
        await self._answered.wait()

    async def close(self) -> None:
        self._gone.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def message(self) -> dict[str, str]:
        """The next message with data; heartbeats and the retry line are passed over."""
        async with asyncio.timeout(20):
            while True:
                block = await self._block()
                fields: dict[str, str] = {}
                for line in block.splitlines():
                    name, _, value = line.partition(": ")
                    fields[name] = f"{fields[name]}\n{value}" if name in fields else value
                if "data" in fields:
                    return fields

    async def ended(self) -> bool:
        async with asyncio.timeout(20):
            while True:
                if await self._out.get() is None:
                    return True

    async def _block(self) -> str:
        while "\n\n" not in self._text:
            chunk = await self._out.get()
            assert chunk is not None, "the stream has ended"
            self._text += chunk.decode()
        block, _, self._text = self._text.partition("\n\n")
        return block

    async def _run(self) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": self._query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in self._headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 8000),
        }
        is_asked = False

        async def receive() -> dict[str, Any]:
            nonlocal is_asked
            if not is_asked:
                is_asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self._answered.set()
            elif message.get("body"):
                await self._out.put(message["body"])
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await self._out.put(None)

        await self._house.cloud.app(scope, receive, send)  # type: ignore[arg-type]  # a plain ASGI scope


@asynccontextmanager
async def stream(
    house: House, path: str, browser: Browser, last: str = ""
) -> AsyncIterator[Stream]:
    opened = Stream(house, path, str(browser.cookie), last)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def test_the_first_message_is_the_picture_of_now(
    house: House, anne: Browser, world: World
) -> None:
    async with stream(house, f"/live?bank={world.bank.id}", anne) as live:
        assert live.status == 200
        first = await live.message()
        assert 'data-state="forced"' in first["data"]
        assert 'data-state="unknown"' in first["data"]
        assert first["id"]


async def test_what_a_bank_says_is_on_the_page_at_once(
    house: House, anne: Browser, world: World
) -> None:
    async with stream(house, f"/live?bank={world.bank.id}", anne) as live:
        first = await live.message()
        world.bank.record(EventType.DOOR_OPEN_TOO_LONG, compartment=world.bank.door(3))
        await world.bank.upload(house.cloud.ingest)
        second = await live.message()
        assert second["id"] != first["id"]
        assert 'data-state="open_too_long"' in second["data"]


async def test_who_comes_back_with_the_newest_picture_gets_the_next_one(
    house: House, anne: Browser, world: World
) -> None:
    path = f"/live?bank={world.bank.id}"
    async with stream(house, path, anne) as live:
        last = (await live.message())["id"]
    async with stream(house, path, anne, last) as live:
        world.bank.collect(1)
        await world.bank.upload(house.cloud.ingest)
        assert (await live.message())["id"] != last
    async with stream(house, path, anne, last) as live:
        missed = await live.message()
        assert missed["id"] != last
        assert "Parcel collected" in missed["data"]
    async with stream(house, path, anne, "from-another-process-7") as live:
        assert (await live.message())["data"]


async def test_another_tenants_news_wake_nobody(house: House, anne: Browser, world: World) -> None:
    other = await house.second_tenant()
    async with stream(house, f"/live?bank={world.bank.id}", anne) as live:
        first = await live.message()
        theirs = await house.furnish(other, 2)
        await house.person("Zoe", Role.RESIDENT)
        second = await live.message()
        assert theirs.parcel not in second["data"]
        assert int(second["id"].rpartition("-")[2]) - int(first["id"].rpartition("-")[2]) < 5


async def test_identity_50_a_disabled_person_is_cut_off(
    house: House, anne: Browser, world: World
) -> None:
    bert = await house.person("Bert", Role.ADMIN)
    browser = await house.browser().be("Bert")
    async with stream(house, f"/live?bank={world.bank.id}", browser) as live:
        await live.message()
        await house.do(lambda work: people.disable(work, house.tenant, None, bert))
        assert await live.ended()


async def test_identity_70_a_role_that_is_taken_back_ends_the_stream(
    house: House, anne: Browser, world: World
) -> None:
    bert = await house.person("Bert", Role.ADMIN)
    browser = await house.browser().be("Bert")
    async with stream(house, f"/live?bank={world.bank.id}", browser) as live:
        await live.message()
        [held] = await house.do(lambda work: people_store.bindings_of(work.tx, house.tenant, bert))
        await house.do(lambda work: people.revoke(work, house.tenant, None, held))
        assert await live.ended()


async def test_signing_out_ends_the_stream(house: House, anne: Browser, world: World) -> None:
    bert = await house.browser().be("Anne")
    async with stream(house, f"/live?bank={world.bank.id}", bert) as live:
        await live.message()
        await bert.post("/sign-out")
        await house.person("Zoe", Role.RESIDENT)  # something happens
        assert await live.ended()


async def test_an_incident_and_a_pass_live_too(house: House, anne: Browser, world: World) -> None:
    rosa = await house.browser().be("Rosa1", method=authn.LINK, aal=Aal.ONE)
    paths = (
        (f"/console/incidents/{world.incident}/live", anne, "Forced"),
        (f"/p/{world.link}/live", rosa, "hx-partial"),
        (f"/me/parcels/{world.parcel}/live", rosa, "hx-partial"),
    )
    for path, browser, text in paths:
        async with stream(house, path, browser) as live:
            assert live.status == 200
            assert text.casefold() in (await live.message())["data"].casefold()


async def test_an_incident_changes_its_form_only_when_another_is_due(
    house: House, anne: Browser, world: World
) -> None:
    """The same form sent again would take away what somebody is typing into it."""
    url = f"/console/incidents/{world.incident}"
    async with stream(house, f"{url}/live", anne) as live:
        text = html.unescape((await live.message())["data"])
        assert "#settling:not([data-settling='locked'])" in text
        world.bank.record(
            EventType.LOCKDOWN_RELEASED, scope="bank", actor=str(named(PersonId, 9)), reason="drill"
        )
        await world.bank.upload(house.cloud.ingest)
        text = html.unescape((await live.message())["data"])
        assert "#settling:not([data-settling='unsettled'])" in text
        assert f'action="{url}/close"' in text


async def test_without_a_right_there_is_no_stream(house: House, world: World) -> None:
    rosa = await house.browser().be("Rosa1", method=authn.LINK, aal=Aal.ONE)
    async with stream(house, "/live", rosa) as live:
        assert live.status == 403


async def test_one_address_opens_only_so_many(house: House, anne: Browser, world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.cloud.desk.changes, "_streams_of_one_max", 2)
        path = f"/live?bank={world.bank.id}"
        async with stream(house, path, anne) as first, stream(house, path, anne) as second:
            await first.message()
            await second.message()
            async with stream(house, path, anne) as third:
                assert third.status == 429
        await asyncio.sleep(0.05)
        async with stream(house, path, anne) as again:
            assert again.status == 200


async def test_stopping_ends_every_stream(house: House, anne: Browser, world: World) -> None:
    async with stream(house, f"/live?bank={world.bank.id}", anne) as live:
        await live.message()
        house.cloud.desk.changes.close()
        assert await live.ended()


def test_heartbeats_are_shorter_than_what_proxies_wait() -> None:
    assert limits.HEARTBEAT_MS <= 30_000
