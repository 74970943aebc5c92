from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

from bayward.cloud.audit import export, moving, reader
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import UNBOUND, Wanted
from bayward.cloud.keyring import cells
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.core.ids import TenantId
from cloud_bench import CloudBench, make, story
from older_database import at_revision, entry_rows, hash_rows

COPIED = ("tenant", "site", "bank", "person", "log")


def old_database(path: Path, cloud: CloudBench, plain: dict[tuple[str, int], list[str]]) -> None:
    """The same as an older program would have left it: at revision 3, in plain text."""
    at_revision(path, "0003")
    source = sqlite3.connect(":memory:")
    source.deserialize(cloud.dump())
    source.row_factory = sqlite3.Row
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA foreign_keys=OFF")
        for table in COPIED:
            known = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
            copy(old, table, [as_it_was(row, known) for row in opened(cloud, table)])
        copy(old, "log_hash", list(hash_rows(source)))
        entries = list(entry_rows(source))
        for row in entries:
            row["disclosures"] = json.dumps(plain[str(row["origin"]), int(str(row["idx"]))])
        copy(old, "log_entry", entries)
        lines = [dict(row) | {"fields": "{}"} for row in source.execute("SELECT * FROM happening")]
        for line in lines:
            del line["item"], line["party_id"]
        copy(old, "happening", lines)
    old.close()
    source.close()


def opened(cloud: CloudBench, table: str) -> list[dict[str, object]]:
    rows = cloud.rows(s.metadata.tables[table])
    return [cells.opened(cloud.tx, s.metadata.tables[table], row._mapping) for row in rows]


def as_it_was(row: dict[str, object], known: list[str]) -> dict[str, object]:
    """What is there today, in the columns of then."""
    if isinstance(row.get("email"), str):
        row["email_key"] = str(row["email"]).casefold()
    plain = {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}
    return {name: value for name, value in plain.items() if name in known}


def copy(to: sqlite3.Connection, table: str, rows: list[dict[str, object]]) -> None:
    for row in rows:
        marks = ", ".join("?" for _ in row)
        to.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))  # noqa: S608 - ours


async def all_plain(cloud: CloudBench, tenant: TenantId) -> dict[tuple[str, int], list[str]]:
    return {
        (head.origin, entry.index): list(entry.disclosures)
        for head in await cloud.do(audit.logs, tenant)
        for entry in await cloud.do(reader.entries, tenant, head.origin, 0, 999)
    }


async def unbound(cloud: CloudBench, tenant: TenantId) -> list[Happened]:
    """What happened, without what cosignatures say of its time: an older database has none."""
    told = await cloud.do(audit.happenings, tenant, Wanted(), count=99)
    return [replace(one, bounds=UNBOUND) for one in told]


def on_disk(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


async def test_audit_13_an_older_database_is_sealed_at_start_and_keeps_no_plain_text(
    cloud: CloudBench, tmp_path: Path
) -> None:
    bank = await story(cloud)
    plain = await all_plain(cloud, bank.tenant)
    told = await unbound(cloud, bank.tenant)
    texts = [text.encode() for entry in plain.values() for text in entry]
    path = tmp_path / "bayward.db"
    old_database(path, cloud, plain)
    assert all(text in on_disk(path) for text in texts)

    newer = make(SqliteStore.open(path))
    try:
        assert await newer.unit.read(moving.is_pending)
        assert await newer.do(moving.seal_some, 5) == 5  # and here the power went
        entries = await moving.seal_all(newer.unit)
        assert entries == len(plain) - 5
        assert await moving.seal_all(newer.unit) == 0
        await newer.unit.scrub(is_whole=True)
        await newer.do(moving.done)
        assert not await newer.unit.read(moving.is_pending)
        assert not [text for text in texts if text in on_disk(path)]
        assert await all_plain(newer, bank.tenant) == plain
        assert await unbound(newer, bank.tenant) == told
        for head in await newer.do(audit.logs, bank.tenant):
            assert (await newer.do(export.verify, bank.tenant, head.origin)).ok
    finally:
        newer.store.close()  # type: ignore[attr-defined]  # an `SqliteStore`


async def test_nothing_is_pending_in_a_new_one_for_long(cloud: CloudBench) -> None:
    assert await cloud.do(moving.is_pending)
    assert await moving.seal_all(cloud.unit) == 0
    await cloud.do(moving.done)
    assert not await cloud.do(moving.is_pending)
