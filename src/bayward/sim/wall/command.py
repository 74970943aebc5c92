"""`bayward sim wall`: lock boards that are not there, for a bank that is."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic

from bayward.core.errors import Misconfigured
from bayward.edge import settings
from bayward.edge.options import SystemClock
from bayward.sim.hardware.twin import BankTwin
from bayward.sim.wall import built, new
from bayward.sim.wall.hands import ENDS, Hands

URL = "socket://127.0.0.1:4001"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `wall` below `sim`."""
    parser = subparsers.add_parser(
        "wall",
        help="lock boards and doors for `bayward edge run`, without hardware",
        description="Stands in for lock boards, cables and doors, byte by byte, for the bank that "
        "a bank.toml describes; `bayward edge run` with the same file cannot tell the difference. "
        "Type `list`, `shut 3`, `force 5`, `cut`; `help` says all. Ctrl-C ends it.",
        epilog="Examples: bayward sim wall bank.toml --new --state ./bank --web "
        "http://localhost:8000, later bayward sim wall bank.toml",
    )
    parser.add_argument("settings", type=Path, help="bank.toml")
    parser.add_argument("--new", action="store_true", help="write that file first, for a new wall")
    parser.add_argument(
        "--columns",
        default=new.COLUMNS,
        help=f"of a new wall, from the left: how many doors of which size (default: {new.COLUMNS})",
    )
    parser.add_argument(
        "--at", default=URL, metavar="URL", help=f"of a new wall: port or path (default: {URL})"
    )
    parser.add_argument("--state", type=Path, help="of a new wall: an enrolled computer's folder")
    parser.add_argument("--web", help="of a new wall: its control plane, as people type it")
    parser.add_argument("--trace", action="store_true", help="print each frame to stderr")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Stand until Ctrl-C or `quit`."""
    if asked.new:
        if (asked.state is None) is not (asked.web is None):
            raise Misconfigured("wall.half", expected="--state and --web, or neither")
        columns = new.columns_of(asked.columns)
        new.write(asked.settings, columns, url=asked.at, state=asked.state, web=asked.web)
    asyncio.run(_stand(asked.settings, asked.state, is_traced=asked.trace))
    return 0


async def _stand(path: Path, state: Path | None, *, is_traced: bool) -> None:
    described = settings.load(path)
    doors = built.doors_of(described)
    twin = BankTwin(built.twin_of(described), random.Random(), SystemClock())
    hands = Hands(twin, doors)
    twin.on_change = lambda door: _say(hands.line_of(door) or "")
    if is_traced:
        twin.on_bytes = partial(_trace, monotonic())
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    try:
        await twin.start()
        places = ", ".join(twin.port_url(port.name) for port in twin.settings.ports)
        folder = f" --state {state}" if state is not None else ""
        _say(f"""{len(doors)} doors stand at {places}, as {path} says. In another terminal:
  bayward edge run {path}{folder}
Type `list`, `shut 3`, `force 5`; `help` says all. Ctrl-C ends it.""")
        await _obey(hands, _typed(), ended)
    finally:
        await twin.stop()


async def _obey(hands: Hands, typed: asyncio.Queue[str], ended: asyncio.Event) -> None:
    """Do what is typed, until somebody has had enough."""
    end = asyncio.create_task(ended.wait())
    while True:
        line = asyncio.create_task(typed.get())
        await asyncio.wait([end, line], return_when=asyncio.FIRST_COMPLETED)
        if not line.done() or line.result().strip().lower() in ENDS:
            line.cancel()
            end.cancel()
            return
        if line.result().strip():
            _say(await hands.do(line.result()))


def _typed() -> asyncio.Queue[str]:
    """What is typed, read in a thread of its own that nobody has to wait for in the end."""
    loop, typed = asyncio.get_running_loop(), asyncio.Queue[str]()

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed
            for line in sys.stdin:
                loop.call_soon_threadsafe(typed.put_nowait, line)

    threading.Thread(target=read, name="typed", daemon=True).start()
    return typed


def _say(text: str) -> None:
    if text:
        print(text, flush=True)


def _trace(since: float, port: str, way: str, data: bytes) -> None:
    print(f"{monotonic() - since:9.3f}  {port} {way} {data.hex(' ')}", file=sys.stderr, flush=True)
