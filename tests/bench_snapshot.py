"""What a control plane in memory has become, kept and put into another one.

A story that a hundred tests begin with is told once in each process; each test gets a copy of its
own of everything that can change.
"""

from __future__ import annotations

import copy
import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keys import FileKeys
from bayward.cloud.storage.inline import InlineStore
from bayward.core.clock import Instant
from bayward.core.events import Event
from bayward.core.ids import TenantId
from link_bench import DeviceLog
from people_bench import Numbers

if TYPE_CHECKING:
    from cloud_bench import BankTwin, CloudBench


@dataclass(frozen=True)
class Snapshot:
    """Database, keys, time, how far the random numbers are, what was told, and the bank's side."""

    database: bytes
    keyring: bytes
    keks: dict[str, bytes]
    at: Instant
    drawn: int
    told: tuple[tuple[TenantId, Event], ...]
    bank: BankTwin

    @classmethod
    def of(cls, bank: BankTwin) -> Snapshot:
        """Of the control plane that this bank belongs to."""
        cloud = bank.bench
        return cls(
            database=_store(cloud).serialize(),
            keyring=cloud.unit.house.keyring._file.serialize(),
            keks=dict(_held(cloud)),
            at=cloud.clock.at,
            drawn=_numbers(cloud).count,
            told=tuple(cloud.told),
            bank=replace(bank, log=copied(bank.log)),
        )

    def put_into(self, cloud: CloudBench) -> BankTwin:
        """Make an untouched control plane what the other one was; gives its bank."""
        assert is_untouched(cloud)
        _raw(cloud).deserialize(self.database)
        keyring = cloud.unit.house.keyring
        keyring._file.close()
        keyring._file = KeyringFile(None, self.keyring)
        _held(cloud).update(self.keks)
        cloud.clock.at = self.at
        _numbers(cloud).count = self.drawn
        cloud.told.extend(self.told)
        cloud.unit._work(_store(cloud).connection)  # a connection knows its keys once it has worked
        return replace(self.bank, bench=cloud, log=copied(self.bank.log))


def is_untouched(cloud: CloudBench) -> bool:
    """Whether it is in memory, and nothing has happened in it yet."""
    if not isinstance(cloud.store, InlineStore):
        return False
    return _raw(cloud).total_changes == 0 and _numbers(cloud).count == 0


def copied(log: DeviceLog) -> DeviceLog:
    """A bank's log that can go on without the other."""
    return replace(
        log, tree=copy.deepcopy(log.tree), entries=[*log.entries], letters=[*log.letters]
    )


def _store(cloud: CloudBench) -> InlineStore:
    assert isinstance(cloud.store, InlineStore)
    return cloud.store


def _raw(cloud: CloudBench) -> sqlite3.Connection:
    raw = _store(cloud).connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _held(cloud: CloudBench) -> dict[str, bytes]:
    keys = cloud.unit.house.keys
    assert isinstance(keys, FileKeys)
    held: dict[str, bytes] = keys._shelf.held  # type: ignore[attr-defined]  # a `HandShelf`
    return held


def _numbers(cloud: CloudBench) -> Numbers:
    numbers = cloud.unit.ids.random
    assert isinstance(numbers, Numbers)
    return numbers
