"""The custody form in a pack: the rows of the page, of those entries that are handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Protocol

from bayward.cloud.custody import form
from bayward.cloud.custody.form import Row, Told
from bayward.cloud.unit import Place
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import ItemId
from bayward.core.items import Holder

NOT_HERE = "(not in this pack)"
_MOVES = frozenset({
    EventType.CUSTODY_ACCEPTED, EventType.CUSTODY_RELEASED, EventType.CUSTODY_STORED,
    EventType.CUSTODY_FETCHED, EventType.CUSTODY_RETURNED, EventType.CUSTODY_TAKEN,
})  # fmt: skip


class Line(Protocol):
    """One event of an item; `is_shown`: its entry is in the pack."""

    @property
    def place(self) -> Place:
        """Where it stands."""
        ...

    @property
    def event(self) -> Event:
        """What happened."""
        ...

    @property
    def is_shown(self) -> bool:
        """Whether it becomes a row."""
        ...


def rows(lines: Sequence[Line]) -> list[Mapping[str, str]]:
    """The form of one item as text, oldest event first; without the lines that are not shown."""
    found = form.rows((Told(one.place, one.event) for one in lines), _name)
    return [
        {"item": _label(one.event), **_cells(row)}
        for row, one in zip(found, lines, strict=True)
        if one.is_shown
    ]


def _cells(row: Row) -> dict[str, str]:
    cells = {name: _plain(value) for name, value in asdict(row).items()}
    cells["time"] = _time(row.time)
    if row.what in _MOVES and not row.released_by and not row.received_by:
        cells["released_by"] = cells["received_by"] = NOT_HERE  # one unnamed to another
    if cells["not_released_by"]:
        who = f"not released by {cells['not_released_by']}, done by {cells['by'] or 'nobody known'}"
        cells["comments"] = f"{cells['comments']}; {who}"
    return cells


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOT_HERE if value == ERASED else str(value)


def _name(holder: Holder) -> str:
    return NOT_HERE if holder.called == ERASED else holder.called


def _label(event: Event) -> str:
    return ItemId(event.item or "").label


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
