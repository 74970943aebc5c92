"""Answers of a log to GET requests (c2sp.org/tlog-tiles): which bytes, and how long they hold.

A checkpoint is replaced all the time and may be kept for seconds. Tiles and bundles never
change: what a path once gave, it gives for ever, so anybody on the way may keep it for a year.
A path that the tree of the *signed* checkpoint does not have is not served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bayward.ledger.dense import HashReader
from bayward.ledger.errors import OutOfRange
from bayward.ledger.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Bundle,
    Tile,
    parse_path,
    read_tile,
)

SHORT_LIVED = "no-cache"
"""Always ask: a stale checkpoint is a false alarm for a monitor."""
NEVER_CHANGES = "public, max-age=31536000, immutable"
TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Served:
    """Bytes with what HTTP has to say about them."""

    body: bytes
    content_type: str
    cache_control: str

    @classmethod
    def checkpoint(cls, note: str) -> Served:
        """A signed checkpoint."""
        return cls(note.encode(), TEXT, SHORT_LIVED)


def serve_tile(
    path: str, size: int, hashes: HashReader, bundle: Callable[[int, int], bytes]
) -> Served:
    """A tile or bundle of the tree of `size` entries.

    `bundle(first, end)` reads entries in the form of a bundle, and gives nothing when they are
    not all there.

    Raises `Malformed` for a path that is none, `OutOfRange` for one that this tree lacks.
    A narrower tile than the tree's is served as long as it is a beginning of it: a reader may
    have an older checkpoint.
    """
    place = parse_path(path)
    level = place.level if isinstance(place, Tile) else 0
    there = (size >> (level * TILE_HEIGHT)) - place.n * TILE_WIDTH
    if place.width > there:
        raise OutOfRange("tile.path", f"{path} is not in a tree of {size}")
    if isinstance(place, Bundle):
        first = place.n * TILE_WIDTH
        found = bundle(first, first + place.width)
        if not found:
            raise OutOfRange("tile.entries", f"entries of {path} are not there")
        return Served(found, OCTETS, NEVER_CHANGES)
    return Served(read_tile(place, hashes), OCTETS, NEVER_CHANGES)
