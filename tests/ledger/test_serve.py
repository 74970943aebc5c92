from __future__ import annotations

import subprocess

import pytest

from bayward.ledger.dense import tree_hash
from bayward.ledger.errors import LedgerError, Malformed, OutOfRange
from bayward.ledger.serve import NEVER_CHANGES, OCTETS, SHORT_LIVED, Served, serve_tile
from bayward.ledger.strict import base64_text
from bayward.ledger.tiles import decode_bundle, tiles_between
from foreign_witness import program
from ledger_bench import LOG, refused
from log_server import Keeper, serving
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


def read_by_others(keeper: Keeper, *older: str) -> tuple[int, str]:
    """What a reader made of the packages of Go's checksum database says, and how it ends."""
    command = [program("read-log"), keeper.url, LOG.key.vkey, *older]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, (done.stdout or done.stderr).strip()


@pytest.mark.system
def test_gos_checksum_database_reads_a_log_of_ours() -> None:
    """Three levels of tiles; every entry; and an older tree as its beginning."""
    source = Source(70_000)
    for size in (1, 255, 256, 257, 700, 70_000):
        with serving(Keeper(source, size)) as keeper:
            root = base64_text(tree_hash(size, source))
            assert read_by_others(keeper) == (0, f"read {size} {root}")
            for seen in {1, size // 2 or 1, size}:
                told = str(seen), base64_text(tree_hash(seen, source))
                assert read_by_others(keeper, *told)[0] == 0
            fork = str(size), base64_text(bytes(32))
            assert read_by_others(keeper, *fork)[0] == 1


@pytest.mark.system
@pytest.mark.parametrize("path", ["checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/001"])
def test_gos_checksum_database_refuses_what_is_bent(path: str) -> None:
    with serving(Keeper(SOURCE, 700)) as keeper:
        found = keeper.get(path)
        assert found is not None
        at = len(found.body) // 2
        keeper.bent[path] = found.body[:at] + bytes([found.body[at] ^ 1]) + found.body[at + 1 :]
        assert read_by_others(keeper)[0] == 1
