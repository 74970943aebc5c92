"""The custody form in a pack: the rows of the page, of those entries that are handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from bayward.cloud.custody import form
from bayward.cloud.custody.form import Names, Row, Told
from bayward.cloud.unit import Place
from bayward.core.events import Event, EventType
from bayward.core.ids import ItemId

NOT_HERE = "(not in this pack)"
PLAIN = Names(gone=NOT_HERE)
_MOVES = frozenset({
    EventType.CUSTODY_ACCEPTED, EventType.CUSTODY_RELEASED, EventType.CUSTODY_STORED,
    EventType.CUSTODY_FETCHED, EventType.CUSTODY_RETURNED, EventType.CUSTODY_TAKEN,
})  # fmt: skip
_SIDES = ("released_by", "released_by_id", "received_by", "received_by_id")


class Line(Protocol):
    """One event of an item; `is_shown`: its entry is in the pack.

    `event` is as much of it as the rules need, `told` as much as may be told.
    """

    @property
    def place(self) -> Place:
        """Where it stands."""
        ...

    @property
    def event(self) -> Event:
        """What happened."""
        ...

    @property
    def told(self) -> Event:
        """The same without what is kept back."""
        ...

    @property
    def is_shown(self) -> bool:
        """Whether it becomes a row."""
        ...


def rows(lines: Sequence[Line], names: Names = PLAIN) -> list[Mapping[str, str]]:
    """The form of one item as text, oldest event first; without the lines that are not shown."""
    if not lines:
        return []
    first = lines[0]
    begun = first.told if first.is_shown and first.told.type is EventType.ITEM_REGISTERED else None
    head = asdict(form.facts(ItemId(first.event.item or ""), begun, names))
    found = form.rows((Told(one.place, one.event, one.told) for one in lines), names)
    return [
        {**head, **_cells(row, names)}
        for row, one in zip(found, lines, strict=True)
        if one.is_shown
    ]


def _cells(row: Row, names: Names) -> dict[str, str]:
    cells = {name: _plain(value) for name, value in asdict(row).items()}
    if row.what in _MOVES and not row.released_by and not row.received_by:
        cells |= dict.fromkeys(_SIDES, names.gone)  # one unnamed to another
    if row.seal_state == names.gone:
        cells["is_seal_broken"] = names.gone
    return cells


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
