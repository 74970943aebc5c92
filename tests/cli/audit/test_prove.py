"""`bayward audit prove`: proofs from tiles and from databases, checked by other commands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audit_state import JOURNAL, Audit
from bayward.cli.audit.stored import stored_logs
from bayward.ledger.errors import LedgerError
from bayward.ledger.proof import parse_proof
from ledger_bench import LOG
from log_server import Keeper, serving
from mirror_bench import Source

KEY = ("--key", LOG.key.vkey)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with serving(Keeper(Source(700), 700)) as running:
        yield running


@pytest.mark.parametrize("index", [0, 255, 256, 699])
def test_from_tiles(audit: Audit, keeper: Keeper, index: int) -> None:
    code, said = audit("prove", keeper.url, index, *KEY)
    assert code == 0
    said, _, told = said.partition("proven: ")
    assert told == f"entry {index} of {LOG.key.name}, which had 700 entries then\n"
    proof = parse_proof(said)
    assert proof.index == index
    proof.verify(b"entry %d" % index, LOG.key)
    with pytest.raises(LedgerError):
        proof.verify(b"entry %d" % (index + 1), LOG.key)


def test_from_databases_as_a_receipt(
    audit: Audit, cloud_state: Path, edge_state: Path, tmp_path: Path
) -> None:
    file = tmp_path / "receipt.json"
    assert audit("prove", edge_state, 22, "--receipt", "--out", file)[0] == 0
    code, said = audit("verify", file, "--key", JOURNAL.key.vkey)
    assert (code, "entry     22" in said) == (0, True)
    code, said = audit("prove", cloud_state, 0)
    assert code == 2
    assert "--origin" in said
    with stored_logs(cloud_state) as logs:
        origin = next(one.origin for one in logs if "/bank/" in one.origin)
    assert audit("prove", cloud_state, 0, "--origin", origin)[0] == 0


def test_what_does_not_hold_is_not_written(
    audit: Audit, keeper: Keeper, edge_state: Path, tmp_path: Path
) -> None:
    keeper.bent["tile/0/000"] = bytes(8192)
    code, said = audit("prove", keeper.url, 5, *KEY, "--out", tmp_path / "x")
    assert code == 1
    assert "tile." in said
    with closing(sqlite3.connect(edge_state / "journal-1.db")) as db:
        db.execute("DROP TRIGGER hash_keep")
        db.execute("UPDATE hash SET hash = zeroblob(32) WHERE place = 0")
        db.commit()
    assert audit("prove", edge_state, 1)[0] == 1
    assert not (tmp_path / "x").exists()


def test_what_it_cannot_do(audit: Audit, keeper: Keeper, tmp_path: Path) -> None:
    assert audit("prove", keeper.url, 700, *KEY)[0] == 2
    assert audit("prove", keeper.url, -1, *KEY)[0] == 2
    assert audit("prove", keeper.url, 5)[0] == 2
    assert audit("prove", tmp_path / "nowhere", 5, *KEY)[0] == 2
    other = LOG.key.vkey.replace(LOG.key.name, "x")
    assert audit("prove", keeper.url, 5, "--key", other)[0] == 2
