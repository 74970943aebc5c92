"""How much of a log goes into one upload."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bayward.core.errors import LimitExceeded
from bayward.wire import limits
from bayward.wire.messages import Entry, Letter


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A letter, and the size the log must have for it to go up."""

    size: int
    letter: Letter


def cut(
    first: int, entries: Sequence[Entry], letters: Sequence[DueLetter]
) -> tuple[list[Entry], list[Letter]]:
    """The longest beginning of `entries` (from index `first` on) that fits, and its letters.

    A letter goes up with the entries that bring the log to its size, never before and never
    behind them; those of a smaller size than `first` are on their way already. Raises
    `LimitExceeded("upload.entry")` when not even one entry fits with its letters.
    """
    room = limits.UPLOAD_BYTES_MAX
    taken: list[Letter] = []
    by_size: defaultdict[int, list[Letter]] = defaultdict(list)
    for one in letters:
        by_size[one.size].append(one.letter)
    for count, entry in enumerate(entries[: limits.UPLOAD_ENTRIES_MAX]):
        due = by_size[first + count + 1]
        room -= sum(len(msgspec.json.encode(one, enc_hook=str)) + 1 for one in (entry, *due))
        if room < 0 or len(taken) + len(due) > limits.UPLOAD_LETTERS_MAX:
            if count == 0:
                raise LimitExceeded("upload.entry", index=first)
            return list(entries[:count]), taken
        taken += due
    return list(entries[: limits.UPLOAD_ENTRIES_MAX]), taken
