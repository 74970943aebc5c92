from __future__ import annotations

import os
from pathlib import Path

import pytest

from bayward.cloud.keyring import ring as module
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import HOUSE, INDEX, PERIOD, SUBJECT, Keyring, month_of
from bayward.cloud.keyring.sealing import HeldKey
from bayward.core.clock import DAY_MS, Instant, after
from bayward.core.errors import Invalid
from cloud_bench import HandShelf, keys

NOW = Instant(1_800_000_000_000)
TENANT, ANNE, BEN = "ten_1", "prs_anne", "prs_ben"


class Bench:
    """A keyring in a file, whose KEKs lie in the hand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "keyring.db"
        self.shelf = HandShelf()
        self.ring = self.open()

    def open(self) -> Keyring:
        return Keyring(KeyringFile(self.path), keys(self.shelf))

    def restart(self) -> None:
        self.ring.close()
        self.ring = self.open()

    def key(self, name: str) -> HeldKey:
        made = self.ring.subject(TENANT, name, NOW, os.urandom)
        assert made is not None
        return made


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_everybody_has_one_key_for_good(bench: Bench) -> None:
    anne, ben = bench.key(ANNE), bench.key(BEN)
    may = bench.ring.period(TENANT, NOW, os.urandom)
    bench.restart()
    assert (bench.key(ANNE), bench.key(BEN)) == (anne, ben)
    assert len({anne.secret, ben.secret, bench.key(HOUSE).secret}) == 3
    assert bench.ring.period(TENANT, NOW, os.urandom) == may
    assert bench.ring.find(TENANT, anne.id) == anne
    assert bench.ring.find("ten_2", anne.id) is None
    assert bench.ring.count(TENANT) == {SUBJECT: 3, PERIOD: 1, INDEX: 0}
    assert bench.ring.period(TENANT, after(NOW, 40 * DAY_MS), os.urandom) != may


def test_months_are_those_of_utc() -> None:
    assert month_of(NOW) == "2027-01"
    assert month_of(Instant(0)) == "1970-01"


def test_who_was_erased_gets_no_key_again(bench: Bench) -> None:
    anne = bench.key(ANNE)
    bench.ring.destroy(TENANT, ANNE, anne.id, NOW)
    for _ in range(2):
        assert bench.ring.subject(TENANT, ANNE, NOW, os.urandom) is None
        assert bench.ring.held(TENANT, ANNE) is None
        assert bench.ring.find(TENANT, anne.id) is None
        assert bench.ring.is_destroyed(TENANT, ANNE)
        bench.restart()


def test_audit_13_an_older_keyring_opens_nothing_after_a_roll(bench: Bench, tmp_path: Path) -> None:
    anne, ben = bench.key(ANNE), bench.key(BEN)
    old = tmp_path / "old.db"
    old.write_bytes(bench.path.read_bytes())
    bench.ring.destroy(TENANT, ANNE, anne.id, NOW)
    stolen = Keyring(KeyringFile(old), keys(bench.shelf))
    assert stolen.find(TENANT, anne.id) == anne  # the epoch is not over yet
    stolen.close()
    rolled = bench.ring.roll(TENANT, 1, NOW)
    assert (rolled.epoch, rolled.survivors) == (2, 1)
    stolen = Keyring(KeyringFile(old), keys(bench.shelf))
    assert stolen.find(TENANT, anne.id) is None
    assert stolen.find(TENANT, ben.id) is None
    bench.restart()
    assert bench.ring.find(TENANT, ben.id) == ben


@pytest.mark.parametrize("step", ["begin", "destroy_kek"])
def test_a_roll_that_was_interrupted_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ben = bench.key(BEN)

    def die(*_: object) -> None:
        raise OSError("the power is gone")

    owner = bench.ring._file if step == "begin" else bench.ring._keys
    with monkeypatch.context() as broken:
        broken.setattr(owner, step, die) if step == "begin" else broken.setattr(
            bench.shelf, "destroy", die
        )
        with pytest.raises(OSError, match="power"):
            bench.ring.roll(TENANT, 1, NOW)
    bench.restart()
    assert bench.ring.find(TENANT, ben.id) == ben
    for _ in range(2):
        assert bench.ring.roll(TENANT, 1, NOW).epoch == 2
    assert list(bench.shelf.held) == [f"{TENANT}.2.bin"]
    assert bench.ring.find(TENANT, ben.id) == ben


def test_a_keyring_without_the_kek_of_its_epoch_opens_nothing(bench: Bench) -> None:
    assert not bench.ring.can_open(TENANT)
    bench.key(ANNE)
    assert bench.ring.can_open(TENANT)
    bench.shelf.held.clear()
    assert not bench.ring.can_open(TENANT)


def test_a_tenant_without_keys_has_nothing_to_roll(bench: Bench) -> None:
    assert bench.ring.epoch(TENANT) is None
    with pytest.raises(Invalid):
        bench.ring.roll(TENANT, 1, NOW)


def test_memory_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_MAX", 3)
    names = [f"prs_{number}" for number in range(10)]
    made = [bench.key(name) for name in names]
    assert len(bench.ring._by_id) <= 3
    assert [bench.key(name) for name in names] == made
