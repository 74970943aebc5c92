"""What is known of one board, and when to read it again.

A door is known when two readings in a row agree about it, each door for itself: a contact that
bounces holds back its own door and no other. A board that stays silent, retries and all, is
tried less and less often, so that a dead board costs its living neighbours nothing worth
mentioning, and is unknown, all of it, once its last reading is old. Unknown is a value; it is
never a stand-in for closed.
"""

from __future__ import annotations

from bayward.core.clock import Instant
from bayward.core.door import DoorReading, KnownDoor, UnknownDoor, UnknownWhy
from bayward.edge.drivers.timing import BusTiming


class BoardWatch:
    """The doors of one board; times named `_ms` are monotonic."""

    def __init__(self, locks: int, timing: BusTiming, at: Instant) -> None:
        self.due_ms = 0
        self.read_ms: int | None = None  # last good reading; None while unknown
        self._timing = timing
        self._doors: list[DoorReading] = [UnknownDoor(at, UnknownWhy.NEVER_READ)] * locks
        self._confirmed_ms = [-1] * locks
        self._raw: tuple[int, int | None] | None = None
        self._is_doubted = False
        self._watched_until_ms = -1
        self._misses = 0
        self._rest_ms = 0

    def reading(self, lock: int) -> DoorReading:
        """The door as far as it is known."""
        return self._doors[lock]

    def confirmed_ms(self, lock: int) -> int:
        """When the reading of this door was last confirmed; -1 for never."""
        return self._confirmed_ms[lock]

    @property
    def is_urgent(self) -> bool:
        """Whether its next reading settles something: a changed contact, or a retry."""
        is_retry = 0 < self._misses < self._timing.tries_max and not self._rest_ms
        return self._is_doubted or is_retry

    def watch(self, now_ms: int) -> None:
        """Read often from now on, because a door of this board was just unlocked."""
        self._watched_until_ms = now_ms + self._timing.confirm_for_ms
        if self.read_ms is not None:
            self.due_ms = min(self.due_ms, now_ms)

    def heard(self, closed: int, objects: int | None, at: Instant, now_ms: int) -> tuple[int, ...]:
        """Take a good reading; returns the locks whose door is now known to have changed."""
        before, self._raw = self._raw, (closed, objects)
        self.read_ms, self._misses, self._rest_ms = now_ms, 0, 0
        changed = []
        self._is_doubted = False
        for lock in range(len(self._doors)):
            if before is None or (before[0] ^ closed) >> lock & 1:
                self._is_doubted = True
                continue
            is_occupied = self._occupied(lock, before[1], objects)
            known = KnownDoor(bool(closed >> lock & 1), is_occupied, at)
            if _is_other(self._doors[lock], known):
                changed.append(lock)
            self._doors[lock] = known
            self._confirmed_ms[lock] = now_ms
        self.due_ms = now_ms + self._pause_ms(now_ms)
        return tuple(changed)

    def missed(self, at: Instant, now_ms: int) -> tuple[int, ...]:
        """No answer in time; returns the locks whose door has become unknown."""
        self._misses += 1
        self.due_ms = now_ms
        if self._misses < self._timing.tries_max and not self._rest_ms:
            return ()
        good_until_ms = -1 if self.read_ms is None else self.read_ms + self._timing.lost_after_ms
        if now_ms < good_until_ms:
            self._rest_ms = self._timing.rest_first_ms
            self.due_ms = min(now_ms + self._rest_ms, good_until_ms)
            return ()
        rest_ms = max(self._rest_ms * 2, self._timing.rest_first_ms)
        self._rest_ms = min(rest_ms, self._timing.rest_max_ms)
        self.due_ms = now_ms + self._rest_ms
        return self._lost(UnknownWhy.BUS_SILENT, at)

    def port_gone(self, at: Instant) -> tuple[int, ...]:
        """The line itself is gone; returns the locks whose door has become unknown."""
        return self._lost(UnknownWhy.PORT_GONE, at)

    def port_back(self, now_ms: int) -> None:
        """The line is there again: begin as at the start."""
        self._misses, self._rest_ms, self.due_ms = 0, 0, now_ms

    def _lost(self, why: UnknownWhy, at: Instant) -> tuple[int, ...]:
        self._raw, self.read_ms, self._is_doubted = None, None, False
        changed = []
        for lock, door in enumerate(self._doors):
            since = door.since if isinstance(door, UnknownDoor) else at
            unknown = UnknownDoor(since, why)
            if door != unknown:
                changed.append(lock)
            self._doors[lock] = unknown
        return tuple(changed)

    def _occupied(self, lock: int, before: int | None, objects: int | None) -> bool | None:
        """The infrared bit if two readings agree, otherwise what was known before."""
        if objects is None or before is None:
            return None
        if (before ^ objects) >> lock & 1:
            self._is_doubted = True
            door = self._doors[lock]
            return door.is_occupied if isinstance(door, KnownDoor) else None
        return bool(objects >> lock & 1)

    def _pause_ms(self, now_ms: int) -> int:
        if self._is_doubted:
            return self._timing.doubt_ms
        if now_ms < self._watched_until_ms:
            return self._timing.confirm_every_ms
        return self._timing.scan_every_ms


def _is_other(old: DoorReading, new: KnownDoor) -> bool:
    if isinstance(old, UnknownDoor):
        return True
    return (old.is_closed, old.is_occupied) != (new.is_closed, new.is_occupied)
