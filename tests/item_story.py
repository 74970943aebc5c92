"""A knife, who has it and what is done with it, as events: what tests of custody begin with."""

from __future__ import annotations

from typing import Any

from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import CompartmentId, ItemId, PersonId
from bayward.core.items import OFFER_LIFE_MS, Holder, HolderKind, OfferKind

_T = EventType
START = 1_800_000_000_000
ITEM = ItemId.of(b"i" * 16)
ANNE, BEN, CARA = (PersonId.of(bytes([number]) * 16) for number in (1, 2, 3))
DOOR = CompartmentId.of(b"d" * 16)
FROM_BANK: dict[str, Any] = {"compartment": DOOR, "parcel": "prc_x", "origin": "o", "detail": "7"}


def told(kind: EventType, at: int = 0, **more: Any) -> Event:
    return Event(type=kind, time=Instant(START + at), item=ITEM, **more)


def new(**more: Any) -> Event:
    return told(_T.ITEM_REGISTERED, actor=ANNE, purpose="evidence", detail="a knife", **more)


def offer(kind: OfferKind = OfferKind.HAND_OVER, **more: Any) -> Event:
    fields = {"actor": ANNE, "purpose": kind.value, "not_after": START + OFFER_LIFE_MS} | more
    return told(_T.CUSTODY_OFFERED, **fields)


def accept(**more: Any) -> Event:
    return told(_T.CUSTODY_ACCEPTED, **({"actor": BEN, "subject": ANNE} | more))


def person(who: str) -> Holder:
    return Holder(HolderKind.PERSON, who)
