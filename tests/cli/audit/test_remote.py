"""Fetching a log: over HTTP and from a directory, within limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bayward.cli.audit.remote import TRIES_MAX, RemoteLog, Unreachable
from bayward.ledger.dense import tree_hash
from bayward.ledger.proven import ProvenReader
from bayward.ledger.tiles import Bundle, Tile, tiles_between
from log_server import Keeper, serving
from mirror_bench import Source

SOURCE = Source(700)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with serving(Keeper(SOURCE, 700)) as running:
        yield running


def test_a_log_over_http(keeper: Keeper) -> None:
    with RemoteLog(keeper.url + "/") as log:
        assert log.checkpoint() == SOURCE.note(700)
        root = tree_hash(700, SOURCE)
        assert tree_hash(700, ProvenReader(700, root, log)) == root
        assert log.entries(Bundle(2, 188)) == SOURCE.entries[512:]


def test_a_log_in_a_directory(tmp_path: Path, keeper: Keeper) -> None:
    for tile in tiles_between(0, 700):
        served = keeper.get(tile.path)
        assert served is not None
        (tmp_path / tile.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / tile.path).write_bytes(served.body)
    with RemoteLog(str(tmp_path)) as log:
        root = tree_hash(700, SOURCE)
        assert tree_hash(700, ProvenReader(700, root, log)) == root
        with pytest.raises(Unreachable, match="not found"):
            log.checkpoint()


def test_a_partial_tile_that_has_become_full(keeper: Keeper) -> None:
    keeper.statuses["tile/0/000.p/5"] = 404
    with RemoteLog(keeper.url) as log:
        (content,) = log.read_tiles([Tile(0, 0, 5)])
    assert content == b"".join(SOURCE.hashes[place] for place in (0, 1, 3, 4, 7))


def test_a_server_that_asks_for_patience_gets_it(keeper: Keeper) -> None:
    waits: list[float] = []
    keeper.statuses["checkpoint"] = 429

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            del keeper.statuses["checkpoint"]

    with RemoteLog(keeper.url, pause=pause) as log:
        assert log.checkpoint() == SOURCE.note(700)
    assert waits == [1, 1, 1]
    keeper.statuses["checkpoint"] = 429
    with (
        RemoteLog(keeper.url, pause=waits.append) as log,
        pytest.raises(Unreachable, match="too busy"),
    ):
        log.checkpoint()
    assert len(waits) == 3 + TRIES_MAX


def test_limits_and_refusals(keeper: Keeper, tmp_path: Path) -> None:
    with RemoteLog(keeper.url) as log:
        keeper.bent["tile/0/000"] = bytes(8193)
        with pytest.raises(Unreachable, match="more than 8192"):
            log.read_tiles([Tile(0, 0)])
        keeper.statuses["tile/0/001"] = 302
        with pytest.raises(Unreachable, match="HTTP 302"):
            log.read_tiles([Tile(0, 1)])
    (tmp_path / "checkpoint").write_bytes(bytes(200_000))
    with RemoteLog(str(tmp_path)) as log, pytest.raises(Unreachable, match="more than"):
        log.checkpoint()
    (tmp_path / "checkpoint").unlink()
    (tmp_path / "checkpoint").mkdir()
    with RemoteLog(str(tmp_path)) as log, pytest.raises(Unreachable, match="directory"):
        log.checkpoint()
