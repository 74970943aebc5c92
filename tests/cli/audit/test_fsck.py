"""`bayward audit fsck` on real databases that somebody has changed (audit cases 1 to 4)."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audit_state import JOURNAL, Audit
from bayward.cli.audit.stored import stored_logs
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.tiles import tiles_between
from ledger_bench import LOG
from log_server import Keeper, serving
from mirror_bench import Source

LEAF = "UPDATE entry SET leaf"
MOVED = (
    "UPDATE entry SET disclosures = (SELECT disclosures FROM entry WHERE place = 51) "
    "WHERE place = 50"
)


def change(state: Path, *statements: str, **values: object) -> None:
    """Whoever owns the machine needs no permission: triggers first."""
    with closing(sqlite3.connect(state / "journal-1.db")) as db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement, values)
        db.commit()


def note_of(state: Path) -> str:
    with stored_logs(state) as (log,):
        return log.header.checkpoint


def test_whole_state_directories_verify(audit: Audit, cloud_state: Path, edge_state: Path) -> None:
    code, said = audit("fsck", edge_state, "--key", JOURNAL.key.vkey)
    assert code == 0
    assert "600 entries" in said
    assert "one you gave" in said
    code, said = audit("fsck", cloud_state)
    assert code == 0, said
    assert said.count("VERIFIES") == 3, "two tenants' logs and a bank's"
    with stored_logs(cloud_state) as logs:
        origin = next(one.origin for one in logs if "/bank/" in one.origin)
    code, said = audit("fsck", cloud_state, "--origin", origin, "--json")
    (verdict,) = [json.loads(line) for line in said.splitlines()]
    assert (verdict["ok"], verdict["origin"]) == (True, origin)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (f"{LEAF} = CAST(leaf || ' ' AS BLOB) WHERE place = 50", "body/leaf mismatch at 50"),
        ("UPDATE hash SET hash = zeroblob(32) WHERE place = 2", "tree hash mismatch: stored"),
        ("DELETE FROM hash WHERE place = 2", "tree hash mismatch"),
        ("DELETE FROM entry WHERE place = 50", "gap at 50"),
        ("DELETE FROM entry WHERE place >= 590", "size mismatch: checkpoint 600 vs 590 entries"),
        ("UPDATE head SET size = 599", "size mismatch: the head says 599"),
        ("UPDATE head SET note = replace(note, '600', '599')", "signature invalid"),
        (MOVED, "disclosure does not match leaf at 50"),
    ],
)  # fmt: skip
def test_audit_01_02_each_change_is_named(
    audit: Audit, edge_state: Path, statement: str, fault: str
) -> None:
    change(edge_state, statement)
    code, said = audit("fsck", edge_state)
    assert code == 1
    assert fault in said
    assert ("tree hash" in said) == (" hash " in statement), "an entry is to blame, not the tree"
    assert "DOES NOT VERIFY" in said


def test_audit_01_a_changed_leaf_with_its_hash_fixed_up(audit: Audit, edge_state: Path) -> None:
    with stored_logs(edge_state) as (log,):
        leaf = log.read_entries(7, 8)[0]
    change(
        edge_state,
        "UPDATE entry SET leaf = :leaf WHERE place = 50",
        "UPDATE hash SET hash = :hash WHERE place = 97",
        leaf=leaf,
        hash=leaf_hash(leaf),
    )
    code, said = audit("fsck", edge_state)
    assert code == 1
    assert "root mismatch at 600" in said
    assert "body/leaf" not in said


def cut(state: Path, size: int) -> str:
    """Set a journal back to `size` entries, checkpoint and all; needs the key."""
    with stored_logs(state) as (log,):
        leaves = log.read_entries(0, size)
    frontier, stored = Frontier().extend(leaf_hash(one) for one in leaves)
    note = sign_checkpoint(Checkpoint(JOURNAL.key.name, size, frontier.root), [JOURNAL])
    change(
        state,
        "DELETE FROM entry WHERE place >= :size",
        "DELETE FROM hash WHERE place >= :hashes",
        "UPDATE head SET size = :size, root = :root, note = :note",
        size=size,
        hashes=len(stored),
        root=frontier.root,
        note=note,
    )
    return note


def test_audit_03_a_perfect_rollback_is_known_only_from_outside(
    audit: Audit, edge_state: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older.note"
    older.write_text(note_of(edge_state))
    memory = ["--name", "example.com/me", "--state", tmp_path / "me", "--key", JOURNAL.key.vkey]
    files = tmp_path / "served"
    files.mkdir()
    (files / "checkpoint").write_text(note_of(edge_state))
    assert audit("witness", "pull", files, *memory)[0] == 0
    cut(edge_state, 400)
    code, said = audit("fsck", edge_state, "--key", JOURNAL.key.vkey)
    assert code == 0
    assert "a log cut short together with its checkpoint looks like an earlier one" in said
    for outside in (("--older", older), ("--witness", tmp_path / "me")):
        code, said = audit("fsck", edge_state, "--key", JOURNAL.key.vkey, *outside)
        assert code == 1
        assert "rollback at 600: the log had 600 entries in what you kept, 400 here" in said


def test_audit_04_a_restored_backup_that_goes_on_is_a_fork(
    audit: Audit, edge_state: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older.note"
    older.write_text(note_of(edge_state))
    with stored_logs(edge_state) as (log,):
        leaves = log.read_entries(0, 400)
        disclosed = [one.disclosures for one in log.entries()]
    leaves += leaves[:300]
    frontier, stored = Frontier().extend(leaf_hash(one) for one in leaves)
    note = sign_checkpoint(Checkpoint(JOURNAL.key.name, 700, frontier.root), [JOURNAL])
    change(edge_state, "DELETE FROM entry", "DELETE FROM hash")
    with closing(sqlite3.connect(edge_state / "journal-1.db")) as db:
        for place, leaf in enumerate(leaves):
            column = "~".join(disclosed[place if place < 400 else place - 400])
            db.execute("INSERT INTO entry VALUES (?, ?, ?)", (place, leaf, column))
        db.executemany("INSERT INTO hash VALUES (?, ?)", enumerate(stored))
        db.execute("UPDATE head SET size = 700, root = ?, note = ?", (frontier.root, note))
        db.commit()
    assert audit("fsck", edge_state)[0] == 0
    code, said = audit("fsck", edge_state, "--older", older)
    assert code == 1
    assert "fork at 600" in said


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with serving(Keeper(Source(700, b'{"_sd":[],"v":1}'), 600)) as running:
        yield running


def test_a_log_over_http(audit: Audit, keeper: Keeper) -> None:
    key = ("--key", LOG.key.vkey)
    code, said = audit("fsck", keeper.url, *key)
    assert code == 0, said
    assert "read      600 entries" in said
    keeper.bent["tile/0/001"] = bytes(8192)
    code, said = audit("fsck", keeper.url, *key)
    assert code == 1
    assert "tree hash mismatch at 256" in said
    keeper.bent.clear()
    whole = keeper.get("tile/entries/000")
    assert whole is not None
    keeper.bent["tile/entries/000"] = whole.body[:-1] + b"]"
    code, said = audit("fsck", keeper.url, *key)
    assert code == 1
    assert "body/leaf mismatch at 255" in said
    keeper.note = keeper.source.note(600).replace("\n600\n", "\n601\n")
    code, said = audit("fsck", keeper.url, *key)
    assert code == 1
    assert "signature invalid" in said


def test_a_copied_log_in_a_directory(audit: Audit, keeper: Keeper, tmp_path: Path) -> None:
    paths = [tile.path for tile in tiles_between(0, 600)]
    paths += [path.replace("tile/0/", "tile/entries/") for path in paths if "tile/0/" in path]
    for path in (*paths, "checkpoint"):
        served = keeper.get(path)
        assert served is not None
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(served.body)
    assert audit("fsck", tmp_path, "--key", LOG.key.vkey)[0] == 0
    shutil.rmtree(tmp_path / "tile" / "entries")
    assert audit("fsck", tmp_path, "--key", LOG.key.vkey)[0] == 2


def test_what_it_cannot_read(audit: Audit, keeper: Keeper, tmp_path: Path) -> None:
    for words in (
        (tmp_path / "nowhere",),
        (tmp_path,),
        (keeper.url,),
        ("http://127.0.0.1:9/log", "--key", LOG.key.vkey),
        (tmp_path, "--older", tmp_path / "nowhere"),
        (tmp_path, "--key", "nonsense"),
    ):
        code, said = audit("fsck", *words)
        assert code == 2
        assert said.startswith("bayward audit fsck: ")


def test_an_export_is_checked_like_by_verify(audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_bytes(b'{"kind":"bayward-log"}\n')
    code, said = audit("fsck", file)
    assert code == 1
    assert "malformed at 1" in said
    for raw in (b"", b"nonsense\n", b"%PDF-1.7\n\xff"):
        file.write_bytes(raw)
        code, said = audit("fsck", file)
        assert code == 2
        assert "no exported log, database or state directory" in said
