"""Disclosures at rest: sealed under the key of whom they are about, and opened for a reader.

The one place where disclosures are encrypted and decrypted; everything that shows a field of an
entry (receipt, export, a page, a check) comes here, and gets what can still be opened. A field
that cannot is withheld: the leaf keeps its digest, and every proof holds without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bayward.cloud.audit import vault_store
from bayward.cloud.audit.vault_store import Sealed
from bayward.cloud.keyring import sealing
from bayward.cloud.keyring.ring import HOUSE
from bayward.cloud.keyring.sealing import HeldKey
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Invalid
from bayward.core.events import ERASED
from bayward.core.ids import TenantId
from bayward.core.whose import whose
from bayward.ledger.leaf import Disclosure, Value

FORM = "disclosure/v1"


def seal(
    work: Work,
    tenant: TenantId,
    place: Place,
    fields: Mapping[str, object],
    disclosures: Sequence[str],
) -> list[Sealed]:
    """What is to be kept of an entry's disclosures, in the order of `fields`.

    Fields of somebody who was erased are not kept at all: a bank that was offline may tell of
    him later.
    """
    period = work.house.keyring.period(tenant, work.now, work.ids.random)
    owned = whose(fields)
    groups: dict[str | None, list[tuple[int, str]]] = {}
    for ordinal, (name, text) in enumerate(zip(fields, disclosures, strict=True)):
        groups.setdefault(owned[name], []).append((ordinal, text))
    rows = []
    for whom, group in groups.items():
        subject = _subject(work, tenant, whom)
        if subject is None:
            continue
        rows.append(_row(work, tenant, place, group, (subject, period)))
    return rows


def unseal(work: Work, rows: Iterable[Sealed]) -> dict[Place, tuple[str, ...]]:
    """The disclosures that can be opened, by entry, in the order they were given."""
    found: dict[Place, list[tuple[int, str]]] = {}
    for row in rows:
        found.setdefault(Place(row.origin, row.idx), []).extend(_opened(work, row))
    return {place: tuple(text for _, text in sorted(told)) for place, told in found.items()}


def value_in(work: Work, row: Sealed, name: str) -> Value:
    """What a row says of one field; None where it says nothing, or does not open."""
    told = (Disclosure.parse(text) for _, text in _opened(work, row))
    return next((one.value for one in told if one.name == name), None)


def apart(work: Work, row: Sealed, name: str, subject: str) -> list[Sealed]:
    """A row that opens as it is to be kept from now on: one field under the key of `subject`.

    The rest stays under whose key it was, and all of it under the month's.
    """
    ring, place = work.house.keyring, Place(row.origin, row.idx)
    before, period = ring.find(row.tenant, row.key), ring.find(row.tenant, row.period)
    theirs = ring.held(row.tenant, subject)
    assert before is not None, "it opens"
    assert period is not None, "it opens"
    assert theirs is not None, "only whom we know gets a field"
    groups: dict[bool, list[tuple[int, str]]] = {}
    for ordinal, text in _opened(work, row):
        is_theirs = Disclosure.parse(text).name == name
        groups.setdefault(is_theirs, []).append((ordinal, text))
    return [
        _row(work, row.tenant, place, group, (theirs if is_theirs else before, period))
        for is_theirs, group in groups.items()
    ]


def _row(
    work: Work,
    tenant: TenantId,
    place: Place,
    group: Sequence[tuple[int, str]],
    keys: tuple[HeldKey, HeldKey],
) -> Sealed:
    """Disclosures with where each stands, under a subject's and a month's key."""
    (subject, period), first = keys, group[0][0]
    plain = "\n".join(f"{ordinal} {text}" for ordinal, text in group)
    sealed = sealing.seal(
        subject,
        period,
        where=place.origin,
        what=_what(place.index, first),
        plain=plain.encode(),
        random=work.ids.random,
    )
    return Sealed(tenant, place.origin, place.index, first, subject.id, period.id, sealed)


def _opened(work: Work, row: Sealed) -> list[tuple[int, str]]:
    """What a row holds, or nothing."""
    ring = work.house.keyring
    subject, period = ring.find(row.tenant, row.key), ring.find(row.tenant, row.period)
    if subject is None or period is None:
        return []
    try:
        plain = sealing.unseal(
            subject, period, where=row.origin, what=_what(row.idx, row.ord), sealed=row.sealed
        )
    except Invalid:  # changed in the database; the leaf is not, and proves what it always did
        return []
    told = []
    for line in plain.decode().split("\n"):
        ordinal, _, text = line.partition(" ")
        told.append((int(ordinal), text))
    return told


def _subject(work: Work, tenant: TenantId, whom: str | None) -> HeldKey | None:
    """The key something is sealed under; None when it is not to be kept."""
    ring = work.house.keyring
    if whom is not None:
        held = ring.held(tenant, whom)
        if held is not None:
            return held
        state = vault_store.subject_state(work.tx, tenant, whom)
        if state == ERASED or ring.is_destroyed(tenant, whom):
            return None
        if state is None:  # a bank may claim anything; only whom we know gets a key
            whom = None
    return ring.subject(tenant, whom or HOUSE, work.now, work.ids.random)


def _what(index: int, ordinal: int) -> str:
    return f"{index}\n{ordinal}\n{FORM}"
