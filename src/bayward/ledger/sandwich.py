"""When did an entry come to be, whatever its own clock says? Between two things from outside.

    not_before    the last beacon above it: an entry that holds the hash of a cosignature, which
                  nobody could know before the witness had made it
    not_after     the first cosignature that covers it: the witness had seen its hash by then

A cosignature's time is in whole seconds, so the lower bound is the beginning of that second and
the upper one its end. Bounds are milliseconds, like the times of events. They say what can be
proven and no more: an entry that was written long after the last beacon, and uploaded long after
it was written, has wide bounds. Nothing is rejected for its time; it is marked.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.errors import Unverified
from bayward.ledger.keys import VerifierKey

SECOND_MS = 1_000
BEACON_AGE_MS = 60 * 60 * SECOND_MS  # a connected bank is given a cosignature four times as often
TOLERANCE_MS = 5 * SECOND_MS  # a synchronised clock is wrong by half a round trip and its drift


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that its log and a known witness have signed; `time` in POSIX seconds."""

    checkpoint: Checkpoint
    witness: str
    time: int
    note: str

    @property
    def digest(self) -> str:
        """What a beacon holds of it: SHA-256 of the note, signatures included, in hex."""
        return hashlib.sha256(self.note.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Beacon:
    """Entry `index` holds a cosignature of `time` (POSIX seconds)."""

    index: int
    time: int


@dataclass(frozen=True, slots=True)
class Cover:
    """A cosignature of `time` (POSIX seconds) over the first `size` entries."""

    size: int
    time: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Milliseconds since 1970; None where nothing from outside says anything."""

    not_before: int | None = None
    not_after: int | None = None

    def is_suspect(self, time: int, tolerance: int = TOLERANCE_MS) -> bool:
        """Does a clock that says `time` contradict what is proven?"""
        if self.not_before is not None and time < self.not_before - tolerance:
            return True
        return self.not_after is not None and time > self.not_after + tolerance

    def is_open_below(self, time: int, limit: int = BEACON_AGE_MS) -> bool:
        """Is there no beacon within `limit` before `time`, as the entry's own clock has it?"""
        return self.not_before is None or time - self.not_before > limit


def open_cosigned(note: str, log: VerifierKey, witnesses: Sequence[VerifierKey]) -> Cosigned:
    """Verify a cosigned checkpoint; raises `Malformed` or `Unverified`.

    With several witnesses the latest time counts: all of them had made theirs by then.
    """
    opened = open_checkpoint(note, log, witnesses)
    times = opened.cosignatures
    if not times:
        raise Unverified("sandwich.uncosigned", "no known witness has signed it")
    witness = max(times, key=lambda name: (times[name], name))
    return Cosigned(opened.checkpoint, witness, times[witness], note)


def bounds(index: int, beacons: Sequence[Beacon], covers: Sequence[Cover]) -> Bounds:
    """The bounds of entry `index`; `beacons` rise by index, `covers` by size."""
    above = bisect_right(beacons, index, key=lambda one: one.index)
    covering = bisect_right(covers, index, key=lambda one: one.size)
    return bounds_of(
        beacons[above - 1].time if above else None,
        covers[covering].time if covering < len(covers) else None,
    )


def has_gone_back(before: tuple[int, int] | None, now: tuple[int, int]) -> bool:
    """Did a recorder's own order run backwards? Each is its number of starts, and ms since then.

    Within one start the counter only grows, and starts are counted up: otherwise the counter was
    reset unseen, or the entries are not all of one recorder.
    """
    return before is not None and now < before


def bounds_of(beacon: int | None, cover: int | None) -> Bounds:
    """The bounds from the times of the beacon above and of the first cosignature that covers."""
    return Bounds(
        None if beacon is None else beacon * SECOND_MS,
        None if cover is None else cover * SECOND_MS + SECOND_MS - 1,
    )
