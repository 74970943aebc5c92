"""Exported logs: every leaf of a log as lines of text, to be verified as they are read.

The first line is the header, each further line an entry, in the order of the log from index 0
to the last one the checkpoint counts. Every line is one JSON object that ends in a newline,
its members exactly these, each once:

    {"v":1,"kind":"bayward-log","origin":"…","vkey":"…","checkpoint":"<signed note>"}
    {"index":0,"hash":"<base64>","leaf":"<base64>","disclosures":["…",…]}

`hash` is the leaf hash as the log stored it. It proves nothing that the leaf does not prove;
it is there so that a changed leaf can be *named*: the tree of stored hashes still leads to
the signed root, and only this row differs from its hash. `disclosures` opens as many of the
leaf's fields as the reader may see, or none: leaves alone betray nothing, so an export is
always complete, whatever it discloses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.merkle import HASH_BYTES
from bayward.ledger.receipt import disclosure_list
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, base64_text, json_object

KIND = "bayward-log"
LINE_BYTES_MAX = 1024 * 1024
"""A leaf of 64 KiB and its disclosures; a longer line is not of this format."""

_HEADER = {"v": int, "kind": str, "origin": str, "vkey": str, "checkpoint": str}
_ENTRY = {"index": int, "hash": str, "leaf": str, "disclosures": list}


@dataclass(frozen=True, slots=True)
class LogHeader:
    """Which log, whose key, and the checkpoint that the entries must lead to."""

    key: VerifierKey
    checkpoint: str

    @property
    def line(self) -> bytes:
        """The first line, newline included."""
        return _line({
            "v": 1,
            "kind": KIND,
            "origin": self.key.name,
            "vkey": self.key.vkey,
            "checkpoint": self.checkpoint,
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry: its index, the stored leaf hash, the leaf, and what it discloses."""

    index: int
    hash: bytes
    leaf: bytes
    disclosures: tuple[str, ...] = ()

    @property
    def line(self) -> bytes:
        """The entry's line, newline included."""
        return _line({
            "index": self.index,
            "hash": base64_text(self.hash),
            "leaf": base64_text(self.leaf),
            "disclosures": list(self.disclosures),
        })  # fmt: skip


def parse_header(line: bytes) -> LogHeader:
    """Read the first line; raises `Malformed`."""
    found = json_object(_text(line), _HEADER, "export.header")
    if found["v"] != 1 or found["kind"] != KIND:
        raise Malformed("export.header", f"not a {KIND} of version 1")
    key = parse_vkey(found["vkey"])
    if found["origin"] != key.name:
        raise Malformed("export.header", "the key's name is not the origin")
    return LogHeader(key, found["checkpoint"])


def parse_entry(line: bytes) -> LogEntry:
    """Read an entry's line without verifying it; raises `Malformed`."""
    found = json_object(_text(line), _ENTRY, "export.entry")
    stored = base64_bytes(found["hash"], "export.hash")
    if not 0 <= found["index"] <= MAX_NUMBER or len(stored) != HASH_BYTES:
        raise Malformed("export.entry", "no index, or no hash")
    return LogEntry(
        found["index"],
        stored,
        base64_bytes(found["leaf"], "export.leaf"),
        disclosure_list(found["disclosures"], "export.disclosures"),
    )


def bounded_lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    """Lines from a binary file's `readline`, none longer than one byte over the limit.

    The rest of a line that is too long comes as further lines; all of them are refused.
    """
    return iter(lambda: readline(LINE_BYTES_MAX + 1), b"")


def _text(line: bytes) -> str:
    if not line:
        raise Malformed("export.line", "the file is empty")
    if len(line) > LINE_BYTES_MAX or not line.endswith(b"\n"):
        raise Malformed("export.line", "too long, or without a newline at its end")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Malformed("export.line", "not UTF-8") from None


def _line(members: dict[str, object]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
