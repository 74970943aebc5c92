"""The word by which somebody at a kiosk finds the receipt of what he has just done.

The kiosk shows it in a square picture, also with the cable cut: it is a hash of the entry's own
disclosures, so bank and control plane come to the same word without a message between them, and
it commits to the entry. Only who knows each field that it leads to, with the 144-bit salt of
each, can work it out; a published leaf or another receipt of the same entry is not enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from bayward.core.events import EventType
from bayward.core.ids import base32, from_base32
from bayward.ledger.leaf import Disclosure

WORD_BYTES = 20  # 160 bits, in 32 characters: as good a commitment as it is a secret
_CONTEXT = b"bayward receipt word v1\0"
_WHEN_AND_WHERE = ("type", "time", "tq", "compartment", "parcel")
SHOWN: Mapping[EventType, frozenset[str]] = {
    EventType.PARCEL_DEPOSITED: frozenset(
        (*_WHEN_AND_WHERE, "actor", "carrier", "tracking", "size", "method")
    ),
    EventType.PARCEL_COLLECTED: frozenset((*_WHEN_AND_WHERE, "result")),
}
"""What the holder of a word may see, by the type of the entry; never the recipient."""


def shown(kind: EventType, disclosures: Iterable[str]) -> tuple[str, ...]:
    """Those disclosures of an entry that its word leads to; none for another type."""
    names = SHOWN.get(kind, frozenset())
    return tuple(one for one in disclosures if Disclosure.parse(one).name in names)


def word_of(kind: EventType, origin: str, disclosures: Iterable[str]) -> bytes | None:
    """The word of an entry of the log `origin`; None for a type that has no word.

    `disclosures` are the entry's; their order does not matter.
    """
    told = shown(kind, disclosures)
    if not told:
        return None
    text = "\n".join((origin, *sorted(told)))
    return hashlib.sha256(_CONTEXT + text.encode()).digest()[:WORD_BYTES]


def spell(raw: bytes) -> str:
    """The word as it stands in an address."""
    return base32(raw)


def parse(text: str) -> bytes:
    """Read it back; raises `Invalid("id.malformed")` for anything that cannot be one."""
    return from_base32(text, WORD_BYTES)
