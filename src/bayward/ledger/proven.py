"""Reading hashes from tiles that nobody has to trust.

A tile can come from a disk, a mirror or a stranger. `ProvenReader` checks every tile against
the root of a verified checkpoint *before* it hands out a hash, so a caller cannot forget to.

The rightmost, partial tiles of all levels together fold to the root: one comparison proves
them all. A full tile is proven by its parent, in which its own root stands. So each read
plans the wanted tiles, their parents up to the partial ones, and the partial ones; reads them
all at once; and checks from the top down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bayward.ledger.dense import Frontier, stored_hash_index
from bayward.ledger.errors import OutOfRange, Unverified
from bayward.ledger.merkle import node_hash
from bayward.ledger.tiles import LEVEL_MAX, TILE_HEIGHT, TILE_WIDTH, Tile, split_tile


class TileSource(Protocol):
    """Whatever has tiles: a directory, a server, a table."""

    def read_tiles(self, tiles: Sequence[Tile]) -> Sequence[bytes]:
        """The contents of these tiles, in this order, read in one go."""
        ...  # pragma: no cover - a protocol has no body


class ProvenReader:
    """A `HashReader` for the tree of `size` entries with `root`, over untrusted tiles."""

    def __init__(self, size: int, root: bytes, source: TileSource) -> None:
        self._size = size
        self._root = root
        self._source = source
        self._edge = [
            self._tile(level, (size >> (level * TILE_HEIGHT)) // TILE_WIDTH)
            for level in range(LEVEL_MAX + 1)
            if (size >> (level * TILE_HEIGHT)) % TILE_WIDTH
        ]

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """Proven hashes of the dense array.

        Raises `OutOfRange` for a place this tree does not have, `Malformed` or `Unverified`
        when a tile is not what the root says.
        """
        nodes = [split_stored_hash_index(index) for index in indexes]
        for level, n in nodes:
            if (n + 1) << level > self._size:
                raise OutOfRange("tile.index", f"node {n} of level {level} is not complete")
        plan = self._plan([self._home(level, n) for level, n in nodes])
        contents = self._source.read_tiles(plan)
        tiles = {t: split_tile(t, raw) for t, raw in zip(plan, contents, strict=True)}
        self._prove(tiles)
        return [self._pick(tiles, level, n) for level, n in nodes]

    def _plan(self, wanted: Sequence[Tile]) -> list[Tile]:
        """The partial tiles, and every wanted tile with its parents; highest level first."""
        plan = set(self._edge)
        for tile in wanted:
            current = tile
            while current not in plan:
                plan.add(current)
                current = self._parent(current)
        return sorted(plan, key=lambda tile: (-tile.level, tile.n))

    def _prove(self, tiles: dict[Tile, list[bytes]]) -> None:
        peaks = [
            peak for tile in reversed(self._edge) for peak in Frontier().grow(tiles[tile]).peaks
        ]
        if Frontier(self._size, tuple(peaks)).root != self._root:
            raise Unverified("tile.edge", "the partial tiles do not lead to the root")
        for tile, hashes in tiles.items():
            if tile.width == TILE_WIDTH:
                expected = tiles[self._parent(tile)][tile.n % TILE_WIDTH]
                if _fold_complete(hashes) != expected:
                    raise Unverified("tile.content", f"{tile.path} is not in this tree")

    def _pick(self, tiles: dict[Tile, list[bytes]], level: int, n: int) -> bytes:
        height = level % TILE_HEIGHT
        at = (n << height) % TILE_WIDTH
        return _fold_complete(tiles[self._home(level, n)][at : at + (1 << height)])

    def _home(self, level: int, n: int) -> Tile:
        return self._tile(level // TILE_HEIGHT, (n << (level % TILE_HEIGHT)) // TILE_WIDTH)

    def _parent(self, tile: Tile) -> Tile:
        return self._tile(tile.level + 1, tile.n // TILE_WIDTH)

    def _tile(self, level: int, n: int) -> Tile:
        there = (self._size >> (level * TILE_HEIGHT)) - n * TILE_WIDTH
        return Tile(level, n, min(TILE_WIDTH, there))


def split_stored_hash_index(index: int) -> tuple[int, int]:
    """The node (level, n) at a place of the dense array; undoes `stored_hash_index`."""
    if index < 0:
        raise OutOfRange("tile.index", f"{index} is no place")
    n = index // 2
    while stored_hash_index(0, n + 1) <= index:
        n += 1
    level = index - stored_hash_index(0, n)
    return level, n >> level


def _fold_complete(hashes: Sequence[bytes]) -> bytes:
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]
