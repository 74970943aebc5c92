"""The times of a range of a bank's entries, for a pack: what is proven, and what proves it.

    data/bank/times.csv             per entry its own clock, its letter, and its bounds
    data/bank/cosignatures.ndjson   the cosigned checkpoints, one JSON object a line

An entry is `time.suspect` when its clock contradicts its bounds, or the recorder's own counter
ran backwards. A beacon is an entry that holds the SHA-256 of such a note, so a stranger can do the
sum again.

Only banks' logs have it: what is said of their entries never changes once they are accepted,
and a pack must come out the same each time it is made.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence

from bayward.cloud.audit import beacon_store as store
from bayward.cloud.unit import Work
from bayward.core.ids import TenantId
from bayward.ledger.leaf import Value
from bayward.ledger.sandwich import Beacon, Bounds, bounds, has_gone_back
from bayward.ledger.strict import MAX_NUMBER

TIMES, COSIGNATURES = "data/bank/times.csv", "data/bank/cosignatures.ndjson"
_HEADER = ("index", "time", "tq", "not_before", "not_after", "suspect")


def files(
    work: Work,
    tenant: TenantId,
    origin: str,
    shown: Iterable[tuple[int, Mapping[str, Value]]],
    *,
    size: int,
) -> dict[str, bytes]:
    """The two files for these entries of a log of `size`: index and the fields that are shown."""
    beacons = store.beacons(work.tx, tenant, origin)
    kept = _counting(store.all_of(work.tx, tenant, origin), beacons, size)
    covers = [one.cover for one in kept]
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(_HEADER)
    before: tuple[int, int] | None = None
    for index, fields in shown:
        boot, mono = fields.get("boot"), fields.get("mono")
        is_back = False
        if isinstance(boot, int) and isinstance(mono, int):
            is_back = has_gone_back(before, (boot, mono))
            before = boot, mono
        rows.writerow(_row(index, fields, bounds(index, beacons, covers), is_back=is_back))
    lines = [
        json.dumps(
            {"size": one.size, "time": one.time, "witness": one.witness, "note": one.note},
            ensure_ascii=False,
        )
        for one in kept
    ]
    return {
        TIMES: text.getvalue().encode(),
        COSIGNATURES: "".join(f"{line}\n" for line in lines).encode(),
    }


def _counting(
    found: Iterable[store.Kept], beacons: Sequence[Beacon], size: int
) -> list[store.Kept]:
    """Those that bound entries of a log of `size`: the first over each size, and the beacons in it.

    The others come and go (`audit.beacons`), and a pack must come out the same each time.
    """
    logged = {one.time for one in beacons if one.index < size}
    first: set[tuple[int, str]] = set()
    kept: list[store.Kept] = []
    for one in found:  # by size and time
        if one.size <= size and ((one.size, one.witness) not in first or one.time in logged):
            kept.append(one)
        first.add((one.size, one.witness))
    return kept


def _row(
    index: int, fields: Mapping[str, Value], found: Bounds, *, is_back: bool
) -> tuple[object, ...]:
    time, tq = fields.get("time"), fields.get("tq")
    is_time = type(time) is int and 0 <= time <= MAX_NUMBER
    suspect = found.is_suspect(time) if is_time and type(time) is int else None
    if is_back:
        suspect = True
    return (
        index,
        time if is_time else "",
        tq if tq in ("U", "I", "S", "R") else "",
        "" if found.not_before is None else found.not_before,
        "" if found.not_after is None else found.not_after,
        {True: "time.suspect", False: "", None: "unknown"}[suspect],
    )
