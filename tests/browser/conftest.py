"""One Chromium for all browser tests, and a small server that shows the gallery as it ships."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, sync_playwright

from bayward.ui.gallery import Sample, samples
from bayward.ui.gallery.world import NOW
from bayward.ui.render import Renderer, security_headers
from bayward.ui.views.demo import Demo

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip
NONCE = "gallery"


class GalleryHandler(BaseHTTPRequestHandler):
    """Pages by scheme and name, static files, an empty stream; posts are kept to be looked at."""

    renderer: ClassVar[Renderer] = Renderer()
    pages: ClassVar[dict[str, Sample]] = {sample.name: sample for sample in samples()}
    posted: ClassVar[list[tuple[str, bytes]]] = []
    streams: ClassVar[dict[str, bytes]] = {}
    replies: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        found = self.renderer.assets.find(path)
        page = re.fullmatch(r"/(light|dark)/(.+)\.html", path)
        if found is not None:
            self.answer(200, found.media_type, found.body)
        elif page is not None and page[2] in self.pages:
            self.answer(
                200, "text/html; charset=utf-8", self.page(page[2], is_dark=page[1] == "dark")
            )
        elif path.startswith("/p/"):
            self.answer(200, "text/html; charset=utf-8", self.page("resident/pass", is_dark=False))
        elif path == "/offline":
            self.answer(200, "text/html", self.page("resident/offline", is_dark=False))
        elif path == "/sw.js":
            self.answer(200, "text/javascript", self.renderer.service_worker().encode())
        elif path == "/manifest.webmanifest":
            self.answer(200, "application/manifest+json", self.renderer.manifest().encode())
        elif path in self.streams:
            self.answer(200, "text/event-stream", self.streams[path])
        elif path.endswith("/live"):
            self.answer(204, "text/plain", b"")
        elif path == "/console/search":
            row = b'[{"title": "Door 14", "hint": "M. Okafor", "href": "/found"}]'
            self.answer(200, "application/json", row)
        else:
            self.answer(200, "text/html", f"<title>{path}</title><h1>{path}</h1>".encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.posted.append((self.path, body))
        if self.path in self.replies:
            self.answer(200, "application/json", self.replies[self.path])
        else:
            self.answer(204, "text/plain", b"")

    def page(self, name: str, *, is_dark: bool) -> bytes:
        sample = self.pages[name]
        view = sample.view
        if isinstance(view, Demo):
            view = replace(view, kiosk_url="/light/kiosk/attract.html")
        return self.renderer.page(
            view,
            nonce=NONCE,
            now=NOW,
            language=sample.language,
            scheme="dark" if is_dark else "light",
        ).encode()

    def answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        headers = security_headers(
            NONCE, frame_ancestors=["'self'"], frame_sources=["'self'"], is_camera_allowed=True
        )
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests say what matters."""


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """Address of the server; pages at /{light,dark}/{name}.html."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), GalleryHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def served() -> Iterator[type[GalleryHandler]]:
    """What the pages posted, and the streams they are given; empty at the start of each test."""
    for kept in (GalleryHandler.posted, GalleryHandler.streams, GalleryHandler.replies):
        kept.clear()
    yield GalleryHandler
    for given in (GalleryHandler.streams, GalleryHandler.replies):
        given.clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless, silent."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()
