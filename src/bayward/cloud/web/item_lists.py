"""Lists of items: by state, by kind, by holder, by seal, and what is out and not back."""

from __future__ import annotations

from collections.abc import Mapping

from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.web.asking import You
from bayward.cloud.web.item_powers import sight
from bayward.core.clock import Instant
from bayward.core.items import ItemKind, ItemState

LISTS: Mapping[str, tuple[ItemState, ...]] = {
    "all": (),
    "mine": (),
    "in_hand": (ItemState.HELD, ItemState.OFFERED),
    "stored": (ItemState.STORED,),
    "out": (),
    "outside": (ItemState.OUTSIDE,),
    "interrupted": (),
    "disposed": (ItemState.DISPOSED,),
}
"""List → states; `mine`, `out` and `interrupted` are asked in other ways."""


def wanted(
    key: str,
    you: You,
    now: Instant,
    *,
    text: str = "",
    kind: str = "",
    holder: str = "",
    case: str = "",
    seal: str = "",
) -> Wanted:
    """What a list is to show of what this person may see; "" asks for nothing."""
    return Wanted(
        states=LISTS[key],
        kind=ItemKind(kind) if kind else None,
        holder=holder or None,
        concerns=you.person if key == "mine" else None,
        case=case or None,
        seal=seal or None,
        text=text or None,
        is_out=key == "out",
        is_broken=key == "interrupted",
        sight=sight(you, now),
    )


def place_of(view: ItemView, asked: Wanted) -> str:
    """Where a list goes on after this item (`before` of `items.items`, as text)."""
    at = view.item.out_since if asked.is_out else view.changed_at
    return f"{at}-{view.item.id}"
