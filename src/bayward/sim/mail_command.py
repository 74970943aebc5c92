"""`bayward sim mail`: a mail server on this machine that prints what it is given."""

from __future__ import annotations

import argparse
import asyncio
import signal

from bayward.edge.options import SystemClock
from bayward.sim.mailbox import Mailbox, Message

PORT = 8025


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `mail` below `sim`."""
    parser = subparsers.add_parser(
        "mail",
        help="a mail server that prints every message, for trying things out",
        description="Takes every message for anybody over SMTP, on loopback only, prints its text "
        "and keeps nothing. Give it to a control plane as [mail] with is_starttls = false. "
        "Ctrl-C ends it.",
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"where (default: {PORT})")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Take mail until Ctrl-C."""
    asyncio.run(_take(asked.port))
    return 0


async def _take(port: int) -> None:
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    mailbox = Mailbox(SystemClock(), _print, port=port)
    await mailbox.start()
    print(f"Taking mail at 127.0.0.1:{mailbox.port}. Ctrl-C ends it.", flush=True)
    try:
        await ended.wait()
    finally:
        await mailbox.stop()


def _print(message: Message) -> None:
    print(f"\n--- to {message.to}: {message.subject}\n{message.text.strip()}", flush=True)
