"""Disks that are full, and files that were torn, damaged or put together wrongly."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.storage.log_store import sqlite
from bayward.cloud.storage.log_store.logs import OneLog
from bayward.cloud.witness.memory import WitnessFile
from bayward.core.errors import Unavailable
from bayward.ledger.errors import LedgerError
from bayward.ledger.log import Log
from ledger_bench import LOG, ORIGIN
from log_store_bench import recheck, sqlite_kind

COMMITS = 30


def entry(n: int) -> bytes:
    return b"%d " % n * 40


# Appends with ever more room on the disk (`RLIMIT_FSIZE`, which SIGXFSZ tells nobody of), and says
# of each try whether it has a place. Room is what a file may grow by: SQLite's index of the `-wal`
# is 32 KiB from the start, and has to be made anew whenever the last connection was closed. While
# somebody else reads, the `-wal` stays instead and is the largest of the files.
FULL = """
import asyncio, json, resource, sys
from pathlib import Path
from bayward.cloud.storage.log_store import sqlite
from bayward.cloud.storage.log_store.sequencer import Sequencer
from bayward.core.errors import Unavailable
from ledger_bench import LOG, ORIGIN

path = Path(sys.argv[1])
reader = sqlite.connect(path) if sys.argv[2] == "read" else None
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

async def main():
    logs = sqlite.SqliteLogs(lambda: sqlite.connect(path))
    async with Sequencer(logs, lambda _: [LOG]) as sequencer:
        async def attempt(entry):
            try:
                placed = await sequencer.append(ORIGIN, entry)
            except Unavailable as error:
                print(json.dumps([entry.decode(), None, error.code]), flush=True)
            else:
                print(json.dumps([entry.decode(), placed.index, placed.note]), flush=True)
        await attempt(b"before")
        for room in range(-3_000, 24_000, 900):
            largest = max(one.stat().st_size for one in path.parent.iterdir())
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(32_768, largest) + room, hard))
            await attempt(b"%d " % room * 400)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await attempt(b"after")
    logs.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("beside", ["alone", "read"])
def test_audit_11_a_full_disk_keeps_all_or_nothing_and_heals(beside: str, tmp_path: Path) -> None:
    kind = sqlite_kind(tmp_path)
    _, where, _ = kind.address
    done = subprocess.run(
        [sys.executable, "-c", FULL, where, beside],
        env={"PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    placed = {index: text.encode() for text, index, _ in tries if index is not None}
    refused = {code for _, index, code in tries if index is None}
    assert "storage.not_kept" in refused, "some did not fit"
    assert refused <= {"storage.not_kept", "log.unknown"}
    assert len(placed) > 5
    assert tries[-1][1] is not None, "it goes on when there is room again"
    kept = recheck(kind.store())
    assert {index: kept[index] for index in placed} == placed
    doubtful = {text.encode() for text, _, code in tries if code == "log.unknown"}
    assert set(kept) <= set(placed.values()) | doubtful
    assert len(set(kept)) == len(kept)
    kind.close()


@pytest.mark.parametrize(
    "open_it", [sqlite.connect, KeyringFile, lambda path: WitnessFile(path, "example.com/witness")]
)
def test_a_file_that_cannot_be_opened_is_not_held_open(
    open_it: Callable[[Path], object], tmp_path: Path
) -> None:
    """Else it stays open for as long as somebody keeps the error, and its `-wal` grows."""
    path = tmp_path / "garbage.db"
    path.write_bytes(b"no database at all" * 100)
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises((sqlite3.DatabaseError, Unavailable)) as caught:
        open_it(path)
    assert set(Path("/proc/self/fd").iterdir()) == before, caught.value


def written(folder: Path) -> tuple[Path, bytes]:
    """A file and the `-wal` beside it, with a commit for each entry and no checkpoint."""
    kind = sqlite_kind(folder)
    connection = kind.connect()
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    store = OneLog(sqlite.SqliteLogs(lambda: connection), ORIGIN)
    log = Log(store, lambda: [LOG])
    for n in range(COMMITS):
        log.append([entry(n)])
    path = Path(kind.address[1])
    copy = Path(shutil.copy(path, folder / "copy.sqlite"))
    wal = path.with_name(f"{path.name}-wal").read_bytes()
    store.close()
    return copy, wal


def found(path: Path, wal: bytes) -> list[bytes]:
    """What is in a file with this `-wal` beside it, every hash and every signature checked."""
    beside = path.with_name(f"{path.name}-wal")
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    beside.write_bytes(wal)
    store = OneLog(sqlite.SqliteLogs(lambda: sqlite.connect(path)), ORIGIN)
    try:
        return recheck(store)
    finally:
        store.close()


def go_on(path: Path) -> None:
    store = OneLog(sqlite.SqliteLogs(lambda: sqlite.connect(path)), ORIGIN)
    Log(store, lambda: [LOG]).append([b"and on"])
    assert recheck(store)[-1] == b"and on"
    store.close()


def is_prefix(kept: Sequence[bytes]) -> bool:
    return list(kept) == [entry(n) for n in range(len(kept))]


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    return written(tmp_path_factory.mktemp("torn"))


def test_audit_11_a_wal_torn_anywhere_leaves_a_whole_prefix(
    torn: tuple[Path, bytes], tmp_path: Path
) -> None:
    path, wal = torn
    chance, lengths = random.Random(1), set()
    for cut in [0, 1, *(chance.randrange(len(wal)) for _ in range(60)), len(wal)]:
        copy = Path(shutil.copy(path, tmp_path))
        kept = found(copy, wal[:cut])
        assert is_prefix(kept)
        lengths.add(len(kept))
        go_on(copy)
    assert COMMITS in lengths
    assert len(lengths) > COMMITS // 3


def test_audit_11_a_bit_flipped_in_the_wal_ends_it_there(
    torn: tuple[Path, bytes], tmp_path: Path
) -> None:
    path, wal = torn
    chance, lengths = random.Random(2), set()
    for _ in range(60):
        bent = bytearray(wal)
        bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        kept = found(Path(shutil.copy(path, tmp_path)), bytes(bent))
        assert is_prefix(kept)
        lengths.add(len(kept))
    assert len(lengths) > COMMITS // 3


def test_audit_11_a_stale_wal_beside_another_state_is_no_silent_mixture(tmp_path: Path) -> None:
    """A backup put back and the newer `-wal` left beside it: whole, or found out."""
    (tmp_path / "one").mkdir()
    kind = sqlite_kind(tmp_path / "one")
    path = Path(kind.address[1])
    states: list[tuple[bytes, bytes]] = []
    for n in range(12):
        store = kind.store()
        Log(store, lambda: [LOG]).append([entry(n)])
        wal = path.with_name(f"{path.name}-wal").read_bytes()
        states.append((path.read_bytes(), wal))
        store.close()  # the last connection writes the -wal into the file
    whole = mixed = 0
    for at, (content, _) in enumerate(states):
        for other, (_, wal) in enumerate(states):
            copy = tmp_path / "copy.sqlite"
            copy.write_bytes(content)
            try:
                kept = found(copy, wal)
            except (AssertionError, LedgerError, sqlite3.DatabaseError):
                mixed += 1
                continue
            assert is_prefix(kept), (at, other)
            whole += 1
    assert whole >= len(states), "with its own -wal each is whole"
    kind.close()
