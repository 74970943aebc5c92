from __future__ import annotations

import pytest

from bayward.ledger.errors import LedgerError, Malformed, OutOfRange
from bayward.ledger.serve import NEVER_CHANGES, OCTETS, SHORT_LIVED, Served, serve_tile
from bayward.ledger.tiles import decode_bundle, tiles_between
from ledger_bench import refused
from mirror_bench import Source

SOURCE = Source(700)


def serve(path: str, size: int = 700) -> Served:
    return serve_tile(path, size, SOURCE, SOURCE.bundle)


def test_every_tile_of_every_size_is_there() -> None:
    for size in (1, 255, 256, 257, 700):
        for tile in tiles_between(0, size):
            served = serve(tile.path, size)
            assert len(served.body) == tile.width * 32
            assert (served.content_type, served.cache_control) == (OCTETS, NEVER_CHANGES)


def test_bundles_hold_the_entries() -> None:
    assert decode_bundle(serve("tile/entries/000").body, 256) == SOURCE.entries[:256]
    assert decode_bundle(serve("tile/entries/002.p/188").body, 188) == SOURCE.entries[512:]


def test_a_reader_with_an_older_checkpoint_is_served_too() -> None:
    assert serve("tile/0/002.p/5").body == serve("tile/0/002.p/188").body[: 5 * 32]
    assert serve("tile/0/000.p/5").body == serve("tile/0/000").body[: 5 * 32]


@pytest.mark.parametrize(
    "path",
    ["tile/0/002.p/189", "tile/0/003", "tile/1/000.p/3", "tile/2/000.p/1", "tile/entries/003"],
)
def test_what_the_signed_tree_does_not_have(path: str) -> None:
    with refused(OutOfRange, "tile."):
        serve(path)


@pytest.mark.parametrize("path", ["", "tile/0/0", "tile/00/000", "tile/0/000.p/256", "checkpoint"])
def test_paths_that_are_none(path: str) -> None:
    with refused(Malformed, "tile.path"):
        serve(path)


def test_entries_that_are_gone_are_not_made_up() -> None:
    with pytest.raises(LedgerError, match="not there"):
        serve_tile("tile/entries/000", 700, SOURCE, lambda *_: b"")


def test_a_checkpoint_is_asked_for_anew() -> None:
    assert Served.checkpoint("note\n").cache_control == SHORT_LIVED
