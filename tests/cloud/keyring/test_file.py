from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bayward.cloud.keyring.file import KeyringFile, WrappedKey
from bayward.core.clock import Instant

NOW = Instant(1_800_000_000_000)
ANNE = WrappedKey("key_1", "subject", "prs_anne", 1, b"wrapped-for-anne-in-epoch-1")
MAY = WrappedKey("key_2", "period", "2027-05", 1, b"wrapped-for-may")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keyring.db"


@pytest.fixture
def file(path: Path) -> Iterator[KeyringFile]:
    opened = KeyringFile(path)
    yield opened
    opened.close()


def test_what_was_kept_is_there_after_a_restart(file: KeyringFile, path: Path) -> None:
    file.begin("t", 1, NOW)
    file.add("t", ANNE)
    file.add("u", MAY)
    other = KeyringFile(path)
    assert other.by_name("t", "subject", "prs_anne") == ANNE
    assert other.by_id("t", "key_1") == ANNE
    assert other.by_id("u", "key_1") is None
    assert other.keys("u") == [MAY]
    assert other.keys("t", "period") == []
    assert other.tenants() == ["t"]
    other.close()


def test_nobody_has_two_keys(file: KeyringFile) -> None:
    file.add("t", ANNE)
    with pytest.raises(sqlite3.IntegrityError):
        file.add("t", WrappedKey("key_9", "subject", "prs_anne", 1, b"x"))


def test_an_epoch_begins_for_all_keys_or_for_none(file: KeyringFile) -> None:
    file.begin("t", 1, NOW)
    file.add("t", ANNE)
    broken = WrappedKey("key_1", "subject", "prs_anne", 2, None)  # type: ignore[arg-type]  # refused
    with pytest.raises(sqlite3.IntegrityError):
        file.begin("t", 2, NOW, [broken])
    epoch = file.epoch("t")
    assert epoch is not None
    assert epoch.number == 1
    assert file.by_id("t", "key_1") == ANNE


def test_audit_13_a_destroyed_key_leaves_no_byte_in_the_file(file: KeyringFile, path: Path) -> None:
    file.add("t", ANNE)
    file.add("t", MAY)
    assert ANNE.wrapped in path.read_bytes()
    file.destroy("t", "prs_anne", "key_1", NOW)
    file.destroy("t", "prs_anne", "key_1", NOW)
    assert ANNE.wrapped not in path.read_bytes()
    assert file.keys("t") == [MAY]
    assert file.is_destroyed("t", "prs_anne")
    assert not file.is_destroyed("u", "prs_anne")
    assert [one.key for one in file.destroyed()] == ["key_1"]
    assert not list(path.parent.glob("keyring.db-*"))


def test_an_image_is_the_whole_file(file: KeyringFile) -> None:
    file.add("t", ANNE)
    copy = KeyringFile(None, file.serialize())
    assert copy.keys("t") == [ANNE]
    copy.close()
