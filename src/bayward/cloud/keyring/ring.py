"""The keys that can be destroyed: one per person or party, one per tenant and month, under a KEK.

    KEK of the epoch   `cloud.keys`, never in a database
      └─ subject keys  one per person or party, and the tenant's own for what is about nobody
      ├─ period keys   one per month
      │    └─ record   HKDF of subject and period key, see `sealing`
      └─ index key     one per tenant and epoch, of what sealed cells are found by, see `cells`

Erasing somebody destroys one key. Rolling the epoch wraps every key that is left under a new
KEK and destroys the old one: from then on no older copy of the keyring opens anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bayward.cloud.keyring.file import Destroyed, Epoch, KeyringFile, WrappedKey
from bayward.cloud.keyring.sealing import KEY_BYTES, HeldKey
from bayward.cloud.keys import Keys
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import ID_BYTES, Id

Random = Callable[[int], bytes]

SUBJECT, PERIOD, INDEX = "subject", "period", "index"
HOUSE = "tenant"  # whose what is about nobody is
CACHED_MAX = 100_000  # unwrapped keys in memory: 20 MB


class KeyId(Id):
    """A subject's or a month's key; random, says nothing."""

    __slots__ = ()
    prefix = "key"


@dataclass(frozen=True, slots=True)
class Rolled:
    """What a roll did."""

    epoch: int
    survivors: int


class Keyring:
    """The keys of one deployment; safe to use from several threads."""

    def __init__(self, file: KeyringFile, keys: Keys) -> None:
        self._file = file
        self._keys = keys
        self._lock = threading.RLock()
        self._by_name: dict[tuple[str, str, str], HeldKey] = {}
        self._by_id: dict[tuple[str, str], HeldKey] = {}

    def subject(self, tenant: str, name: str, now: Instant, random: Random) -> HeldKey | None:
        """The key of somebody (`HOUSE`: the tenant's own), made when there is none.

        None for somebody who was erased: he never gets another one.
        """
        return self.held(tenant, name) or self._made(tenant, SUBJECT, name, now, random)

    def held(self, tenant: str, name: str) -> HeldKey | None:
        """The key of somebody, if there is one."""
        return self._by_name.get((tenant, SUBJECT, name)) or self._load(tenant, SUBJECT, name)

    def period(self, tenant: str, at: Instant, random: Random) -> HeldKey:
        """The key of the month of `at`, made when there is none."""
        month = month_of(at)
        known = self._by_name.get((tenant, PERIOD, month)) or self._load(tenant, PERIOD, month)
        made = known or self._made(tenant, PERIOD, month, at, random)
        assert made is not None, "months are never erased by name"
        return made

    def new_index(self, tenant: str, now: Instant, random: Random) -> HeldKey:
        """A new key for digests; the one before stays until `drop_indexes`."""
        made = self._made(tenant, INDEX, str(KeyId.of(random(ID_BYTES))), now, random)
        assert made is not None, "nobody's name was erased"
        return made

    def drop_indexes(self, tenant: str, but: str) -> None:
        """Destroy all index keys of a tenant but this one."""
        with self._lock:
            for one in self._file.keys(tenant, INDEX):
                if one.id != but:
                    self._file.remove(tenant, one.id)
                    self._by_name.pop((tenant, INDEX, one.name), None)
                    self._by_id.pop((tenant, one.id), None)

    def find(self, tenant: str, key: str) -> HeldKey | None:
        """The key of this id; None when it was destroyed, by itself or with its KEK."""
        return self._by_id.get((tenant, key)) or self._unwrapped(
            tenant, self._file.by_id(tenant, key)
        )

    def is_destroyed(self, tenant: str, name: str) -> bool:
        """Whether somebody was erased."""
        return self._file.is_destroyed(tenant, name)

    def is_known(self, tenant: str, name: str) -> bool:
        """Whether somebody has a key, or had one that was destroyed."""
        return self.held(tenant, name) is not None or self.is_destroyed(tenant, name)

    def destroyed(self) -> list[Destroyed]:
        """Everybody who was erased, in all tenants."""
        return self._file.destroyed()

    def destroy(self, tenant: str, name: str, key: str, now: Instant) -> None:
        """Destroy somebody's key; once or twice is the same."""
        with self._lock:
            self._file.destroy(tenant, name, key, now)
            self._by_name.pop((tenant, SUBJECT, name), None)
            self._by_id.pop((tenant, key), None)

    def can_open(self, tenant: str) -> bool:
        """Whether the KEK of a tenant's present epoch is there."""
        present = self._file.epoch(tenant)
        return present is not None and present.number in self._keys.keks(tenant)

    def epoch(self, tenant: str) -> Epoch | None:
        """The present epoch of a tenant."""
        return self._file.epoch(tenant)

    def count(self, tenant: str) -> dict[str, int]:
        """How many keys of each kind a tenant has."""
        counts = dict.fromkeys((SUBJECT, PERIOD, INDEX), 0)
        for one in self._file.keys(tenant):
            counts[one.kind] += 1
        return counts

    def roll(self, tenant: str, after: int, now: Instant) -> Rolled:
        """Wrap all keys under a new KEK and destroy every older one.

        `after` is the epoch that is to end. When it has ended already, only what an interrupted
        roll left behind is cleared away; so a roll can be done again from any point.
        """
        with self._lock:
            present = self._file.epoch(tenant)
            if present is None:
                raise Invalid("kek.gone", epoch=after)
            number = present.number
            kept = self._file.keys(tenant)
            if number == after:
                number += 1
                self._keys.make_kek(tenant, number)
                kept = [self._rewrapped(tenant, one, number) for one in kept]
                self._file.begin(tenant, number, now, kept)
            for other in self._keys.keks(tenant):
                if other != number:
                    self._keys.destroy_kek(tenant, other)
            return Rolled(number, len(kept))

    def close(self) -> None:
        """Forget everything and let the file go."""
        self._by_name.clear()
        self._by_id.clear()
        self._file.close()

    def _made(
        self, tenant: str, kind: str, name: str, now: Instant, random: Random
    ) -> HeldKey | None:
        with self._lock:
            if kind == SUBJECT and self._file.is_destroyed(tenant, name):
                return None
            known = self._load(tenant, kind, name)
            if known is not None:
                return known
            present = self._file.epoch(tenant)
            if present is None:
                self._keys.make_kek(tenant, 1)
                self._file.begin(tenant, 1, now)
            epoch = 1 if present is None else present.number
            made = HeldKey(str(KeyId.of(random(ID_BYTES))), random(KEY_BYTES))
            wrapped = self._keys.wrap(tenant, epoch, _context(kind, made.id), made.secret)
            self._file.add(tenant, WrappedKey(made.id, kind, name, epoch, wrapped))
            return self._remember(tenant, kind, name, made)

    def _load(self, tenant: str, kind: str, name: str) -> HeldKey | None:
        return self._unwrapped(tenant, self._file.by_name(tenant, kind, name))

    def _unwrapped(self, tenant: str, found: WrappedKey | None) -> HeldKey | None:
        if found is None:
            return None
        try:
            secret = self._keys.unwrap(
                tenant, found.epoch, _context(found.kind, found.id), found.wrapped
            )
        except Invalid:
            return None
        return self._remember(tenant, found.kind, found.name, HeldKey(found.id, secret))

    def _remember(self, tenant: str, kind: str, name: str, key: HeldKey) -> HeldKey:
        with self._lock:
            if len(self._by_id) >= CACHED_MAX:
                self._by_id.clear()
                self._by_name.clear()
            self._by_name[tenant, kind, name] = key
            self._by_id[tenant, key.id] = key
        return key

    def _rewrapped(self, tenant: str, one: WrappedKey, epoch: int) -> WrappedKey:
        context = _context(one.kind, one.id)
        secret = self._keys.unwrap(tenant, one.epoch, context, one.wrapped)
        wrapped = self._keys.wrap(tenant, epoch, context, secret)
        return WrappedKey(one.id, one.kind, one.name, epoch, wrapped)


def month_of(at: Instant) -> str:
    """The month of an instant, in UTC: `2027-01`."""
    return datetime.fromtimestamp(at / 1000, tz=UTC).strftime("%Y-%m")


def _context(kind: str, key: str) -> str:
    return f"keyring.{kind}|{key}"
