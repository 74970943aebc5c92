"""The short way through a line of an export or of a pack, when nothing about it is unusual.

Nearly every line is spelled as our own writers do it, and holds. Here it is proven in a handful
of calls: what the line must contain is made anew from its disclosures, and compared with what it
does contain. Where that does not succeed there is None, which says nothing about the line: the
caller goes the long way (`export.parse_entry`, `pack.records.parse_record`, `leaf.open_leaf`),
which reads it or names what is wrong with it. So whatever is accepted here, the long way accepts:

- The expressions are the one way in which `json.dumps` writes a line, between the quotes. What is
  between them holds nothing that JSON escapes, since it is compared with base64 or decoded as such.
- `hash` and `leaf` are compared with the base64 of the leaf hash and of the leaf. A leaf that is
  made anew is in its one spelling; one that withholds fields is read as the long way does.
- The disclosures are proven to be plain fields by `plain`, and their digests to be in the leaf.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from bayward.ledger.errors import LedgerError
from bayward.ledger.export import LINE_BYTES_MAX
from bayward.ledger.leaf import digests_of, leaf_of, parse_leaf
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.plain import are_plain
from bayward.ledger.strict import base64_ascii, base64_bytes

Plain: TypeAlias = tuple[int, bytes] | None
"""Index and leaf hash of a line that holds in every respect; None says nothing about it."""

_INDEX = rb'\{"index":(0|[1-9][0-9]{0,17})'
_SHOWN = rb'"leaf":"([^"]*)","disclosures":\[(?:"(.*)")?\]'
_ENTRY = re.compile(_INDEX + rb',"hash":"([^"]{44})",' + _SHOWN + rb"\}\n")
_RECORD = re.compile(_INDEX + rb"," + _SHOWN + rb',"withheld":(0|[1-9][0-9]{0,2})\}\n')


def in_turn(lines: Iterable[bytes]) -> Iterator[tuple[bytes, Plain]]:
    """Each line of an export with what is said of it, one after another."""
    return ((line, plain_entry(line)) for line in lines)


def plain_entry(line: bytes) -> Plain:
    """Index and leaf hash of an export's line that holds in every respect; or None."""
    found = _ENTRY.fullmatch(line) if len(line) <= LINE_BYTES_MAX else None
    if found is None:
        return None
    index, stored, spelled, shown = found.groups()
    proven = _proven(spelled, shown)
    if proven is None or base64_ascii(proven[0]) != stored:
        return None
    return int(index), proven[0]


def plain_record(line: bytes) -> Plain:
    """The same for a line of a pack."""
    found = _RECORD.fullmatch(line) if len(line) <= LINE_BYTES_MAX else None
    if found is None:
        return None
    index, spelled, shown, withheld = found.groups()
    proven = _proven(spelled, shown)
    if proven is None or proven[1] != int(withheld):
        return None
    return int(index), proven[0]


def _proven(spelled: bytes, shown: bytes | None) -> tuple[bytes, int] | None:
    """The hash of a leaf, and how many fields are withheld; or None."""
    texts = [] if shown is None else shown.split(b'","')
    if not are_plain(texts):
        return None
    digests = digests_of(texts)
    try:
        leaf = leaf_of(digests)
        if base64_ascii(leaf) == spelled:
            return leaf_hash(leaf), 0
        leaf = base64_bytes(spelled.decode("ascii", "replace"), "line.leaf")
        committed = frozenset(parse_leaf(leaf))
    except LedgerError:
        return None
    if not committed.issuperset([one.decode("ascii") for one in digests]):
        return None
    return leaf_hash(leaf), len(committed) - len(digests)
