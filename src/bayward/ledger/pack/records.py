"""The records of a pack: every entry of a range, one JSON object a line.

    {"index":500,"leaf":"<base64>","disclosures":["…"],"withheld":9}

`withheld` is how many fields of the leaf are not shown here. A count that fits tells the reader
that what is missing was left out on purpose; the leaf alone says how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bayward.ledger.errors import Malformed
from bayward.ledger.export import LINE_BYTES_MAX
from bayward.ledger.leaf import parse_leaf
from bayward.ledger.receipt import disclosure_list
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, base64_text, json_object

_MEMBERS = {"index": int, "leaf": str, "disclosures": list, "withheld": int}


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: where it is, the leaf, and what it discloses."""

    index: int
    leaf: bytes
    disclosures: tuple[str, ...]
    withheld: int

    @classmethod
    def of(cls, index: int, leaf: bytes, disclosures: tuple[str, ...]) -> Record:
        """A record that counts by itself what it withholds."""
        return cls(index, leaf, disclosures, len(parse_leaf(leaf)) - len(disclosures))

    @property
    def line(self) -> bytes:
        """The record's line, newline included."""
        members = {
            "index": self.index,
            "leaf": base64_text(self.leaf),
            "disclosures": list(self.disclosures),
            "withheld": self.withheld,
        }
        return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def parse_record(line: bytes) -> Record:
    """Read a record's line without verifying it; raises `Malformed`."""
    if len(line) > LINE_BYTES_MAX or not line.endswith(b"\n"):
        raise Malformed("record.line", "too long, or without a newline at its end")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise Malformed("record.line", "not UTF-8") from None
    found = json_object(text, _MEMBERS, "record.form")
    if not 0 <= found["index"] <= MAX_NUMBER:
        raise Malformed("record.index", "no index")
    return Record(
        found["index"],
        base64_bytes(found["leaf"], "record.leaf"),
        disclosure_list(found["disclosures"], "record.disclosures"),
        found["withheld"],
    )


def lines_of(raw: bytes) -> Iterator[bytes]:
    """The lines of a file, each with its newline; the last one may have none."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start) + 1 or len(raw)
        yield raw[start:end]
        start = end
