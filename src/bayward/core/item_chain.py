"""The line of custody of an item: its log along `item_rules`, and where it is not whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bayward.core.errors import Conflict, Invalid
from bayward.core.events import Event, EventType
from bayward.core.item_rules import (
    BREAKS,
    NOT_IN_THERE,
    NOT_THE_HOLDER,
    doubts,
    follow,
    registered,
)
from bayward.core.items import NOBODY, Holder, Item, SealFound, SealState

REPORTS = frozenset({EventType.CUSTODY_STORED, EventType.CUSTODY_FETCHED})
"""What only a bank says of an item."""
DOUBTS = frozenset({NOT_THE_HOLDER, NOT_IN_THERE})
LOOKS = frozenset({
    EventType.CUSTODY_ACCEPTED, EventType.CUSTODY_RELEASED, EventType.CUSTODY_RETURNED,
    EventType.SEAL_CHECKED, EventType.ITEM_DISPOSED,
})  # fmt: skip
"""With these somebody says what he found where the record has a seal, in `result`."""
FAILED = frozenset({SealState.BROKEN.value, *(one.value for one in SealFound)})


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the custody of an item: who had it before, and after.

    `doubt`: a bank reported it against the record (`item_rules.doubts`), so who had it before did
    not give it away. `is_seal_broken`: who wrote this line found the seal broken or changed.
    """

    event: Event
    before: Holder
    after: Holder
    is_broken: bool = False
    doubt: str | None = None
    is_seal_broken: bool = False


def chain(events: Iterable[Event]) -> tuple[Link, ...]:
    """The line of custody, oldest event first; what the rules do not allow is a broken link."""
    links: list[Link] = []
    item: Item | None = None
    for event in events:
        before = NOBODY if item is None else item.holder
        is_look = item is not None and item.seal is not None and event.type in LOOKS
        doubt = None if item is None else doubts(item, event) or _said_before(links, event)
        try:
            item = registered(event) if item is None else follow(item, event)
        except (Conflict, Invalid):
            links.append(Link(event, before, before, is_broken=True))
            continue
        is_broken = event.type in BREAKS or doubt is not None
        links.append(
            Link(
                event,
                before,
                item.holder,
                is_broken=is_broken,
                doubt=doubt,
                is_seal_broken=is_look and event.result in FAILED,
            )
        )
    return tuple(links)


def _said_before(links: list[Link], event: Event) -> str | None:
    """The doubt told just before a report: one by who was erased tells none itself."""
    if not links or event.type not in REPORTS:
        return None
    last = links[-1].event
    is_of_it = last.type is EventType.CUSTODY_BROKEN and last.time == event.time
    return last.reason if is_of_it and last.reason in DOUBTS else None
