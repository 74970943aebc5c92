"""Items in the console: who holds what, the line of custody, the form for a court file.

| request | fields | → |
|---|---|---|
| GET  /console/items?state=&kind=&holder=&q=&after= | | `Items` |
| GET  /console/items/new | | `ItemForm` |
| POST /console/items/new | of `ItemForm` | 303 to the item, 422 with `problems` |
| GET  /console/items/{id} | | `ItemPage` |
| GET  /console/items/{id}/{act} | | `ItemAct` |
| POST /console/items/{id}/{act} | of `ItemAct` | 303 to the item, 409 or 422 with `problems` |
| GET  /console/items/{id}/form | | `CustodyForm`, to be printed |
| GET  /console/items/{id}/custody.csv | | the same lines as a table |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Choice, Facts, FieldProblem, Problem, View
from bayward.ui.views.console import ONE_PAGE, ConsoleView, Filter, Pager, Place, Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How much of a medicine there is."""

    count: int
    unit: str
    lot: str
    expires_on: str = ""
    is_expired: bool = False
    is_controlled: bool = False
    is_count_due: bool = False
    is_doubted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A line of custody that is not whole, in words: what was found, and what came after it."""

    line: int
    at: Instant
    what: str
    after: str = ""
    is_seal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item."""

    href: str
    label: str
    kind: str  # key of [fact.purpose]
    case: str
    exhibit: str
    holder: str
    state: str  # core.items.ItemState
    since: Instant
    seal: str = ""
    is_seal_broken: bool = False
    is_broken: bool = False
    is_for_you: bool = False  # your answer is waited for
    stock: Stock | None = None
    out_since: Instant | None = None  # taken out of a compartment, and not back
    was_seal_broken: bool = False  # or changed, once; a new seal does not take that back
    findings: tuple[Finding, ...] = ()  # of the list of what is interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(ConsoleView):
    """All items that match."""

    template: ClassVar[str] = "console/items.html"
    place: ClassVar[Place] = Place.ITEMS
    rows: tuple[ItemRow, ...]
    filters: tuple[Filter, ...] = ()
    list: str = "all"  # key of the filter that is current
    kinds: tuple[Choice, ...] = ()
    holders: tuple[Choice, ...] = ()
    query: str = ""
    is_narrowed: bool = False  # by a kind, a holder or a word
    has_doors: bool = False  # doors for two, with so many questions waiting
    doors_waiting: int = 0
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyLine:
    """One line of custody. `before` and `after` are who held it, both empty when it stayed.

    It is entry `entry` of the log `log`, and repeats entry `bank_entry` of a bank's log when a
    bank reported it. `note` has what else there is to say. `not_released_by` held it by the record
    when `who` moved it.
    """

    number: int
    at: Instant
    kind: str
    facts: Facts
    before: str
    after: str
    who: str = ""
    signed: str = ""  # key of [console.signed]
    witness: str = ""
    note: str = ""
    seal: str = ""
    result: str = ""
    photo: str = ""
    log: str = ""
    entry: int = 0
    bank_log: str = ""
    bank_entry: str = ""
    bank: str = ""
    is_broken: bool = False
    not_released_by: str = ""
    seal_before: str = ""  # in place of which another seal or none was found
    is_seal_broken: bool = False  # or changed
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage(ConsoleView):
    """One item: who holds it, the whole line of custody, what can be done now.

    `acts` are keys of the table in `console/item_words.html`.
    """

    template: ClassVar[str] = "console/item.html"
    place: ClassVar[Place] = Place.ITEMS
    row: ItemRow
    item_id: str
    description: str
    received_from: str
    lines: tuple[CustodyLine, ...]
    findings: tuple[Finding, ...] = ()
    reason: str = ""  # where and why it was taken in
    kept_at: str = ""
    acts: tuple[str, ...] = ()
    offer_to: str = ""
    offer_kind: str = ""
    offer_until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemForm(ConsoleView):
    """Take something into custody."""

    template: ClassVar[str] = "console/item_new.html"
    place: ClassVar[Place] = Place.ITEMS
    kinds: tuple[Choice, ...]
    kept: tuple[Choice, ...] = ()  # where it can be kept; one: there is nothing to choose
    parties: tuple[str, ...] = ()  # who was named before, offered while typing
    values: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAct(ConsoleView):
    """The form of one act; `fields` are the names of its inputs, in order."""

    template: ClassVar[str] = "console/item_act.html"
    place: ClassVar[Place] = Place.ITEMS
    row: ItemRow
    act: str
    fields: tuple[str, ...]
    offer_to: str = ""
    offer_kind: str = ""
    people: tuple[Choice, ...] = ()
    parties: tuple[str, ...] = ()  # as in `ItemForm`
    values: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A log as it was when the form was made, so that its lines can be held against it."""

    origin: str
    size: int
    root: str  # base64
    note: str  # the signed checkpoint
    vkey: str  # its public key, as a C2SP verifier key


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyForm(View):
    """The chain of custody on paper: A4, every page named, room to sign, and how to check it."""

    template: ClassVar[str] = "console/custody_form.html"
    tenant: str
    row: ItemRow
    item_id: str
    description: str
    received_from: str
    reason: str
    registered_at: Instant
    registered_by: str
    lines: tuple[CustodyLine, ...]
    anchors: tuple[Anchor, ...]
    made_at: Instant
    made_by: str
    base_url: str
    findings: tuple[Finding, ...] = ()
