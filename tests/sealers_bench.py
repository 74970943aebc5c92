"""Events for sealing processes, and whether what comes back opens them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bayward.cloud.storage.log_store.sealer import Lines
from bayward.cloud.storage.log_store.sealers import HERE_MAX, Sealers
from bayward.ledger.leaf import Value, open_leaf

MANY = 4 * HERE_MAX


def fields(n: int) -> dict[str, Value]:
    return {"type": "door.opened", "seq": n, "actor": f"Ann {n}", "of": [n, {"a": None}]}


def opened(lines: Lines) -> dict[str, Value]:
    leaf, texts = lines
    return open_leaf(leaf, texts.decode().split("\n"))


async def seal_many(pool: Sealers, count: int = MANY) -> list[Lines]:
    return await asyncio.gather(*(pool.seal(fields(n)) for n in range(count)))


def are_right(every: Sequence[Lines]) -> bool:
    return [opened(one) for one in every] == [fields(n) for n in range(len(every))]


def open_files() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())
