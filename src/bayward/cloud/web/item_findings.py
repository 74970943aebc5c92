"""What is not whole in the line of custody of an item, in words, and what came after it.

A new seal does not undo that the old one was broken: both are said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bayward.cloud.custody.form import Row
from bayward.cloud.web.item_lines import BREAKS, Story
from bayward.core.events import EventType
from bayward.core.item_chain import DOUBTS
from bayward.core.items import SealFound
from bayward.ui.views.custody import Finding

_BROKEN, _TAKEN = EventType.CUSTODY_BROKEN.value, EventType.CUSTODY_TAKEN.value
_UNKNOWN = "somebody unknown"


def findings(told: Story) -> tuple[Finding, ...]:
    """Every line in red, oldest first; a report that only follows its break is not told twice."""
    return tuple(_found(told.rows))


def _found(rows: Sequence[Row]) -> Iterator[Finding]:
    for row, before in zip(rows, (None, *rows), strict=False):
        if row.is_seal_broken:
            after = _new_seal(row, rows)
            yield Finding(line=row.number, at=row.time, what=_seal(row), after=after, is_seal=True)
        is_told = before is not None and before.is_broken and before.comments == row.comments
        if row.is_broken and not (is_told and row.not_released_by):
            yield Finding(line=row.number, at=row.time, what=_break(row))


def _seal(row: Row) -> str:
    if row.seal_state == SealFound.REPLACED:
        return f"seal {row.seal_before} replaced by {row.seal}, put on by {row.released_by}"
    if row.seal_state == SealFound.MISSING:
        return f"seal {row.seal_before} gone when it came back from {row.released_by}"
    return f"{row.witness or row.by or _UNKNOWN} found seal {row.seal} broken"


def _new_seal(found: Row, rows: Sequence[Row]) -> str:
    """The first seal that was put on afterwards."""
    for row in rows[found.number :]:
        if row.what == EventType.SEAL_APPLIED.value and not row.is_broken:
            return f"new seal {row.seal} put on by {row.by or _UNKNOWN}, line {row.number}"
    return "" if found.seal_state == SealFound.REPLACED else "no new seal since"


def _break(row: Row) -> str:
    if row.what == _TAKEN:
        return f"{row.by or _UNKNOWN} took it over without a hand-over"
    if row.comments in DOUBTS:
        return f"{row.by or _UNKNOWN} {BREAKS[row.comments]}"
    if row.what == _BROKEN:
        return BREAKS.get(row.comments, row.comments)
    return "an entry that does not follow from the ones before"
