"""The tape of a simulated world: one line for each transition, and one hash over all of them.

    number      time              actor      what                     facts
         1  0 00:00:00.000  north      bank.started             detail=0.1.0
       417  0 08:13:02.113  north      unlock.requested         07 purpose=pickup

`number` counts transitions. `time` is the world's own, days and hours since it began. `actor` is
a bank, `cloud`, a person, or `fault`. `what` is an event of the log, an effect, something a person
does, or what breaks. `facts` begins with the number on the door where there is one; ids are
shortened to their last six characters.

Two runs of one seed write the same tape to the last character, whatever Python hashes strings to.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

LAST_LINES = 60  # what is shown of a run that failed


class Tape:
    """Writes lines; `sink` is told each of them, for `--trace`."""

    def __init__(self, sink: Callable[[str], None] | None = None) -> None:
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self.lines = 0
        self._sink = sink
        self._hash = hashlib.sha256()

    def write(self, at_ms: int, actor: str, what: str, facts: str = "") -> None:
        """Add one line."""
        self.lines += 1
        line = f"{self.lines:>8}  {moment(at_ms)}  {actor:<10} {what:<24} {facts}".rstrip()
        self._hash.update(line.encode() + b"\n")
        self.last.append(line)
        if self._sink is not None:
            self._sink(line)

    @property
    def digest(self) -> str:
        """SHA-256 over all lines so far, hex."""
        return self._hash.hexdigest()


def moment(at_ms: int) -> str:
    """A time of the world: `2 08:13:02.113` is in the morning of the third day."""
    day, rest = divmod(at_ms, DAY_MS)
    hour, rest = divmod(rest, HOUR_MS)
    minute, rest = divmod(rest, MINUTE_MS)
    second, ms = divmod(rest, SECOND_MS)
    return f"{day} {hour:02d}:{minute:02d}:{second:02d}.{ms:03d}"


def short(identifier: str | None) -> str:
    """The end of an id, enough to tell it from its neighbours on a screen."""
    return "-" if identifier is None else identifier[-6:]
