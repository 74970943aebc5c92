"""Entries and events as they can still be read.

What was erased is not in an entry any more. An event has fields that must be there; where one
of them was erased it says `ERASED`, and pages say so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bayward.cloud.audit import store, vault, vault_store
from bayward.cloud.audit.store import UNBOUND, Found, LogHead, Wanted
from bayward.cloud.unit import Place, Work
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.events import Event, Scalar
from bayward.core.ids import TenantId
from bayward.ledger.leaf import Disclosure, Value
from bayward.ledger.sandwich import Bounds


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log, with the disclosures that can be opened."""

    index: int
    leaf: bytes
    disclosures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """One event with its place in a log; `seq` orders arrivals and is the cursor of lists.

    `bounds` are what is proven of its time, whatever the clock that `event.time` is of.
    """

    seq: int
    place: Place
    event: Event
    received_at: Instant
    bounds: Bounds = UNBOUND

    @property
    def is_time_suspect(self) -> bool:
        """Does its own clock contradict what is proven?"""
        return self.bounds.is_suspect(self.event.time)

    @property
    def is_beacon_missing(self) -> bool:
        """Had the bank nothing young from outside when it wrote this (a cut cable, mostly)?"""
        is_a_banks = self.event.boot is not None
        return is_a_banks and self.bounds.is_open_below(self.event.time)


def heads(work: Work, tenant: TenantId) -> list[LogHead]:
    """All logs of a tenant, with what this unit of work has appended."""
    work.settle()
    return store.logs(work.tx, tenant)


def find_head(work: Work, tenant: TenantId, origin: str) -> LogHead | None:
    """The log of this origin, with what this unit of work has appended; None: no such log."""
    work.settle()
    return store.find_log(work.tx, tenant, origin)


def head(work: Work, tenant: TenantId, origin: str) -> LogHead:
    """The same; raises `NotFound`."""
    work.settle()
    return store.get_log(work.tx, tenant, origin)


def entries(work: Work, tenant: TenantId, origin: str, first: int, count: int) -> list[Entry]:
    """Entries `first` up to `first + count`, as far as there are any."""
    work.settle()
    found = store.entries(work.tx, tenant, origin, first, count)
    opened = vault.unseal(work, vault_store.of_range(work.tx, tenant, origin, first, count))
    return [Entry(one.index, one.leaf, opened.get(Place(origin, one.index), ())) for one in found]


def happenings(
    work: Work, tenant: TenantId, wanted: Wanted, *, before: int | None, count: int
) -> list[Happened]:
    """What happened, newest first, from below the cursor `before`."""
    found = store.happenings(work.tx, tenant, wanted, before=before, count=count)
    rows = vault_store.of_places(work.tx, tenant, [one.place for one in found])
    opened = vault.unseal(work, rows)
    return [
        Happened(
            one.seq,
            one.place,
            _event(one, opened.get(one.place, ())),
            one.received_at,
            one.bounds,
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entry that is somebody's."""

    place: Place
    name: str
    value: Value


def fields_of(work: Work, tenant: TenantId, person: str) -> list[Field]:
    """Everything the logs hold under somebody's key, for himself to read."""
    held = work.house.keyring.held(tenant, person)
    rows = [] if held is None else vault_store.of_key(work.tx, tenant, held.id)
    return [
        Field(place, one.name, one.value)
        for place, texts in vault.unseal(work, rows).items()
        for one in map(Disclosure.parse, texts)
    ]


def _event(found: Found, disclosures: Sequence[str]) -> Event:
    """The event of a line: what the index says, what can be opened, and what was erased."""
    told: dict[str, Scalar] = dict(found.told)
    for text in disclosures:
        one = Disclosure.parse(text)
        if not isinstance(one.value, list | dict):
            told.setdefault(one.name, one.value)
    try:
        return Event.from_rest(told)
    except Invalid:  # a bank's entry of another vocabulary is kept, but never became an event
        return Event.from_rest(found.told)
