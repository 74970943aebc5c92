"""The lines of a long export, read on all cores.

Nine tenths of the work is the way through a line by itself (`ledger.lines`), and no line needs
another for that. Whole chunks of them go to processes of their own, which say of each its index and
hash, or nothing; order, tree and whatever is unusual are for the one who asked. So a verdict
is what it is on one core, to the letter, also when a process dies: its lines are read here.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain

from bayward.ledger.lines import Plain, in_turn, plain_entry

CHUNK_LINES = 1_000
CHUNK_BYTES = 4 * 1024 * 1024  # what waits is bounded, whatever somebody calls a line
AHEAD = 2  # chunks for each process: one in work, one that waits for it


def on_cores(lines: Iterable[bytes], cores: int | None = None) -> Iterator[tuple[bytes, Plain]]:
    """Each line with what `plain_entry` says of it, in their order; a few are read here.

    `cores` None: as many as this program may use.
    """
    cores = cores or usable()
    chunks = in_chunks(lines)
    first = list(next(chunks, ()))
    second = next(chunks, None)
    if second is None or cores < 2 or sys.platform != "linux":  # noqa: PLR2004 - one is no help
        yield from in_turn(chain(first, second or (), chain.from_iterable(chunks)))
        return
    # A fork of this program has everything imported; it is safe where nothing else runs in it.
    pool = ProcessPoolExecutor(cores, multiprocessing.get_context("fork"), initializer=_begin)
    try:
        yield from _in_order(pool, chain((first, second), chunks), cores * AHEAD)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def usable() -> int:
    """How many cores this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines, some at a time."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if len(chunk) >= CHUNK_LINES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


Asked = deque[tuple[list[bytes], Future[list[Plain]] | None]]


def _in_order(
    pool: ProcessPoolExecutor, chunks: Iterable[list[bytes]], ahead: int
) -> Iterator[tuple[bytes, Plain]]:
    asked: Asked = deque()
    for chunk in chunks:
        asked.append((chunk, _ask(pool, chunk)))
        if len(asked) >= ahead:
            yield from _answered(*asked.popleft())
    while asked:
        yield from _answered(*asked.popleft())


def _ask(pool: ProcessPoolExecutor, chunk: list[bytes]) -> Future[list[Plain]] | None:
    try:
        return pool.submit(read_chunk, chunk)
    except BrokenProcessPool:
        return None


def _answered(
    chunk: list[bytes], asked: Future[list[Plain]] | None
) -> Iterator[tuple[bytes, Plain]]:
    try:
        found = None if asked is None else asked.result()
    except BrokenProcessPool:  # out of memory, or killed
        found = None
    return in_turn(chunk) if found is None else zip(chunk, found, strict=True)


def read_chunk(chunk: list[bytes]) -> list[Plain]:
    """What a process does."""
    return [plain_entry(line) for line in chunk]


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asked
