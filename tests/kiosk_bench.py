"""A kiosk on a bench: real pages, real controller and journal; the steel is played by hand."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import httpx
import segno

from bayward.core.errors import Denied, Unavailable
from bayward.core.ids import PersonId
from bayward.edge.agent import BankView, Recipient, Request, Visit
from bayward.edge.directory import Directory, SearchBudget
from bayward.edge.kiosk.app import make_app, make_kiosk
from bayward.edge.kiosk.guard import Guard
from bayward.edge.kiosk.scan import HEIGHT, WIDTH
from bayward.edge.settings import BankSettings
from bayward.edge.view import out_of_order
from edge_bench import ClerkBench, make_settings
from shared_renderer import RENDERER
from table_top import ANNA

PORT = 8080
ORIGIN = f"http://127.0.0.1:{PORT}"
DIRECTORY = Directory(
    1,
    (
        Recipient(ANNA, "4B", "Anna Lindgren", needs_low=False),
        Recipient(PersonId.of(b"wheelchair".ljust(16)), "1A", "Wei Li", needs_low=True),
    ),
)


class BenchAgent:
    """The agent of a bench: same clerk, no hardware."""

    def __init__(self, bench: ClerkBench) -> None:
        self.bench = bench
        self.revision = 0
        self.changed = asyncio.Event()
        self.searches = SearchBudget()
        self.is_ending = False

    async def ask(self, request: Request) -> Visit:
        try:
            return self.bench.do(request).view.visit
        finally:
            self.tell()

    def view(self) -> BankView:
        if self.bench.clerk.needs_start:
            return out_of_order(self.bench.settings.layout, "journal.not_writable")
        return replace(self.bench.outcomes[-1].view, is_online=True)

    async def find(self, query: str) -> tuple[Recipient, ...]:
        if self.view().visit.courier is None:
            raise Denied("courier.not_signed_in")
        self.searches.spend(self.bench.trusted.now())
        return DIRECTORY.find(query)

    async def wait_for_change(self, since: int) -> int:
        while self.revision <= since:
            if self.is_ending:
                raise Unavailable("agent.ending")
            await self.changed.wait()
        return self.revision

    def tell(self) -> None:
        self.revision += 1
        self.changed.set()
        self.changed = asyncio.Event()


class KioskBench:
    """A browser in front of a kiosk."""

    def __init__(
        self, folder: Path, *, code_floor_s: float = 0.0, settings: BankSettings | None = None
    ) -> None:
        self.clerk = ClerkBench(folder / "journal.db", settings=settings or make_settings())
        self.clerk.start()
        self.clerk.read_all()
        self.agent = BenchAgent(self.clerk)
        self.guard = Guard.fresh(PORT, random.Random(1).randbytes)
        self.kiosk = make_kiosk(
            self.agent,
            self.clerk.settings,
            clock=self.clerk.clock,
            guard=self.guard,
            random_bytes=random.Random(2).randbytes,
            health=lambda: {"status": "ok"},
            code_floor_s=code_floor_s,
            renderer=RENDERER,
        )
        self.app = make_app(self.kiosk)
        self.browser = self.open_browser()
        self.browser.headers["cookie"] = f"{self.guard.cookie_name}={self.guard.cookie}"

    def open_browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),  # type: ignore[arg-type]  # two spellings of ASGI
            base_url=ORIGIN,
            headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"},
        )

    async def get(self, path: str) -> str:
        """A page that must be there."""
        answer = await self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers)
        return answer.text

    async def post(self, path: str, **fields: str) -> str:
        """Submit a form; where it leads."""
        answer = await self.browser.post(path, data=fields)
        assert answer.status_code == 303, (path, answer.status_code, answer.text)
        return answer.headers["location"]

    async def leads(self, path: str) -> str:
        """Where a page sends one on to."""
        answer = await self.browser.get(path)
        assert answer.status_code == 303, (path, answer.status_code)
        return answer.headers["location"]

    async def sign_in(self, modes: str = "") -> None:
        """A courier is signed in; `modes`: of the doors for two that he may open."""
        code = self.clerk.admit(modes=modes)
        assert await self.post("/kiosk/deliver", code=code) == "/kiosk/deliver/parcel"

    async def describe_parcel(self, tracking: str = "1Z5R89390357567127") -> None:
        """Everything before the size, for Anna in 4B."""
        assert await self.post("/kiosk/deliver/parcel", tracking=tracking) == RECIPIENT
        assert await self.post(RECIPIENT, query="4b") == RECIPIENT
        await self.get(RECIPIENT)
        assert await self.post(RECIPIENT, recipient="0") == "/kiosk/deliver/size"

    def play(self, *, opens: bool = True) -> None:
        """The door opens."""
        if opens:
            self.clerk.opens()
        self.agent.tell()


def camera_frame(text: str) -> bytes:
    """A picture of a QR code as the camera would give it."""
    code = segno.make(text, micro=False, error="m")
    image = [bytearray(b"\xc8" * WIDTH) for _ in range(HEIGHT)]
    for row, line in enumerate(code.matrix_iter(scale=6, border=4)):
        for column, dark in enumerate(line):
            image[20 + row][30 + column] = 20 if dark else 230
    return b"".join(image)


RECIPIENT = "/kiosk/deliver/recipient"
