"""People in front of a real kiosk: they see addresses and press what the pages offer.

They speak HTTP to the edge's own web server, as the kiosk's browser does, and know nothing of
what is behind it. Used by the demo's check, by scenarios against real processes, by benchmarks.
"""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from bayward.core.compartment import Size

PATIENCE_S = 15.0
LOOK_S = 0.05
_MATCH = re.compile(r'name="recipient"\s+value="(\d+)"')


class AtKiosk:
    """One person; `path` is the screen in front of him."""

    def __init__(self, enter_url: str) -> None:
        parts = urlsplit(enter_url)
        self._enter_url = enter_url
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._client = httpx.AsyncClient(
            base_url=self._origin,
            headers={"origin": self._origin, "sec-fetch-site": "same-origin"},
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE_S,
        )
        self.path = ""
        self.page = ""

    async def __aenter__(self) -> Self:
        await self.enter(self._enter_url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def enter(self, url: str) -> str:
        """Be let in, at first or with the key of a new start; returns where that led."""
        return await self._seen(await self._client.get(url))

    async def go(self, path: str) -> str:
        """Open a page; returns where that led."""
        return await self._seen(await self._client.get(path))

    async def press(self, path: str, **fields: str) -> str:
        """Send a form; returns where that led."""
        return await self._seen(await self._client.post(path, data=fields))

    async def more_time(self) -> None:
        """Touch the screen; it stays as it is."""
        (await self._client.post("/kiosk/more-time")).raise_for_status()

    async def scan(self, frame: bytes, purpose: str = "collect") -> str:
        """Hold a picture to the camera: 640x480 grey bytes; returns where that led."""
        answer = await self._client.post(
            f"/kiosk/scan?for={purpose}",
            content=frame,
            headers={"content-type": "image/x-grey"},
        )
        if answer.status_code == httpx.codes.NO_CONTENT:
            return self.path
        told = answer.raise_for_status().json()
        return await self.go(told["go"]) if "go" in told else str(told["text"])

    async def collect(self, code: str) -> str:
        """Type a code at Collect."""
        await self.go("/kiosk/collect")
        return await self.press("/kiosk/collect", code=code)

    async def sign_in(self, code: str) -> str:
        """Type a courier's code at Deliver."""
        await self.go("/kiosk/deliver")
        return await self.press("/kiosk/deliver", code=code)

    async def deposit(self, tracking: str, unit: str, size: Size) -> str:
        """Describe a parcel and choose a size; a door opens or a screen says why not."""
        await self.press("/kiosk/deliver/parcel", tracking=tracking)
        await self.press("/kiosk/deliver/recipient", query=unit)
        found = _MATCH.search(self.page)
        if found is None:
            return self.path
        await self.press("/kiosk/deliver/recipient", recipient=found.group(1))
        return await self.press("/kiosk/deliver/size", size=size.value)

    async def wait_for(self, path: str, *, on: str, timeout_s: float = PATIENCE_S) -> str:
        """Stay on the screen `on` until it leads to `path`; raises `TimeoutError`."""
        try:
            async with asyncio.timeout(timeout_s):
                while await self.go(on) != path:  # noqa: ASYNC110 - the page is all there is to see
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise TimeoutError(f"the kiosk shows {self.path}, not {path}") from None
        return self.page

    async def health(self) -> dict[str, object]:
        """How the bank is doing."""
        told: dict[str, object] = (await self._client.get("/kiosk/health")).json()
        return told

    async def _seen(self, answer: httpx.Response) -> str:
        answer.raise_for_status()
        self.path, self.page = answer.url.path, answer.text
        return self.path
