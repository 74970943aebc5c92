"""What we hold about somebody, in one file that he can read (GDPR articles 15 and 20).

He is a person, or a party outside.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bayward.cloud.audit import reader
from bayward.cloud.custody import parties
from bayward.cloud.people import service as people
from bayward.cloud.privacy import store as privacy_store
from bayward.cloud.unit import Work
from bayward.core.events import Event, EventType
from bayward.core.ids import PartyId, PersonId, Subject, TenantId
from bayward.core.whose import is_party

NOTE = (
    "Everything this control plane holds about one person or party. Times are in UTC. `tables` "
    "are rows of its database with the purpose, ground and duration for which they are kept; `log` "
    "are the fields of the tamper-evident logs that are his. Secrets (hashes of passwords and of "
    "links) are left out. Mail servers, carriers and receivers of webhooks may hold copies."
)


def own_data(work: Work, tenant: TenantId, person: Subject) -> dict[str, Any]:
    """The file as an object; raises `NotFound`."""
    if is_party(person):
        parties.get(work, tenant, PartyId(person))
    else:
        people.get(work, tenant, PersonId(person))
    return {
        "note": NOTE,
        "party" if is_party(person) else "person": str(person),
        "made_at": iso(work.now),
        "tables": [
            {
                "table": one.table,
                "kept_for": one.ground,
                "rows": [_row(row) for row in one.rows],
            }
            for one in privacy_store.kept(work.tx, tenant, person)
        ],
        "log": [
            {
                "log": one.place.origin,
                "entry": one.place.index,
                "field": one.name,
                "value": one.value,
            }
            for one in reader.fields_of(work, tenant, person)
        ],
    }


def given(work: Work, tenant: TenantId, person: Subject, actor: PersonId) -> dict[str, Any]:
    """The same for who asks for it, which is logged; that it was is not in it yet."""
    told = own_data(work, tenant, person)
    rows = sum(len(one["rows"]) for one in told["tables"])
    work.emit(
        Event(
            type=EventType.SUBJECT_REPORTED,
            time=work.now,
            actor=actor,
            subject=person,
            count=rows + len(told["log"]),
        ),
        tenant=tenant,
    )
    return told


def as_file(told: dict[str, Any]) -> bytes:
    """The file."""
    return json.dumps(told, indent=1, ensure_ascii=False).encode()


def iso(ms: int) -> str:
    """An instant in UTC, as ISO 8601 writes it."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="seconds")


def _row(row: dict[str, object]) -> dict[str, object]:
    return {name: _told(name, value) for name, value in row.items()}


def _told(name: str, value: object) -> object:
    is_time = name.endswith(("_at", "not_after", "not_before", "until")) or name == "time"
    return iso(value) if is_time and isinstance(value, int) else value
