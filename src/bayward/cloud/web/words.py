"""From ids to what people call things, and from events to lines of a page.

Pages show names; the log holds ids. One `Words` per page reads what it needs once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from bayward.cloud.audit import service as audit
from bayward.cloud.audit import store as audit_store
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import LogHead, Wanted
from bayward.cloud.custody import party_store
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.people.store import Person
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import BankId, CompartmentId, PersonId, TenantId
from bayward.core.roles import Node
from bayward.core.whose import is_party
from bayward.ledger.strict import base64_text
from bayward.ui.filters import spoken
from bayward.ui.views.base import Fact, TimeProof
from bayward.ui.views.console import Happening, Proof, TimelineEntry
from bayward.ui.views.mail import Severity
from bayward.ui.views.wall import door_label

PEOPLE_FIELDS = ("actor", "recipient", "subject")
# What a page does not repeat: ids, and what the line says already.
HIDDEN = {"type", "time", "tq", "boot", "mono", "compartment", "parcel", "grant", "command"}
HIDDEN |= {"incident", "item", "photo", "witness", "origin", "log_root", "log_size"}
HIDDEN |= {"cosigned_at", "not_after", "actor", "recipient", "party_id"}
# Per type: what the line says already, and what only a machine reads.
REPEATED = {
    EventType.BANK_ENROLLED: ("detail",),
    EventType.BEACON_SEEN: ("detail",),
    EventType.LOCKDOWN_ENGAGED: ("scope", "reason"),
    EventType.INCIDENT_OPENED: ("reason",),
    EventType.NOTIFICATION_SENT: ("detail", "subject"),
    EventType.NOTIFICATION_FAILED: ("subject",),
    EventType.WEBHOOK_CREATED: ("subject",),
    EventType.WEBHOOK_DELETED: ("subject",),
    EventType.ROLE_GRANTED: ("scope",),
    EventType.ROLE_REVOKED: ("scope",),
    EventType.TENANT_CREATED: ("subject",),
    EventType.CUSTODY_STORED: ("detail",),
    EventType.CUSTODY_FETCHED: ("detail",),
    EventType.PARCEL_DEPOSITED: ("method", "size"),
    EventType.COMPARTMENT_RESERVED: ("size",),
}
NOBODY = {None, "", people.SYSTEM, "bank"}  # actors that are programs
NAMES_A_HOST = {EventType.WEBHOOK_CREATED, EventType.WEBHOOK_DELETED}
SEVERITY = {
    EventType.DOOR_FORCED_OPEN: Severity.CRITICAL,
    EventType.BANK_LOG_REFUSED: Severity.CRITICAL,
    EventType.TENANT_LOG_DOUBTED: Severity.CRITICAL,
    EventType.LOG_FAULT_FOUND: Severity.CRITICAL,
    EventType.LOCKDOWN_ENGAGED: Severity.CRITICAL,
    EventType.CUSTODY_BROKEN: Severity.CRITICAL,
    EventType.CUSTODY_TAKEN: Severity.CRITICAL,
    EventType.DOOR_OPEN_TOO_LONG: Severity.WARNING,
    EventType.KEYPAD_PAUSED: Severity.WARNING,
    EventType.BANK_CERTIFICATE_ENDS: Severity.WARNING,
    EventType.BANK_SILENT: Severity.WARNING,
    EventType.BANK_DISCONNECTED: Severity.NOTICE,
    EventType.ACCESS_REFUSED: Severity.NOTICE,
    EventType.ACTION_DENIED: Severity.NOTICE,
    EventType.STRANGER_REFUSED: Severity.NOTICE,
}
# Commands and their ends are told by what they caused.
BORING = {
    EventType.BANK_LOG_ACCEPTED,
    EventType.COMMAND_SENT,
    EventType.COMMAND_ENDED,
    EventType.COMMAND_DONE,
    EventType.UNLOCK_REQUESTED,
    EventType.GRANT_ISSUED,
    EventType.BEACON_SEEN,
}
# Doors that open and shut as they should are what the wall itself shows.
ROUTINE = {EventType.DOOR_OPENED, EventType.DOOR_CLOSED, EventType.DOOR_FOUND}
ROUTINE |= {EventType.UNLOCK_ENDED, EventType.NOTIFICATION_SENT, EventType.COMPARTMENT_RESERVED}
WALL_TYPES = tuple(kind for kind in EventType if kind not in BORING | ROUTINE)


class Words:
    """What things of one tenant are called."""

    def __init__(self, work: Work, tenant: TenantId) -> None:
        self.work = work
        self.tenant = tenant
        self._people: dict[PersonId, Person] = {}
        self._doors: dict[CompartmentId, tuple[BankId, int]] | None = None
        self._banks: dict[BankId, fleet_store.Bank] | None = None
        self._logs: dict[str, LogHead] | None = None

    def learn(self, people_ids: Iterable[str | None]) -> None:
        """Read these people in one go, for `person` afterwards."""
        wanted = {one for one in people_ids if one and one not in self._people}
        if wanted:
            self._people |= people_store.by_id(self.work.tx, self.tenant, wanted)

    def find(self, person: str | None) -> Person | None:
        """Somebody, if the tenant knows him."""
        self.learn([person])
        return self._people.get(PersonId(person or ""))

    def person(self, person: str | None) -> str:
        """What a person or a party is called; "" for nobody, `ERASED` for who is gone."""
        if person is not None and is_party(person):
            return party_store.names(self.work.tx, self.tenant, [person]).get(person, ERASED)
        found = self.find(person)
        if found is not None:
            return found.name or ERASED
        return "" if person in NOBODY else str(person)

    def unit(self, person: str | None) -> str:
        """Where somebody lives."""
        found = self.find(person)
        return "" if found is None else found.unit

    def door(self, compartment: str | None) -> str:
        """What is printed on a door."""
        found = self._door(compartment)
        return "" if found is None else door_label(found[1])

    def door_and_bank(self, compartment: str | None) -> str:
        """The same, and of which bank: two banks have a door 3 each."""
        found = self._door(compartment)
        return "" if found is None else f"{door_label(found[1])}, {self.bank(found[0])}"

    def _door(self, compartment: str | None) -> tuple[BankId, int] | None:
        if self._doors is None:
            self._doors = fleet_store.door_places(self.work.tx, self.tenant)
        return self._doors.get(CompartmentId(compartment or ""))

    @property
    def banks(self) -> dict[BankId, fleet_store.Bank]:
        """All banks."""
        if self._banks is None:
            found = fleet_store.banks(self.work.tx, self.tenant)
            self._banks = {bank.bank: bank for bank in found}
        return self._banks

    def bank(self, bank: str | None) -> str:
        """What a bank is called."""
        found = self.banks.get(BankId(bank or ""))
        return "" if found is None else found.name

    def place(self, path: str) -> str:
        """What the site or bank of a node's path is called."""
        named = dict(places_of(self.work.tx, self.tenant))
        return named.get(path, path)

    def where(self, bank: BankId) -> str:
        """What a bank is called; without one, the organisation."""
        return self.bank(bank) or people_store.tenant_name(self.work.tx, self.tenant)

    def log(self, origin: str) -> LogHead | None:
        """A log."""
        if self._logs is None:
            heads = audit.logs(self.work, self.tenant)
            self._logs = {head.origin: head for head in heads}
        return self._logs.get(origin)

    def facts(self, event: Event) -> dict[str, Fact]:
        """What a line about an event says besides its type, in words."""
        self.learn(getattr(event, name) for name in PEOPLE_FIELDS)
        facts: dict[str, Fact] = {
            name: value for name, value in event.to_fields().items() if name not in HIDDEN
        }
        if event.compartment is not None:
            facts["door"] = self.door(event.compartment)
        if event.actor is not None and self.person(event.actor):
            facts["who"] = self.person(event.actor)
        if event.recipient is not None:
            facts["recipient"] = self.person(event.recipient)
        if event.subject is not None:
            facts["subject"] = self.person(event.subject)
        if event.bank is not None:
            facts["bank"] = self.bank(event.bank)
        if event.scope is not None and event.scope.startswith(CompartmentId.prefix):
            facts["scope"] = self.door(event.scope)
        if event.detail is not None and event.type not in NAMES_A_HOST:
            facts["detail"] = spoken(event.detail).replace(",", ", ")
        if event.type is EventType.STRANGER_REFUSED:
            facts["detail"] = "once" if event.count == 1 else f"{event.count} times"
        for name in REPEATED.get(event.type, ()):
            facts.pop(name, None)
        return facts

    def happening(self, happened: Happened) -> Happening:
        """A line of what happened."""
        event = happened.event
        facts = self.facts(event)
        if event.bank is not None and len(self.banks) == 1:
            del facts["bank"]  # there is only one
        return Happening(
            at=event.time,
            kind=event.type.value,
            facts=facts,
            is_proven=self.is_proven(happened),
            href=_href(happened),
            severity=SEVERITY.get(event.type),
            time=time_proof(happened),
        )

    def happenings(
        self, wanted: Wanted, *, before: int | None = None, count: int = 30
    ) -> tuple[tuple[Happening, ...], int | None]:
        """The newest lines that match, and the cursor of what is older."""
        found = audit.happenings(self.work, self.tenant, wanted, before=before, count=count + 1)
        shown, older = found[:count], found[count:]
        self.learn(getattr(one.event, name) for one in shown for name in PEOPLE_FIELDS)
        cursor = shown[-1].seq if older else None
        return tuple(map(self.happening, shown)), cursor

    def timeline(self, found: Sequence[Happened]) -> tuple[TimelineEntry, ...]:
        """The story of one thing, oldest first, each line with its proof."""
        return tuple(
            TimelineEntry(
                at=one.event.time,
                kind=one.event.type.value,
                facts=self.facts(one.event),
                who=self.person(one.event.actor),
                proof=self.proof(one),
                severity=SEVERITY.get(one.event.type),
                time=time_proof(one),
            )
            for one in sorted(found, key=lambda one: one.seq)
        )

    def proof(self, happened: Happened) -> Proof | None:
        """Where in which tree an event is."""
        head = self.log(happened.place.origin)
        if head is None:
            return None
        query = f"origin={head.origin}&index={happened.place.index}"
        return Proof(
            leaf_index=happened.place.index,
            tree_size=head.size,
            root=base64_text(head.root),
            verified_at=head.verified_at or head.changed_at,
            receipt_href=f"/console/log/receipt?{query}",
        )

    def is_proven(self, happened: Happened) -> bool | None:
        """Whether its log holds together, as far as we have looked."""
        head = self.log(happened.place.origin)
        if head is None:
            return None
        return head.verify_problem is None and head.state != "forked"

    def verified_at(self, bank: BankId) -> Instant | None:
        """When the newest checkpoint of a bank was checked: when it was accepted, at least."""
        origin = self.banks[bank].origin if bank in self.banks else None
        head = self.log(origin) if origin else None
        if head is None or not head.size:
            return None
        return max(head.changed_at, head.verified_at or head.changed_at)


