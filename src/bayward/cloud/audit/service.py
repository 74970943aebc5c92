"""Our use of the log: everything that happened is an entry, and can be shown to be one.

Each tenant has a log of its own, `<deployment>/tenant/<id>`; each bank keeps one that we mirror.
An event of ours is sealed, appended and covered by a signed checkpoint in the transaction that
caused it, so nothing is done that is not logged, and nothing logged that was not done.
"""

from __future__ import annotations

from dataclasses import replace

from bayward.cloud.audit import appending, reader, store
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import LogHead, Wanted
from bayward.cloud.unit import Place, Work
from bayward.core.errors import NotFound
from bayward.core.events import LOCAL, Event, EventType
from bayward.core.ids import TenantId
from bayward.ledger.keys import parse_vkey
from bayward.ledger.leaf import Disclosure
from bayward.ledger.receipt import Receipt

TIME_QUALITY = "I"  # informative (OCMF): a server's clock, kept by others and not checked by us
LIST_MAX = 200  # lines of one page


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
    return reader.heads(work, tenant)


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
    head = reader.head(work, tenant, place.origin)
    log = appending.open_log(work, tenant, head)
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
    return appending.enter(work, tenant, origin_of(work, tenant), fields, kind=store.TENANT_LOG)
