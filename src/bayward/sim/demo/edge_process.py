"""The program in the wall's computer, as the demo starts it: the real edge on a shared clock.

    python -m bayward.sim.demo.edge_process SETTINGS STATE CLOCK EMBEDDER

Says on one line of standard output where its kiosk is, then works until SIGTERM or until its
standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import structlog
import uvloop

from bayward.edge.app import Edge
from bayward.edge.options import EdgeOptions
from bayward.edge.settings import load
from bayward.sim.clock import SharedClock


async def run(settings: Path, state: Path, clock: Path, embedder: str) -> None:
    """Serve until told to stop."""
    ended = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    # The demo holds the other end of standard input; when it dies, however it dies, so do we.
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    options = EdgeOptions(clock=SharedClock(clock), embedders=(embedder,))
    async with Edge(load(settings), state_dir=state, options=options) as edge:
        parts = urlsplit(edge.kiosk_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        print(json.dumps({"origin": origin, "enter": edge.kiosk_url}), flush=True)
        await ended.wait()


def main() -> None:
    """Read the command line."""
    settings, state, clock, embedder = sys.argv[1:]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    uvloop.run(run(Path(settings), Path(state), Path(clock), embedder))


if __name__ == "__main__":
    main()