def time_proof(happened: Happened) -> TimeProof:
    """What is proven of the time of an event."""
    before, after = happened.bounds.not_before, happened.bounds.not_after
    return TimeProof(
        quality=happened.event.tq or "U",
        not_before=None if before is None else Instant(before),
        not_after=None if after is None else Instant(after),
        is_suspect=happened.is_time_suspect,
        is_beacon_missing=happened.is_beacon_missing,
    )


def _href(happened: Happened) -> str:
    event = happened.event
    if event.incident is not None:
        return f"/console/incidents/{event.incident}"
    if event.item is not None:
        return f"/console/items/{event.item}"
    if event.parcel is not None:
        return f"/console/parcels/{event.parcel}"
    if event.bank is not None:
        return f"/console/banks/{event.bank}"
    return "/console/log"


def log_name(words: Words, head: LogHead, tenant_name: str) -> str:
    """What a log is called: its bank, or the tenant."""
    if head.kind == audit_store.TENANT_LOG:
        return tenant_name
    return words.bank(head.bank) or str(head.bank)


def places_of(tx: sa.Connection, tenant: TenantId) -> Iterator[tuple[str, str]]:
    """Where items can be kept and who keeps them can be bound to: paths, and what they are called.

    The tenant as a whole is the first; a site may be called as it is.
    """
    yield Node(tenant).path, f"{people_store.tenant_name(tx, tenant)}, all sites"
    banks = fleet_store.banks(tx, tenant)
    for site in fleet_store.sites(tx, tenant):
        yield Node(tenant, site.site).path, site.name
        for bank in banks:
            if bank.site == site.site:
                yield Node(tenant, site.site, bank.bank).path, f"{site.name}: {bank.name}"
