"""Our use of the log: everything that happened is an entry, and can be shown to be one.

Each tenant has a log of its own, `<deployment>/tenant/<id>`; each bank keeps one that we mirror.
An event of ours is sealed, appended and covered by a signed checkpoint in the transaction that
caused it, so nothing is done that is not logged, and nothing logged that was not done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bayward.cloud.audit import reader, store, vault, vault_store
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import Growth, LogHead, Wanted
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import LOCAL, Event, EventType
from bayward.core.ids import TenantId
from bayward.ledger.keys import Signer, parse_vkey
from bayward.ledger.leaf import SALT_BYTES, Disclosure, Value, seal
from bayward.ledger.log import Append, Log
from bayward.ledger.receipt import Receipt

TIME_QUALITY = "I"  # informative (OCMF): a server's clock, kept by others and not checked by us
LIST_MAX = 200  # lines of one page

Opens = tuple[Mapping[str, Value], Sequence[str]]
"""The fields of the one entry to be appended, and the disclosures that open them."""


def origin_of(work: Work, tenant: TenantId) -> str:
    """The name of a tenant's own log."""
    return f"{work.house.name}/tenant/{tenant}"


def vkey_of(work: Work, tenant: TenantId) -> str:
    """The key of a tenant's own log, for banks to pin."""
    return work.house.keys.log_signer(origin_of(work, tenant)).key.vkey


def append(work: Work, tenant: TenantId, event: Event, place: Place | None) -> Place:
    """Log an event and make it findable; one that a bank has logged is only made findable.

    Gives its place. Called first for every event, see `reactions`.
    """
    if place is None:
        place = _append(work, tenant, event)
    store.insert_happening(work.tx, tenant, event, place, now=work.now)
    work.wake(f"tenant/{tenant}")
    return place


def logs(work: Work, tenant: TenantId) -> list[LogHead]:
    """All logs of a tenant."""
    return store.logs(work.tx, tenant)


def happenings(
    work: Work, tenant: TenantId, wanted: Wanted, *, before: int | None = None, count: int = 50
) -> list[Happened]:
    """What happened, newest first; `before` is the `seq` of the last line of the page above."""
    count = min(count, LIST_MAX)
    return reader.happenings(work, tenant, wanted, before=before, count=count)


def happened_at(work: Work, tenant: TenantId, place: Place) -> Happened | None:
    """The event of one entry; None when it is no event."""
    wanted = Wanted(origin=place.origin, index=place.index)
    return next(iter(reader.happenings(work, tenant, wanted, before=None, count=1)), None)


def event_at(work: Work, tenant: TenantId, place: Place) -> Event | None:
    """The same, without what is known of it besides."""
    found = happened_at(work, tenant, place)
    return None if found is None else found.event


def receipt(
    work: Work, tenant: TenantId, place: Place, shown: frozenset[str] | None = None
) -> Receipt:
    """The receipt of one entry, which whoever holds it can check without us.

    `shown` names the fields that are disclosed to this reader; None: all. Local fields of banks
    never got here, and what was erased is gone, so they are not in it in any case.
    """
    head = store.get_log(work.tx, tenant, place.origin)
    log = _open(work, tenant, head)
    found = reader.entries(work, tenant, place.origin, place.index, 1)
    if not found:
        raise NotFound("log.entry")
    opened = [
        one for one in found[0].disclosures if shown is None or Disclosure.parse(one).name in shown
    ]
    return Receipt(parse_vkey(head.vkey), log.prove(place.index), found[0].leaf, tuple(opened))


def parcel_receipt(work: Work, tenant: TenantId, parcel: str) -> Receipt:
    """The receipt a recipient can keep: of the collection, else of the deposit."""
    kinds = (EventType.PARCEL_COLLECTED, EventType.PARCEL_DEPOSITED)
    wanted = Wanted(parcel=parcel, types=kinds)
    found = reader.happenings(work, tenant, wanted, before=None, count=LIST_MAX)
    if not found:
        raise NotFound("parcel")
    best = min(found, key=lambda one: (kinds.index(one.event.type), -one.seq))
    return receipt(work, tenant, best.place)


def _append(work: Work, tenant: TenantId, event: Event) -> Place:
    told = replace(event, tq=event.tq or TIME_QUALITY)
    fields = {name: value for name, value in told.to_fields().items() if name not in LOCAL}
    return enter(work, tenant, origin_of(work, tenant), fields, kind=store.TENANT_LOG)


def enter(
    work: Work, tenant: TenantId, origin: str, fields: Mapping[str, Value], *, kind: str
) -> Place:
    """Seal fields as the next entry of one of our own logs, begun when this is its first."""
    salts = (work.ids.random(SALT_BYTES) for _ in fields)
    sealed = seal(fields, salts)
    head = _own_log(work, tenant, origin, kind)
    log = _open(work, tenant, head, (fields, sealed.disclosures))
    return Place(head.origin, log.append([sealed.leaf]).first)


def _own_log(work: Work, tenant: TenantId, origin: str, kind: str) -> LogHead:
    found = store.find_log(work.tx, tenant, origin)
    if found is not None:
        return found
    vkey = work.house.keys.log_signer(origin).key.vkey
    store.create_log(work.tx, tenant, origin, kind=kind, bank=None, vkey=vkey, now=work.now)
    return store.get_log(work.tx, tenant, origin)


def _open(work: Work, tenant: TenantId, head: LogHead, opens: Opens | None = None) -> Log:
    """The log of `ledger` over our tables; only our own can be appended to."""
    kept = _Kept(work, tenant, head, opens)
    if head.kind in store.OURS:
        signer = work.house.keys.log_signer(head.origin)
    else:
        signer = Signer(parse_vkey(head.vkey), _refuse)
    return Log(kept, lambda: [signer])


def _refuse(text: bytes) -> bytes:
    del text
    raise Conflict("log.not_ours")


class _Kept:
    """A log in the database, as `ledger.log.Store` wants it."""

    def __init__(self, work: Work, tenant: TenantId, head: LogHead, opens: Opens | None) -> None:
        self._work = work
        self._tenant = tenant
        self._head = head
        self._opens = opens
        self.read_hashes = store.Hashes(work.tx, tenant, head.origin).read_hashes

    def read_head(self) -> str | None:
        """The signed checkpoint, if there is one."""
        return self._head.note or None

    def commit(self, append: Append, note: str) -> None:
        """Keep everything; durable when the unit of work commits."""
        growth = Growth(
            first=append.first,
            leaves=append.entries,
            hashes=append.stored_hashes,
            size=append.new_size,
            root=append.new_root,
            note=note,
        )
        work, tenant, origin = self._work, self._tenant, self._head.origin
        store.grow(work.tx, tenant, origin, growth, work.now)
        if self._opens is not None:
            fields, disclosures = self._opens
            place = Place(origin, append.first)
            vault_store.insert(work.tx, vault.seal(work, tenant, place, fields, disclosures))
