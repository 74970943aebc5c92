"""No copy of the files from before names a party that was erased."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from bayward.cloud.app import DATABASE, KEYRING, KEYS
from bayward.cloud.audit import export, reader, vault, vault_store
from bayward.cloud.audit import service as audit
from bayward.cloud.custody import parties
from bayward.cloud.keyring import cells
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.privacy import service as privacy
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import make_engine
from bayward.cloud.unit import Work
from bayward.core.errors import NotFound
from cloud_house import open_house
from party_story import COURT, OWNER, Kept, lived
from people_bench import START


def said(path: Path, keyring: Keyring) -> str:
    """All that a database says to whoever has these keys: cells, and fields of entries."""
    told = []
    engine = make_engine(path)
    with engine.connect() as tx:
        cells.bind(tx, cells.Safe(keyring, START, os.urandom))
        for table in s.metadata.sorted_tables:
            for row in tx.execute(sa.select(table)).mappings():
                opened = cells.opened(tx, table, row)
                told += [str(opened[name]) for name in cells.sealed_columns(table)]
        rows = [vault_store.Sealed(*row) for row in tx.execute(sa.select(s.disclosure))]
        told += [text for row in rows for _, text in vault._opened(_Reader(keyring), row)]  # type: ignore[arg-type]  # as much of a unit of work as it reads
    engine.dispose()
    return "\n".join(told)


class _Reader:
    """As much of a unit of work as opening needs."""

    def __init__(self, keyring: Keyring) -> None:
        self.house = self
        self.keyring = keyring


async def test_audit_13_no_copy_of_the_files_from_before_names_him(tmp_path: Path) -> None:
    state, old, keks = tmp_path / "state", tmp_path / "old", tmp_path / "keks"
    async with open_house(state) as house:
        kept = await lived(house.bench, house.tenant)
        fields = await house.bench.do(reader.fields_of, house.tenant, kept.owner)
        texts = await house.bench.do(_disclosures, kept)
        assert len(fields) == 2
        old.mkdir()
        for path in state.glob("*.db*"):  # as files, while it runs: the write-ahead log as well
            shutil.copyfile(path, old / path.name)
        assert (old / f"{DATABASE}-wal").stat().st_size > 0
        shutil.copytree(state / KEYS, keks)
        await kept.erase(kept.owner)
        await house.settle()
        await house.bench.do(privacy.roll_now, house.tenant, actor=kept.drew)
        while (await house.bench.do(privacy.keys, house.tenant)).roll_due is not None:
            await house.settle()
            house.wait(10_000)
        for head in await house.bench.do(audit.logs, house.tenant):
            assert (await house.bench.do(export.verify, house.tenant, head.origin)).ok
        for path in [one for one in state.rglob("*") if one.is_file()]:
            assert OWNER.encode() not in path.read_bytes(), path
    tenant = house.tenant

    # With every key of then all of it can be read: this is what had to be destroyed.
    ring = Keyring(KeyringFile(old / KEYRING), FileKeys.open(keks))
    then = said(old / DATABASE, ring)
    assert then.count(OWNER) >= 1
    assert all(text in then for text in texts)
    ring.close()

    # With the keys of today everybody but him, in the copy as in what is there now.
    ring = Keyring(KeyringFile(state / KEYRING), FileKeys.open(state / KEYS))
    for path in (old / DATABASE, state / DATABASE):
        now = said(path, ring)
        assert OWNER not in now
        assert kept.owner not in now
        assert not [text for text in texts if text in now]
        assert COURT in now
    ring.close()

    # With the keyring of then beside the KEK of today, nothing at all.
    ring = Keyring(KeyringFile(old / KEYRING), FileKeys.open(state / KEYS))
    assert ring.held(tenant, kept.owner) is None
    ring.close()

    # The copy with the keyring of today forgets him again before anybody is served.
    for path in state.glob(f"{DATABASE}*"):
        path.unlink()
    with sqlite3.connect(old / DATABASE) as source, sqlite3.connect(state / DATABASE) as copy:
        source.backup(copy)
    source.close()
    copy.close()
    async with open_house(state) as house:
        with pytest.raises(NotFound):
            await house.bench.do(parties.get, tenant, kept.owner)
        assert (await house.bench.do(parties.get, tenant, kept.court)).name == COURT
        court = await house.bench.do(parties.named, tenant, COURT)
        assert court.id == kept.court  # found again, by the index of today
        for head in await house.bench.do(audit.logs, tenant):
            assert (await house.bench.do(export.verify, tenant, head.origin)).ok


def _disclosures(work: Work, kept: Kept) -> list[str]:
    """What opens the fields that are the owner's."""
    held = work.house.keyring.held(kept.tenant, kept.owner)
    assert held is not None
    rows = vault_store.of_key(work.tx, kept.tenant, held.id)
    return [text for texts in vault.unseal(work, rows).values() for text in texts]
