"""Whose each field of an entry is: the one table.

A field that is about a person is sealed under that person's key, so that erasing him takes it
and nothing else; what is about nobody is the tenant's own. Free text is always somebody's,
because nobody knows what was typed into it. Words of our own that a program wrote (`CODED`) are
not free text: that an order was sent stays known when the one who sent it is forgotten.

Somebody is a person, or a party outside that does not sign in. Entries from before parties had
ids hold none: at rest a party's name is his there, too (`cloud.audit.moving`).
"""

from __future__ import annotations

from collections.abc import Mapping

from bayward.core.events import EventType
from bayward.core.ids import PartyId, PersonId, Subject

ABOUT: Mapping[str, tuple[str, ...]] = {
    "actor": ("actor",),
    "recipient": ("recipient",),
    "subject": ("subject",),
    "role": ("subject",),
    "scope": ("subject",),
    "tracking": ("recipient", "actor"),
    "reason": ("subject", "recipient", "actor"),
    "detail": ("subject", "recipient", "actor"),
    "authority": ("actor",),
    "handed_to": ("actor",),
    "witness": ("witness",),
    "party": ("party_id", "actor"),
    "party_id": ("party_id",),
}
"""Field → the fields that say whose it is: the first of them that names somebody."""

_T = EventType
CODED = frozenset({
    (_T.COMMAND_SENT, "detail"), (_T.COMMAND_ENDED, "detail"), (_T.COMMAND_REFUSED, "reason"),
    (_T.STEP_UP_PASSED, "detail"), (_T.ACTION_DENIED, "detail"), (_T.ACTION_DENIED, "reason"),
    (_T.SIGN_IN_REFUSED, "reason"), (_T.ACCESS_REFUSED, "reason"),
    (_T.STRANGER_REFUSED, "reason"),
    (_T.NOTIFICATION_SENT, "detail"), (_T.NOTIFICATION_FAILED, "detail"),
    (_T.COMPARTMENT_RELEASED, "reason"), (_T.EVIDENCE_EXPORTED, "detail"),
    (_T.SUBJECT_ERASED, "reason"), (_T.ERASURE_ASKED, "reason"), (_T.ERASURE_BLOCKED, "reason"),
    (_T.SUBJECT_ERASED, "detail"), (_T.ERASURE_ASKED, "detail"),
    (_T.HOLD_PLACED, "detail"), (_T.HOLD_PLACED, "scope"), (_T.KEY_EPOCH_ROLLED, "detail"),
    (_T.RECORDS_EXPIRED, "detail"),
    (_T.HOLD_LIFTED, "detail"), (_T.HOLD_LIFTED, "scope"),
    (_T.CUSTODY_OFFERED, "scope"), (_T.CUSTODY_ACCEPTED, "scope"),
    (_T.CUSTODY_STORED, "detail"), (_T.CUSTODY_FETCHED, "detail"), (_T.CUSTODY_BROKEN, "reason"),
})  # fmt: skip
"""Type and field where a program writes one word out of a fixed list."""


def whose(fields: Mapping[str, object]) -> dict[str, str | None]:
    """For each field the id of whom it belongs to; None: the tenant's own."""
    kind = str(fields.get("type"))
    return {name: None if (kind, name) in CODED else _somebody(name, fields) for name in fields}


def is_subject(text: str) -> bool:
    """Whether this is an id of somebody who has a key of his own."""
    return text.startswith(_PREFIXES)


def is_party(text: str) -> bool:
    """Whether it is one of a party outside."""
    return text.startswith(_PREFIXES[1])


def subject_of(text: str) -> Subject:
    """The id of somebody as what it is; it was read from where only such ids stand."""
    return PartyId(text) if is_party(text) else PersonId(text)


def _somebody(name: str, fields: Mapping[str, object]) -> str | None:
    for one in ABOUT.get(name, ()):
        value = fields.get(one)
        if isinstance(value, str) and is_subject(value):
            return value
    return None


_PREFIXES = (f"{PersonId.prefix}_", f"{PartyId.prefix}_")
