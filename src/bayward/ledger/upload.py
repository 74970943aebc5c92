"""The body of `add-entries` (c2sp.org/tlog-mirror): entries on their way to a mirror.

    u16 length ‖ origin ‖ u64 start ‖ u64 end ‖ u16 length ‖ ticket ‖ packages

Start and end cut the log into packages, at every multiple of 256: which entry is in which
package follows from the two numbers. A package is its entries, each behind a u16 length, then
one byte that counts hashes, then the hashes: the proof that the block up to the package's end
is part of the tree of `end` entries. So a mirror can believe and keep one package after the
other, and a request may stop after any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bayward.ledger.dense import HashReader, subtree_consistency_proof
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.merkle import HASH_BYTES
from bayward.ledger.strict import MAX_NUMBER
from bayward.ledger.tiles import TILE_WIDTH, check_entry

PACKAGES_MAX = 32
"""What a client should send at once; the rest follows in further requests."""
HASHES_MAX = 63
_U16_MAX = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Header:
    """Which entries of which log; `ticket` is what the mirror gave us, or nothing."""

    origin: str
    start: int
    end: int
    ticket: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= MAX_NUMBER:
            raise Malformed("upload.range", f"[{self.start}, {self.end})")

    def encode(self) -> bytes:
        """The bytes before the packages."""
        return b"".join((
            _prefixed(self.origin.encode(), "upload.origin"),
            self.start.to_bytes(8, "big"),
            self.end.to_bytes(8, "big"),
            _prefixed(self.ticket, "upload.ticket"),
        ))  # fmt: skip

    def places(self) -> Iterator[Place]:
        """The packages this header announces, in order; none when there is nothing to bring."""
        if self.start == self.end:
            return
        for block in range(self.start - self.start % TILE_WIDTH, self.end, TILE_WIDTH):
            yield Place(block, max(self.start, block), min(self.end, block + TILE_WIDTH))


@dataclass(frozen=True, slots=True)
class Place:
    """The entries [`first`, `end`) of one package, in the block that begins at `block`."""

    block: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Package:
    """A package: nothing of it is believed until the proof holds."""

    place: Place
    entries: tuple[bytes, ...]
    proof: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The package as it is sent; raises `OutOfRange` for an entry over 65,535 bytes."""
        for entry in self.entries:
            check_entry(entry)
        parts = [_prefixed(entry, "upload.entry") for entry in self.entries]
        return b"".join((*parts, bytes([len(self.proof)]), *self.proof))


def parse_header(body: bytes) -> tuple[Header, int]:
    """Read a header, and say where the packages begin; raises `Malformed`."""
    reader = _Reader(body, 0)
    try:
        origin = reader.prefixed().decode()
        start, end = reader.number(8), reader.number(8)
        return Header(origin, start, end, reader.prefixed()), reader.at
    except (_Ended, UnicodeDecodeError):
        raise Malformed("upload.header", "too short, or an origin that is not UTF-8") from None


def parse_packages(body: bytes, at: int, header: Header) -> Iterator[Package]:
    """The packages that are there, as far as they are complete.

    Ends early when the body does; what is behind the last package is not read. Raises
    `Malformed` for a proof of more than 63 hashes.
    """
    reader = _Reader(body, at)
    for place in header.places():
        try:
            entries = tuple(reader.prefixed() for _ in range(place.first, place.end))
            count = reader.number(1)
            if count > HASHES_MAX:
                raise Malformed("upload.proof", f"{count} hashes")
            proof = tuple(reader.take(HASH_BYTES) for _ in range(count))
        except _Ended:
            return
        yield Package(place, entries, proof)


def build(
    header: Header,
    entries: Callable[[int, int], Sequence[bytes]],
    hashes: HashReader,
    packages_max: int = PACKAGES_MAX,
) -> bytes:
    """A request with the first packages of the entries `header` names.

    `entries(first, end)` reads them from the log whose dense array `hashes` reads.
    """
    parts = [header.encode()]
    for count, place in enumerate(header.places()):
        if count == packages_max:
            break
        found = tuple(entries(place.first, place.end))
        if len(found) != place.end - place.first:
            raise OutOfRange("upload.entries", f"[{place.first}, {place.end}) is not there")
        proof = subtree_consistency_proof(place.block, place.end, header.end, hashes)
        parts.append(Package(place, found, tuple(proof)).encode())
    return b"".join(parts)


class _Ended(Exception):
    """The body ends before the value does."""


class _Reader:
    def __init__(self, body: bytes, at: int) -> None:
        self._body = body
        self.at = at

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._body):
            raise _Ended
        self.at, start = end, self.at
        return self._body[start:end]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def prefixed(self) -> bytes:
        return self.take(self.number(2))


def _prefixed(raw: bytes, code: str) -> bytes:
    if len(raw) > _U16_MAX:
        raise Malformed(code, f"{len(raw)} bytes")
    return len(raw).to_bytes(2, "big") + raw
