"""`bayward demo`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import webbrowser
from pathlib import Path
from time import monotonic

import structlog
import uvicorn
import uvloop

from bayward.core.errors import BaywardError
from bayward.sim.demo.check import Check, Deviation
from bayward.sim.demo.faces import make_app
from bayward.sim.demo.stage import HOST, Stage, free_port

PORTS = (8600, 8601, 8602)  # page, control plane, kiosk: where one finds them again
STORY_FAILED = 1
NOT_STARTED = 2


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `demo` to the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="the whole product on this machine, with a simulated wall",
        description="Starts control plane, bank, kiosk, mail and a simulated wall of 57 doors in "
        "a temporary folder, and prints where they are. Ctrl-C ends it and says whether the log "
        "of what you did verifies.",
    )
    parser.add_argument(
        "--check", action="store_true", help="perform the whole story without a screen and verify"
    )
    parser.add_argument("--seed", type=int, default=1, help="which wall is built (default: 1)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--log", type=Path, help="write the programs' logs to this file")
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Run; the exit code says whether all went well."""
    log = asked.log or Path(tempfile.gettempdir()) / "bayward-demo.log"
    with log.open("w", encoding="utf-8") as file:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file))
        try:
            return uvloop.run(_checked(asked, log) if asked.check else _shown(asked))
        except KeyboardInterrupt:
            return 0
        except RuntimeError as error:
            print(f"bayward demo: {error}\nThe log is in {log}", file=sys.stderr)
            return NOT_STARTED
        except BaywardError:  # the command line says it, and what to do about it
            print(f"The log is in {log}", file=sys.stderr)
            raise


async def _checked(asked: argparse.Namespace, log: Path) -> int:
    started = monotonic()

    def say(what: str) -> None:
        print(f"{monotonic() - started:6.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory(prefix="bayward-demo-") as folder:
        stage = Stage(Path(folder), seed=asked.seed)
        await stage.start()
        say("everything is up")
        try:
            await Check(stage, say, log).run()
        except (Deviation, TimeoutError, LookupError) as error:
            print(f"\nDEVIATION: {error}", file=sys.stderr)
            return STORY_FAILED
        finally:
            await stage.stop()
    say("the story went as told")
    return 0


async def _shown(asked: argparse.Namespace) -> int:
    started = monotonic()
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    print("Bayward demo: building a wall, a control plane and a post office …", flush=True)
    with tempfile.TemporaryDirectory(prefix="bayward-demo-") as folder:
        page, cloud, kiosk = (free_port(preferred) for preferred in PORTS)
        stage = Stage(
            Path(folder), seed=asked.seed, page_port=page, cloud_port=cloud, kiosk_port=kiosk
        )
        await stage.start()
        server = uvicorn.Server(
            uvicorn.Config(make_app(stage), host=HOST, port=page, log_config=None, lifespan="off")
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # ours is above
        serving = asyncio.create_task(server.serve())
        _tell(stage, monotonic() - started)
        if not asked.no_browser:
            await asyncio.to_thread(webbrowser.open, stage.facts()["wall"])
        await ended.wait()
        stage.is_running = False  # ends the page's stream, which the server waits for
        server.should_exit = True
        await serving
        await stage.computer.stop()
        verdict = stage.verify()
        await stage.stop()
    root = (verdict.root or b"").hex()
    if not verdict.ok:
        print("\nThe log of what you did DOES NOT VERIFY:", *verdict.findings, sep="\n  ")
        return STORY_FAILED
    print(f"\nThe log of what you did verifies: {verdict.entries} entries, root {root}")
    return 0


def _tell(stage: Stage, took_s: float) -> None:
    facts = stage.facts()
    print(
        f"""Ready in {took_s:.1f} s.

  The wall      {facts["wall"]}
  The phone     {facts["phone"]}     (Maya Okafor, unit 4B)
  The console   {facts["console"]}   (Ines Duarte, administrator)

Begin at the wall: Deliver, with the courier code shown there, a parcel for unit 4B.
Ctrl-C ends it and checks the log.
""",
        flush=True,
    )
