"""Tiles and entry bundles (c2sp.org/tlog-tiles): a log as plain immutable files.

    tile/<L>/<N>             256 consecutive hashes of tree level 8·L, 8 KiB
    tile/<L>/<N>.p/<W>       the rightmost tile of a level, W of its hashes so far
    tile/entries/<N>[.p/<W>] the entries under level-0 tile N, each behind a u16 length

N is written in groups of three digits, all but the last marked with an x (1234067 is
`x001/x234/067`), so that no file is ever in the way of a directory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bayward.ledger.dense import HashReader, stored_hash_index
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.merkle import HASH_BYTES
from bayward.ledger.strict import MAX_NUMBER

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVEL_MAX = 63
ENTRY_BYTES_MAX = 2**16 - 1
"""The length of an entry is a u16 in a bundle."""

_LENGTH_BYTES = 2
_PATH = re.compile(
    r"tile/(?:(?P<level>0|[1-9][0-9]?)|entries)"
    r"/(?P<n>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Place of the entries n·256 … n·256+width-1."""

    n: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check(0, self.n, self.width)

    @property
    def path(self) -> str:
        """Path below the log's prefix."""
        return f"tile/entries/{_place(self.n, self.width)}"


@dataclass(frozen=True, slots=True)
class Tile:
    """Place of `width` consecutive hashes of tree level 8·`level`, from number n·256 on."""

    level: int
    n: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check(self.level, self.n, self.width)

    @property
    def path(self) -> str:
        """Path below the log's prefix."""
        return f"tile/{self.level}/{_place(self.n, self.width)}"

    def stored_indexes(self) -> list[int]:
        """Where the tile's hashes are in the dense array."""
        first = self.n * TILE_WIDTH
        level = self.level * TILE_HEIGHT
        return [stored_hash_index(level, first + i) for i in range(self.width)]


def parse_path(path: str) -> Tile | Bundle:
    """Read a path; raises `Malformed` on any spelling but the one."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise Malformed("tile.path", repr(path[:80]))
    n = int(found["n"].replace("/", "").replace("x", ""))
    width = int(found["width"] or TILE_WIDTH)
    level = found["level"]
    try:
        place = Bundle(n, width) if level is None else Tile(int(level), n, width)
    except OutOfRange as error:
        raise Malformed("tile.path", str(error)) from None
    if place.path != path:
        raise Malformed("tile.path", f"{path!r} is not how it is written")
    return place


def tiles_between(old_size: int, size: int) -> Iterator[Tile]:
    """The tiles a log of `size` serves that one of `old_size` did not have, or had narrower."""
    level, old, new = 0, old_size, size
    while new > old:
        for n in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            yield Tile(level, n, min(TILE_WIDTH, new - n * TILE_WIDTH))
        level, old, new = level + 1, old >> TILE_HEIGHT, new >> TILE_HEIGHT


def read_tile(tile: Tile, reader: HashReader) -> bytes:
    """The content of a tile, from the dense array, in one read."""
    return b"".join(reader.read_hashes(tile.stored_indexes()))


def split_tile(tile: Tile, content: bytes) -> list[bytes]:
    """The hashes of a tile; raises `Malformed` unless there are exactly `width` of them."""
    if len(content) != tile.width * HASH_BYTES:
        raise Malformed("tile.length", f"{len(content)} bytes in {tile.path}")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The content of a bundle; raises `OutOfRange` for an entry over 65,535 bytes."""
    _check(0, 0, len(entries))
    parts: list[bytes] = []
    for entry in entries:
        check_entry(entry)
        parts += (len(entry).to_bytes(_LENGTH_BYTES, "big"), entry)
    return b"".join(parts)


def decode_bundle(content: bytes, width: int) -> list[bytes]:
    """The entries of a bundle; raises `Malformed` unless there are exactly `width` of them."""
    entries: list[bytes] = []
    at = 0
    while at < len(content) and len(entries) < width:
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(content[at:start], "big")
        entries.append(content[start:at])
    if at != len(content) or len(entries) != width:
        raise Malformed("bundle.length", f"not exactly {width} entries")
    return entries


def check_entry(entry: bytes) -> None:
    """Raise `OutOfRange` for an entry that no bundle could carry."""
    if len(entry) > ENTRY_BYTES_MAX:
        raise OutOfRange("entry.length", f"{len(entry)} bytes")


def _check(level: int, n: int, width: int) -> None:
    if not (0 <= level <= LEVEL_MAX and 0 <= n <= MAX_NUMBER and 0 < width <= TILE_WIDTH):
        raise OutOfRange("tile.place", f"level {level}, n {n}, width {width}")


def _place(n: int, width: int) -> str:
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
