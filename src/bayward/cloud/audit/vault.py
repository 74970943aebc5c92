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
    ring, random = work.house.keyring, work.ids.random
    period = ring.period(tenant, work.now, random)
    owned = whose(fields)
    groups: dict[str | None, list[tuple[int, str]]] = {}
    for ordinal, (name, text) in enumerate(zip(fields, disclosures, strict=True)):
        groups.setdefault(owned[name], []).append((ordinal, text))
    rows = []
    for whom, group in groups.items():
        subject = _subject(work, tenant, whom)
        if subject is None:
            continue
        first = group[0][0]
        plain = "\n".join(f"{ordinal} {text}" for ordinal, text in group)
        sealed = sealing.seal(
            subject,
            period,
            where=place.origin,
            what=_what(place.index, first),
            plain=plain.encode(),
            random=random,
        )
        rows.append(Sealed(tenant, place.origin, place.index, first, subject.id, period.id, sealed))
    return rows


def unseal(work: Work, rows: Iterable[Sealed]) -> dict[Place, tuple[str, ...]]:
    """The disclosures that can be opened, by entry, in the order they were given."""
    found: dict[Place, list[tuple[int, str]]] = {}
    for row in rows:
        found.setdefault(Place(row.origin, row.idx), []).extend(_opened(work, row))
    return {place: tuple(text for _, text in sorted(told)) for place, told in found.items()}


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
