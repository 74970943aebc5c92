"""Parties outside: who is named in custody and has no account, each with a key of his own.

Nobody registers a party; being named for the first time does it. He is known by his name in this
tenant: the same name in another case or with other spaces is the same party, any other name is
another one. Whoever was erased is not found again; his name, said anew, is a new party.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import structlog

from bayward.cloud.custody import party_store
from bayward.cloud.custody.item_store import Sight
from bayward.cloud.custody.party_store import Party
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.errors import Invalid, NotFound
from bayward.core.events import ERASED, TEXT_CHARS_MAX
from bayward.core.ids import PartyId, TenantId
from bayward.core.whose import is_party

_NOBODYS = {ERASED, "notinthispack"}  # what pages and packs say in place of a name
_JOINERS = "\u200c\u200d"
SUGGESTED_MAX = 100  # names offered while typing; more than a list under a field shows


_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Named:
    """How a party is named in an event: his id, and what he was called now."""

    id: PartyId | None
    name: str | None


NOBODY_NAMED = Named(None, None)


def named(work: Work, tenant: TenantId, text: str, *, at: Instant | None = None) -> Named:
    """Who is called so, or has this id; somebody new where nobody is called so.

    Raises `Invalid("party.unknown")` for an id of nobody, of another tenant or of who was erased,
    and for a name that reads as if he had been. `at` is when he was named, if not now.
    """
    at = work.now if at is None else at
    if is_party(text):
        found = party_store.find(work.tx, tenant, text)
        if found is None:
            raise Invalid("party.unknown", field="party")
        party_store.touch(work.tx, tenant, found.id, at)
        return Named(found.id, found.name)
    name = unicodedata.normalize("NFC", text)
    if "".join(filter(str.isalnum, name.casefold())) in _NOBODYS:
        raise Invalid("party.name", field="party")
    if len(name) > TEXT_CHARS_MAX:
        raise Invalid("field.too_long", field="party", limit=TEXT_CHARS_MAX)
    known = party_store.called(work.tx, tenant, name)
    if known is not None:
        party_store.touch(work.tx, tenant, known, at)
        return Named(known, name)
    party = work.ids.new(PartyId)
    party_store.insert(work.tx, tenant, Party(party, name, at, at))
    return Named(party, name)


def named_before(work: Work, tenant: TenantId, text: str, at: Instant) -> Named:
    """The same of a name that an older program has written down; nobody where it is none."""
    if not text or is_party(text):
        return NOBODY_NAMED
    try:
        return named(work, tenant, text, at=at)
    except Invalid as error:
        _log.warning("parties.nobody", tenant=tenant, why=str(error))
        return NOBODY_NAMED


def checked(text: str) -> str:
    """The same, when it can be told from every other name by looking at it.

    Raises `Invalid("field.characters")` for characters that nobody sees, but for the two that join
    letters in some scripts.
    """
    if any(unicodedata.category(one) == "Cf" and one not in _JOINERS for one in text):
        raise Invalid("field.characters", field="party")
    return text


def get(work: Work, tenant: TenantId, party: PartyId) -> Party:
    """One party; raises `NotFound` for another tenant's and for who was erased, as for none."""
    found = party_store.find(work.tx, tenant, party)
    if found is None:
        raise NotFound("party")
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """A party with the number of items in which it is named, as far as entries know its id."""

    party: Party
    items: int


def listed(
    work: Work,
    tenant: TenantId,
    *,
    text: str = "",
    before: tuple[Instant, str] | None = None,
    count: int = 50,
) -> list[Listed]:
    """Parties, the last named first; `text` is a part of the name, `before` the last one shown."""
    found = party_store.listed(work.tx, tenant, text=text, before=before, count=count)
    counts = party_store.item_counts(work.tx, tenant, [one.id for one in found])
    return [Listed(one, counts.get(one.id, 0)) for one in found]


def counted(work: Work, tenant: TenantId, party: PartyId) -> Listed:
    """One party with the number; raises `NotFound`."""
    found = get(work, tenant, party)
    return Listed(found, party_store.item_counts(work.tx, tenant, [party]).get(party, 0))


def everywhere(work: Work, text: str) -> list[tuple[TenantId, PartyId]]:
    """Who has this id or is called so, in all tenants; for the machine's own operator."""
    return party_store.everywhere(work.tx, unicodedata.normalize("NFC", " ".join(text.split())))


def suggested(work: Work, tenant: TenantId, sight: Sight) -> list[str]:
    """Names to offer while typing: whoever is named in an item he may see, the last named first."""
    return party_store.seen(work.tx, tenant, sight, count=SUGGESTED_MAX)
