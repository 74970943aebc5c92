"""The whole promise on real files: a copy of all databases from before opens nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bayward.cli import main
from bayward.cloud.app import DATABASE, KEYRING, KEYS
from bayward.cloud.audit import export, reader, vault_store
from bayward.cloud.audit import service as audit
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import EPOCH_MS_MAX, Basis
from bayward.cloud.unit import Work
from bayward.core.errors import Misconfigured
from bayward.core.ids import PersonId
from bayward.core.roles import Role
from bayward.ledger.leaf import Disclosure
from cloud_house import House, open_house

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
