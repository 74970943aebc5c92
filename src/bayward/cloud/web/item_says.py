"""What somebody signs with a fresh code: which item, by its own words, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody.item_store import ItemView
from bayward.cloud.unit import Work
from bayward.core.events import EventType
from bayward.core.ids import TenantId
from bayward.core.items import SealFound, SealState

Pairs = tuple[tuple[str, str], ...]

_SEAL = "Seal"
# Fields of a form, and how the page that asks for the code calls them.
_SAID = {
    "detail": "Item",
    "case": "Case",
    "exhibit": "Exhibit",
    "seal": _SEAL,
    "result": "The seal is",
    "count": "How many",
    "unit": "Of what",
    "lot": "Lot",
    "party": "From or to",
    "authority": "Authority",
    "reason": "Reason",
    "photo": "Photo, SHA-256",
}
_FOUND = {
    SealState.INTACT.value: "intact",
    SealState.BROKEN.value: "broken",
    SealFound.REPLACED.value: "another one, put on outside",
    SealFound.MISSING.value: "not there",
}


def of_item(work: Work, tenant: TenantId, view: ItemView, said: Mapping[str, str]) -> Pairs:
    """What is signed of an item that is here, with the form that is sent."""
    wanted = Wanted(item=view.item.id, types=(EventType.ITEM_REGISTERED,))
    found = audit.happenings(work, tenant, wanted, before=None, count=1)
    description = found[0].event.detail if found else ""
    known = (
        ("Item", description),
        ("Case", view.case),
        ("Exhibit", view.exhibit),
        ("Label", view.item.id.label),
        ("Seal in the record", view.item.seal),
    )
    return _told((*known, *_form(said, _SEAL, "Seal number you give")))


def of_form(said: Mapping[str, str]) -> Pairs:
    """What is signed of an item that is taken in."""
    return _told(_form(said, "", ""))


def _form(said: Mapping[str, str], head: str, instead: str) -> Iterable[tuple[str, str | None]]:
    for name, called in _SAID.items():
        text = said.get(name, "").strip()
        yield (instead if called == head else called), _FOUND.get(text, text)


def _told(pairs: Iterable[tuple[str, str | None]]) -> Pairs:
    return tuple((head, text) for head, text in pairs if text)
