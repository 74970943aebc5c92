"""The whole promise on real files: a copy of all databases from before opens nothing."""

from __future__ import annotations

import hmac
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bayward.cli import main
from bayward.cloud.app import DATABASE, KEYRING, KEYS
from bayward.cloud.audit import export, reader, vault_store
from bayward.cloud.audit import service as audit
from bayward.cloud.custody import parties
from bayward.cloud.keyring import cells
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.people import store as people_store
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import EPOCH_MS_MAX, Basis
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.sqlite import make_engine
from bayward.cloud.unit import Work
from bayward.core.errors import Misconfigured
from bayward.core.ids import PersonId
from bayward.core.roles import Role
from bayward.ledger.leaf import Disclosure
from cloud_house import House, open_house
from people_bench import START

WORDS = (b"Zacharias", b"zacharias@example.com", b"1Z5R80000127")


def backup(state: Path, to: Path) -> None:
    """As the how-to says: SQLite's own backup of every database."""
    to.mkdir()
    for name in (DATABASE, KEYRING):
        with sqlite3.connect(state / name) as source, sqlite3.connect(to / name) as copy:
            source.backup(copy)
        source.close()
        copy.close()


def every_byte(state: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(state.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


async def lived(house: House) -> tuple[PersonId, list[str]]:
    """Somebody has a parcel; gives him and what opens the fields about him."""
    bench = house.bench
    he = await bench.person(house.tenant, "Zacharias", Role.RESIDENT)
    carl = await bench.person(house.tenant, "Carl", Role.COURIER)
    bank = await bench.bank(house.tenant, 7)
    bank.deposit(1, recipient=he, courier=carl)
    bank.collect(1)
    await bank.upload(bench.ingest)
    rows = await bench.do(
        lambda work: vault_store.of_key(work.tx, house.tenant, _held(work, house, he))
    )
    assert len(rows) >= 4
    texts = await bench.do(lambda work: _texts(work, house))
    fields = await bench.do(reader.fields_of, house.tenant, he)
    mine = {str(one.value) for one in fields}
    return he, [text for text, value in texts if value in mine]


def _held(work: Work, house: House, person: PersonId) -> str:
    held = work.house.keyring.held(house.tenant, person)
    assert held is not None
    return held.id


def _texts(work: Work, house: House) -> list[tuple[str, str]]:
    return [
        (text, str(Disclosure.parse(text).value))
        for head in audit.logs(work, house.tenant)
        for entry in reader.entries(work, house.tenant, head.origin, 0, 999)
        for text in entry.disclosures
    ]


async def exported(house: House, to: Path) -> list[Path]:
    files = []
    for number, head in enumerate(await house.bench.do(audit.logs, house.tenant)):
        begun = await house.bench.do(
            export.begin, house.tenant, head.origin, PersonId("prs_auditor")
        )
        lines = await house.bench.do(export.page, house.tenant, begun, 0)
        path = to / f"log-{number}.jsonl"
        path.write_bytes(begun.header + b"".join(lines))
        files.append(path)
    return files


async def test_audit_13_a_backup_from_before_brings_nobody_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, old = tmp_path / "state", tmp_path / "old"
    async with open_house(state) as house:
        he, texts = await lived(house)
        assert texts
        backup(state, old)
        key = await house.bench.do(lambda work: _held(work, house, he))
        await house.bench.do(
            privacy.erase, house.tenant, he, basis=Basis.OBJECTION, actor="prs_operator"
        )
        await house.settle()
        house.wait(EPOCH_MS_MAX)
        await house.bench.do(privacy.roll_now, house.tenant, actor=PersonId("prs_operator"))
        while (await house.bench.do(privacy.keys, house.tenant)).roll_due is not None:
            await house.settle()
        files = await exported(house, tmp_path)
        for path, content in every_byte(state):
            for word in (*WORDS, key.encode() + b"\x00", *(text.encode() for text in texts)):
                assert word not in content, (path, word)
    for path in files:
        assert main(["verify", str(path)]) == 0
        assert "VERIFIES" in capsys.readouterr().out
        assert not any(word in path.read_bytes() for word in WORDS)

    # Every database of before, with every key that is left: no field of anybody opens.
    keys = FileKeys.open(state / KEYS)
    ring = Keyring(KeyringFile(old / KEYRING), keys)
    assert ring.find(house.tenant, key) is None
    assert ring.held(house.tenant, he) is None
    ring.close()
    raw = b"".join(path.read_bytes() for path in old.iterdir())
    assert not [text for text in texts if text.encode() in raw]

    # That backup as a whole is refused; its database with the keyring of today forgets again.
    today = (state / KEYRING).read_bytes()
    for path in state.glob(f"{DATABASE}*"):
        path.unlink()
    (old / DATABASE).rename(state / DATABASE)
    (state / KEYRING).write_bytes((old / KEYRING).read_bytes())
    with pytest.raises(Misconfigured) as caught:
        async with open_house(state):
            pass
    assert caught.value.code == "keyring.missing"
    (state / KEYRING).write_bytes(today)
    async with open_house(state) as house:
        for path, content in every_byte(state):
            for word in (*WORDS, *(text.encode() for text in texts)):
                assert word not in content, (path, word)
        for head in await house.bench.do(audit.logs, house.tenant):
            assert (await house.bench.do(export.verify, house.tenant, head.origin)).ok


def cells_of(path: Path, keyring: Keyring) -> list[str]:
    """Everything that the sealed cells of a database say to whoever has these keys."""
    told = []
    engine = make_engine(path)
    with engine.connect() as tx:
        cells.bind(tx, cells.Safe(keyring, START, os.urandom))
        for table in s.metadata.sorted_tables:
            for row in tx.execute(sa.select(table)).mappings():
                opened = cells.opened(tx, table, row)
                told += [str(opened[name]) for name in cells.sealed_columns(table)]
    engine.dispose()
    return told


def digests_of(path: Path) -> set[bytes]:
    with sqlite3.connect(path) as tx:
        rows = tx.execute("SELECT email_key FROM person UNION SELECT tracking_key FROM parcel")
        found = {row[0] for row in rows} - {None}
    tx.close()
    return found


async def test_audit_13_a_raw_copy_from_before_names_nobody(tmp_path: Path) -> None:
    state, old, keks = tmp_path / "state", tmp_path / "old", tmp_path / "keks"
    async with open_house(state) as house:
        he, _ = await lived(house)
        assert [one for one in await house.deliveries("collected") if one.person == he]
        # Copied as files, while it runs: the write-ahead log as well.
        old.mkdir()
        for path in state.glob("*.db*"):
            shutil.copyfile(path, old / path.name)
        assert (old / f"{DATABASE}-wal").stat().st_size > 0
        shutil.copytree(state / KEYS, keks)
        await house.bench.do(
            privacy.erase, house.tenant, he, basis=Basis.OBJECTION, actor="prs_operator"
        )
        await house.settle()
        await house.bench.do(privacy.roll_now, house.tenant, actor=PersonId("prs_operator"))
        while (await house.bench.do(privacy.keys, house.tenant)).roll_due is not None:
            await house.settle()
            house.wait(10_000)
        for head in await house.bench.do(audit.logs, house.tenant):
            assert (await house.bench.do(export.verify, house.tenant, head.origin)).ok

    raw = b"".join(path.read_bytes() for path in sorted(old.iterdir()))
    assert not [word for word in WORDS if word in raw]

    # With every key of then all of it can be read: this is what had to be destroyed.
    ring = Keyring(KeyringFile(old / KEYRING), FileKeys.open(keks))
    then = " ".join(cells_of(old / DATABASE, ring))
    assert all(word.decode() in then for word in WORDS)
    assert "Carl" in then
    ring.close()

    # With the keys of today, everybody but him; and nobody is found by a digest of then.
    ring = Keyring(KeyringFile(state / KEYRING), FileKeys.open(state / KEYS))
    now = " ".join(cells_of(old / DATABASE, ring))
    assert not [word for word in WORDS if word.decode() in now]
    assert "Carl" in now
    tenant = house.tenant
    held = [ring.find(tenant, key.id) for key in ring._file.keys(tenant)]
    he_is, carl_is, it_is = (
        {hmac.digest(key.secret, told.encode(), "sha256") for key in held if key is not None}
        for told in (
            "person.email\nzacharias@example.com",
            "person.email\ncarl@example.com",
            "parcel.tracking\n1z5r80000127",
        )
    )
    assert digests_of(old / DATABASE).isdisjoint(he_is | carl_is | it_is)
    assert digests_of(state / DATABASE) & carl_is  # so that is how one would look
    assert digests_of(state / DATABASE).isdisjoint(digests_of(old / DATABASE))
    ring.close()

    # With the keyring of then beside the KEK of today, nothing at all.
    ring = Keyring(KeyringFile(old / KEYRING), FileKeys.open(state / KEYS))
    assert ring.held(tenant, he) is None
    assert not ring.can_open(tenant)
    ring.close()


async def test_a_restored_database_finds_everybody_else_again(tmp_path: Path) -> None:
    state, old = tmp_path / "state", tmp_path / "old"
    async with open_house(state) as house:
        he, _ = await lived(house)
        backup(state, old)
        await house.bench.do(
            privacy.erase, house.tenant, he, basis=Basis.OBJECTION, actor="prs_operator"
        )
        await house.bench.do(privacy.roll_now, house.tenant, actor=PersonId("prs_operator"))
        while (await house.bench.do(privacy.keys, house.tenant)).roll_due is not None:
            await house.settle()
            house.wait(10_000)
    for path in state.glob(f"{DATABASE}*"):
        path.unlink()
    (old / DATABASE).rename(state / DATABASE)
    async with open_house(state) as house:
        find = people_store.with_email
        [carl] = await house.do(lambda work: find(work.tx, "CARL@example.com"))
        assert carl.name == "Carl"
        assert await house.do(lambda work: find(work.tx, "zacharias@example.com")) == []


@pytest.mark.parametrize("who", ["a person", "a party"])
async def test_a_keyring_older_than_its_database_is_refused(tmp_path: Path, who: str) -> None:
    state = tmp_path / "state"
    async with open_house(state) as house:
        await house.bench.person(house.tenant, "Ann", Role.RESIDENT)
    older = (state / KEYRING).read_bytes()
    async with open_house(state) as house:
        if who == "a person":
            await house.bench.person(house.tenant, "Bea", Role.RESIDENT)
        else:
            await house.bench.do(parties.named, house.tenant, "County Court")
    (state / KEYRING).write_bytes(older)
    with pytest.raises(Misconfigured) as caught:
        async with open_house(state):
            pass
    assert caught.value.code == "keyring.missing"
