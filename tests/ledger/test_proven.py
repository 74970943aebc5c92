from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.ledger.dense import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    stored_hash_count,
    stored_hash_index,
)
from bayward.ledger.errors import LedgerError, Malformed, OutOfRange, Unverified
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proven import ProvenReader, split_stored_hash_index
from bayward.ledger.tiles import Tile, read_tile
from ledger_bench import refused

SIZE = 70_000
LEAVES = [leaf_hash(b"%d" % n) for n in range(SIZE)]
FULL, HASHES = Frontier().extend(LEAVES)


class Array:
    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [HASHES[index] for index in indexes]


class Tiles:
    """A mirror of tiles that can be bent; counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.asked: list[Tile] = []
        self.bent: dict[Tile, int] = {}

    def read_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
        self.reads += 1
        self.asked = list(tiles)
        found = []
        for tile in tiles:
            content = bytearray(read_tile(tile, Array()))
            if tile in self.bent:
                content[self.bent[tile]] ^= 1
            found.append(bytes(content))
        return found


def reader_of(size: int) -> tuple[ProvenReader, Tiles]:
    tiles = Tiles()
    frontier = Frontier().extend(LEAVES[:size])[0] if size < SIZE else FULL
    return ProvenReader(size, frontier.root, tiles), tiles


def test_places_split_into_level_and_number() -> None:
    for level in range(10):
        for n in range(1200 >> level):
            assert split_stored_hash_index(stored_hash_index(level, n)) == (level, n)
    big = stored_hash_index(3, 2**59)
    assert split_stored_hash_index(big) == (3, 2**59)
    with refused(OutOfRange, "tile.index"):
        split_stored_hash_index(-1)


@given(st.lists(st.integers(0, stored_hash_count(SIZE) - 1), min_size=1, max_size=20))
@settings(max_examples=25)
def test_every_hash_can_be_read_and_is_the_stored_one(indexes: list[int]) -> None:
    reader, tiles = reader_of(SIZE)
    assert reader.read_hashes(indexes) == [HASHES[index] for index in indexes]
    assert tiles.reads == 1


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 65535, 65536, 65537])
def test_sizes_around_full_tiles(size: int) -> None:
    reader, tiles = reader_of(size)
    places = {0, size - 1, size // 2}
    indexes = [stored_hash_index(0, n) for n in places]
    assert reader.read_hashes(indexes) == [LEAVES[n] for n in places]
    assert max(tile.width for tile in tiles.asked) <= 256


def test_a_proof_needs_one_read_of_few_tiles() -> None:
    reader, tiles = reader_of(SIZE)
    assert inclusion_proof(12_345, SIZE, reader) == inclusion_proof(12_345, SIZE, Array())
    assert (tiles.reads, len(tiles.asked)) == (1, 5)
    assert consistency_proof(300, SIZE, reader) == consistency_proof(300, SIZE, Array())
    assert tiles.reads == 2


def test_an_empty_tree_has_no_hashes() -> None:
    reader, _ = reader_of(0)
    assert reader.read_hashes([]) == []
    with refused(OutOfRange, "tile.index"):
        reader.read_hashes([0])


def test_what_is_not_complete_yet_cannot_be_read() -> None:
    reader, tiles = reader_of(300)
    for index in (stored_hash_index(0, 300), stored_hash_index(8, 1), stored_hash_count(300)):
        with refused(OutOfRange, "tile.index"):
            reader.read_hashes([index])
    assert tiles.reads == 0


def test_audit_01_no_tile_can_change() -> None:
    """Whichever tile of the plan is bent, at whatever hash, nothing is handed out."""
    reader, tiles = reader_of(SIZE)
    wanted = [stored_hash_index(0, 12_345)]
    reader.read_hashes(wanted)
    for tile in tiles.asked:
        for at in (0, tile.width * 32 - 1, tile.width * 16):
            tiles.bent = {tile: at}
            with refused(Unverified, "tile"):
                reader.read_hashes(wanted)
    tiles.bent = {}
    assert reader.read_hashes(wanted) == [LEAVES[12_345]]


def test_audit_01_a_recomputed_spine_misses_the_root() -> None:
    """Tiles of another, consistent tree: leaf, parents and edge all fit, only not the root."""
    other = Frontier().extend([leaf_hash(b"forged"), *LEAVES[1:300]])[0]
    reader = ProvenReader(300, other.root, Tiles())
    with refused(Unverified, "tile.edge"):
        reader.read_hashes([0])


def test_tiles_of_another_length_are_refused() -> None:
    class Short(Tiles):
        def read_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
            return [content[:-1] for content in super().read_tiles(tiles)]

    with refused(Malformed, "tile.length"):
        ProvenReader(SIZE, FULL.root, Short()).read_hashes([0])


@given(st.binary(max_size=8192))
@settings(max_examples=25)
def test_any_bytes_as_tiles_are_refused(raw: bytes) -> None:
    class Noise(Tiles):
        def read_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
            return [(raw * 8192)[: tile.width * 32] for tile in tiles]

    with pytest.raises(LedgerError):
        ProvenReader(SIZE, FULL.root, Noise()).read_hashes([0])
