"""A code typed at the kiosk → the unlock frame on the wire: cable cut, 160 doors on ten boards.

Over HTTP to the real edge process, over a paced pseudo-terminal to simulated boards, from the
browser's request to the last byte of the frame at the board. What the copper takes is told apart
from what we take: after the intent is in the log, each moment in which the line is in use (a
frame, a board that thinks, an answer, the silence between two frames) is the wire's; everything
else is ours. The wire's limit follows from the baud rate: the exchange that is just under way,
the reading of the door without which nothing is pulsed, and the frame itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, thread_time

from bayward.core.compartment import Size
from bayward.core.events import EventType
from bayward.edge.codes import SALT_BYTES, Argon2id
from bayward.sim.demo.stage import Stage
from bayward.sim.visitors import AtKiosk
from bench import copper, lobby
from bench.table import Table, percentile

LIMIT_MS = 150
OURS_MS = 20
BOARDS = 10
DOORS_PER_BOARD = 16

Span = tuple[float, float]  # seconds of the loop's time


@dataclass(frozen=True, slots=True)
class Round:
    """One unlock, in milliseconds."""

    whole: float
    to_log: float  # request → the intent is on its way to the disk
    wire: float  # after that, as long as the line was in use
    work: float  # CPU time of the bank's computer, whatever else the machine was doing

    @property
    def ours(self) -> float:
        return self.whole - self.wire


async def _measure(rounds: int) -> tuple[list[Round], float]:
    async with lobby.lobby([(DOORS_PER_BOARD, Size.S)] * BOARDS) as stage:
        port = stage.steel.twin.ports[0]
        gap_s = copper.GAP_MS / 1_000
        limit = copper.unlock_ms(stage.steel.twin)
        used: list[Span] = []
        stage.twin.tap(port.name, lambda begin, end: used.append((begin, end + gap_s)))
        waiting = [await lobby.deposit(stage, f"TBA{number:012d}") for number in range(rounds)]
        await stage.use_on_world("cable")
        taken = [await _open(stage, one, used) for one in waiting]
    return taken, limit


async def _open(stage: Stage, one: lobby.Waiting, used: list[Span]) -> Round:
    """Maya types her code."""
    stage.clock.skip(lobby.REST_MS)
    await asyncio.sleep(lobby.SEEN_S)
    used.clear()
    async with AtKiosk(stage.kiosk_url) as resident:
        await resident.go("/kiosk/collect")
        pulses, entries = len(stage.twin.pulses), stage.journal.size()
        work, begin = _worked_ms(stage.computer.pid), monotonic()
        asking = asyncio.create_task(resident.press("/kiosk/collect", code=one.code))
        await lobby.until(lambda: len(stage.twin.pulses) > pulses)
        work = _worked_ms(stage.computer.pid) - work
        await asking
    end = (stage.twin.pulses[pulses].start_ms - stage.clock.offset_ms) / 1_000
    logged = _logged(stage, entries) / 1_000 - (stage.clock.now() / 1_000 - monotonic())
    wire = covered((logged, end), used)
    await lobby.shut(stage, await lobby.opened(stage))
    return Round((end - begin) * 1_000, (logged - begin) * 1_000, wire * 1_000, work)


def _worked_ms(pid: int) -> float:
    """CPU time that all threads of a process have had."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e6


def _logged(stage: Stage, first: int) -> int:
    """When the intent was on its way to the disk, as wall-clock time.

    An event's `time` is when its cause was taken up, its `mono` when it was about to be written;
    for a cause that needs no thought they are the same moment.
    """
    events = stage.journal.events(0)
    start = max(event.time - (event.mono or 0) for event in events)
    return start + next(
        event.mono or 0 for event in events[first:] if event.type is EventType.UNLOCK_REQUESTED
    )


def _stretch_ms() -> float:
    """CPU time of one key stretch."""
    begin = thread_time()
    Argon2id().stretch("12345678", bytes(SALT_BYTES))
    return (thread_time() - begin) * 1_000


def covered(window: Span, spans: Sequence[Span]) -> float:
    """How much of the window lies within any of the spans, which may overlap."""
    total, reached = 0.0, window[0]
    for begin, end in sorted(spans):
        begin, end = max(begin, reached), min(end, window[1])  # noqa: PLW2901 - clipped
        if end > begin:
            total += end - begin
            reached = end
    return total


def run(*, quick: bool) -> Table:
    taken, limit = asyncio.run(_measure(4 if quick else 25))
    stretch = percentile([_stretch_ms() for _ in range(20)], 0.5)
    whole, ours = [one.whole for one in taken], [one.ours for one in taken]
    work = [one.work for one in taken]
    to_log, wire = [one.to_log for one in taken], [one.wire for one in taken]
    table = Table("Code at the kiosk → unlock frame, offline, 160 doors", "python -m bench unlock")
    table.add("rounds", str(len(taken)))
    for name, sample in (
        ("whole", whole),
        ("  the wire: line in use", wire),
        ("  ours", ours),
        ("    of which up to the log", to_log),
    ):
        shown = f"{percentile(sample, 0.5):5.0f} ms   worst {max(sample):5.0f} ms"
        table.add(f"{name}, p50", shown)
    table.add("    CPU time of the bank's computer, p50", f"{percentile(work, 0.5):5.0f} ms")
    table.add("      of which one key stretch (by design), p50", f"{stretch:5.0f} ms")
    table.ratio("wire, worst / its limit at the baud rate", max(wire), limit, goal="≤ 1")
    table.ratio("ours, CPU time, p50 / limit of 20 ms", percentile(work, 0.5), OURS_MS, goal="≤ 1")
    table.ratio("ours, p50 / limit of 20 ms", percentile(ours, 0.5), OURS_MS, goal="≤ 1")
    table.ratio("whole, worst / limit of 150 ms", max(whole), LIMIT_MS, goal="≤ 1")
    return table
