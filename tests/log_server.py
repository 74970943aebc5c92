"""A log over real HTTP on loopback, as its keeper serves it; tests grow, bend and fork it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bayward.ledger.errors import LedgerError
from bayward.ledger.serve import Served, serve_tile
from mirror_bench import Source


class Keeper:
    """What the server gives: `source` as it was at `size` entries, unless a path is `bent`."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self.size = size
        self.note: str | None = None
        self.bent: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.asked: list[str] = []
        self.url = ""
        self.on_get: Callable[[str], None] = lambda _path: None

    def get(self, path: str) -> Served | None:
        if path in self.bent:
            return Served(self.bent[path], "application/octet-stream", "no-store")
        if path == "checkpoint":
            return Served.checkpoint(self.note or self.source.note(self.size))
        try:
            return serve_tile(path, self.size, self.source, self.source.bundle)
        except LedgerError:
            return None


@contextmanager
def serving(keeper: Keeper) -> Iterator[Keeper]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 * 1024  # head and body in one packet: the other side waits for no second one

        def do_GET(self) -> None:
            path = self.path.removeprefix("/log/")
            keeper.asked.append(path)
            keeper.on_get(path)
            found = keeper.get(path)
            status = keeper.statuses.get(path, 404 if found is None else 200)
            body = b"" if found is None or status != 200 else found.body
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    keeper.url = f"http://127.0.0.1:{server.server_port}/log"
    try:
        yield keeper
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
