"""Samples of items: the list, one with a clean line of custody, one that is broken, the form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.core.events import EventType
from bayward.core.signed import SIGNED, Signed
from bayward.ui.gallery import Sample
from bayward.ui.gallery.console import SHELL
from bayward.ui.gallery.world import NOW, ago
from bayward.ui.views import custody as views
from bayward.ui.views.base import Choice, FieldProblem, Problem
from bayward.ui.views.console import Filter, Place, Proof

ID = "itm_3v8n0c7m2k9v4x1q8z5n3b6r7t"
HREF = f"/console/items/{ID}"
TENANT_LOG = "audit.example.com/tenant/ten_0c7m2k9v4x1q8z5n3b6r7t2w4y"
BANK_LOG = "audit.example.com/bank/bank_0c7m/1"
ROOT = "9XkI5U0yE0oWm5l0mQfOq3mC7P2XcC7m0JtqS1vWkQs="
NOTE = f"{TENANT_LOG}\n8214\n{ROOT}\n\n— {TENANT_LOG} AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs="
VKEY = f"{TENANT_LOG}+5d3a91c0+AUm1l0mQfOq3mC7P2XcC7m0JtqS1vWkQs9XkI5U0yE0o"
PHOTO = "5f1d6c0a9b7e3d2c4f8a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e"
DAY = 86_400
KEEPS_ITEMS = frozenset(place for place in Place if place not in {Place.ITEMS, Place.NONE})
CUSTODIAN = replace(SHELL, person="R. Haas", role="custodian", banners=(), hidden=KEEPS_ITEMS)
KNIFE = views.ItemRow(
    href=HREF,
    label="ITM-5N3B6R7T2W",
    kind="evidence",
    case="26-1187",
    exhibit="A1",
    holder="Ines Duarte",
    state="held",
    since=ago(2 * DAY),
    seal="S-004417",
)


def proof(index: int) -> Proof:
    """Where a line stands."""
    return Proof(
        leaf_index=index,
        tree_size=8_214,
        root=ROOT,
        verified_at=ago(95),
        receipt_href=f"/console/log/receipt?origin={TENANT_LOG}&index={index}",
    )


def line(number: int, days: int, kind: str, **more: object) -> views.CustodyLine:
    """One line of custody."""
    index = 7_000 + number * 13
    signed = SIGNED.get(EventType(kind), Signed.PROGRAM).value
    told: dict[str, object] = {"facts": {}, "before": "", "after": "", "signed": signed}
    told |= more
    return views.CustodyLine(
        number=number,
        at=ago(days * DAY + 3_600 - number * 60),
        kind=kind,
        log=TENANT_LOG,
        entry=index,
        proof=proof(index),
        **told,  # type: ignore[arg-type]  # fields of a line
    )


LINES = (
    line(1, 9, "item.registered", after="R. Haas", who="R. Haas", photo=PHOTO),
    line(2, 9, "seal.applied", facts={"seal": "S-004417"}, who="R. Haas", seal="S-004417"),
    line(3, 9, "custody.stored", facts={"door": "14"}, before="R. Haas", after="door 14, Lobby A",
         who="R. Haas", bank_entry="1204", bank_log=BANK_LOG, bank="Lobby A"),
    line(4, 6, "custody.fetched", facts={"door": "14"}, before="door 14, Lobby A",
         after="Ines Duarte", who="Ines Duarte", bank_entry="1391", bank_log=BANK_LOG,
         bank="Lobby A"),
    line(5, 6, "seal.checked", facts={"seal": "S-004417"}, who="Ines Duarte", seal="S-004417",
         result="intact"),
    line(6, 5, "custody.offered", who="Ines Duarte",
         note="to State laboratory, Dr. Okafor · court order 12/26"),
    line(7, 5, "custody.released", before="Ines Duarte", after="State laboratory, Dr. Okafor",
         who="Ines Duarte", witness="R. Haas", seal="S-004417", result="intact"),
    line(8, 2, "custody.returned", before="State laboratory, Dr. Okafor", after="Ines Duarte",
         who="Ines Duarte"),
)  # fmt: skip
BREAK = line(9, 1, "custody.taken", before="Ines Duarte", after="R. Haas", who="R. Haas",
             note="holder is ill", is_broken=True)  # fmt: skip
CHECKED = line(6, 6, "seal.checked", facts={"seal": "S-004417"}, who="Ines Duarte",
               seal="S-004417", result="broken", is_seal_broken=True)  # fmt: skip
REPLACED = line(10, 2, "custody.returned", before="State laboratory, Dr. Okafor",
                after="Ines Duarte", who="Ines Duarte", seal="L-7", seal_before="S-004418",
                result="replaced", is_seal_broken=True)  # fmt: skip
STORY = (
    *LINES[:5], CHECKED,
    line(7, 6, "seal.applied", facts={"seal": "S-004418"}, who="Ines Duarte", seal="S-004418",
         note="torn on the way"),
    replace(LINES[5], number=8), replace(LINES[6], number=9, seal="S-004418"), REPLACED,
)  # fmt: skip
FOUND = (
    views.Finding(line=6, at=CHECKED.at, what="Ines Duarte found seal S-004417 broken",
                  after="new seal S-004418 put on by Ines Duarte, line 7", is_seal=True),
    views.Finding(line=10, at=REPLACED.at, is_seal=True,
                  what="seal S-004418 replaced by L-7, put on by State laboratory, Dr. Okafor"),
)  # fmt: skip
RESEALED = replace(KNIFE, seal="L-7", was_seal_broken=True)
AGAINST = (
    line(9, 1, "custody.broken", who="Sam Ortiz", is_broken=True, not_released_by="Ines Duarte",
         note="put it in without being its holder · not released by Ines Duarte, who held it"
         " · door 03, Lobby A"),
    line(10, 1, "custody.stored", facts={"door": "03"}, after="door 03, Lobby A", who="Sam Ortiz",
         note="put it in without being its holder · not released by Ines Duarte, who held it",
         not_released_by="Ines Duarte", bank_entry="1402", bank_log=BANK_LOG, bank="Lobby A",
         is_broken=True),
)  # fmt: skip
AFTER = line(9, 1, "custody.accepted", before="Ines Duarte", after="R. Haas", who="R. Haas",
             seal="S-004417", result="intact")  # fmt: skip
BROKEN = replace(KNIFE, holder="R. Haas", is_broken=True, is_seal_broken=True)
PAGE = views.ItemPage(
    shell=SHELL,
    row=KNIFE,
    item_id=ID,
    description="Kitchen knife, blade 21 cm, wooden handle, brown stains near the tip",
    received_from="patrol 14, sergeant Lund",
    reason="Search of 4 Mill Lane, warrant 26/88",
    kept_at="Northgate House, all sites",
    lines=LINES,
    acts=("hand-over", "seal", "check", "photo", "transfer", "release", "dispose"),
)
ACT = views.ItemAct(
    shell=SHELL,
    row=KNIFE,
    act="hand-over",
    fields=("to", "reason", "photo"),
    people=(Choice("prs_1", "R. Haas"), Choice("prs_2", "T. Lund")),
)


def samples() -> Iterator[Sample]:
    """Items in every state that matters, and the forms of what is done with them."""
    yield from _states()
    yield from _medicine()
    yield from _forms()


def _states() -> Iterator[Sample]:
    yield Sample("console/items", LIST)
    yield Sample("console/items-none", replace(LIST, rows=()))
    yield Sample("console/items-not-found", replace(LIST, rows=(), query="27-", is_narrowed=True))
    yield Sample("console/items-all-back", replace(LIST, rows=(), list="out"))
    out = tuple(replace(one, out_since=ago(n * DAY)) for n, one in ((9, LIST.rows[4]), (2, KNIFE)))
    yield Sample("console/items-out", replace(LIST, rows=out, list="out", shell=CUSTODIAN))
    yield Sample("console/item", PAGE)
    offered = replace(
        PAGE,
        row=replace(KNIFE, holder="R. Haas", state="offered"),
        lines=(*LINES, AFTER),
        acts=("accept", "refuse"),
        offer_to="Ines Duarte",
        offer_kind="hand_over",
        offer_until=ago(-1_500),
    )
    yield Sample("console/item-offered", offered)
    resealed = replace(PAGE, row=RESEALED, lines=STORY, findings=FOUND)
    yield Sample("console/item-resealed", resealed)
    rows = (replace(RESEALED, findings=FOUND), replace(BROKEN, exhibit="A9", findings=FOUND[:1]))
    yield Sample("console/items-interrupted", replace(LIST, rows=rows, list="interrupted"))
    yield Sample("console/item-broken", replace(PAGE, row=BROKEN, lines=(*LINES, BREAK)))
    inside = replace(KNIFE, holder="door 03, Lobby A", state="stored", is_broken=True)
    yield Sample("console/item-against", replace(PAGE, row=inside, lines=(*LINES, *AGAINST)))


def _medicine() -> Iterator[Sample]:
    pills = replace(
        KNIFE, exhibit="", kind="medicine", seal="", stock=views.Stock(
            count=26, unit="tablets", lot="L-7", expires_on="2027-03-31", is_controlled=True,
        ),
    )  # fmt: skip
    counted = (
        line(1, 9, "item.registered", after="R. Haas", who="R. Haas"),
        line(2, 9, "custody.offered", who="R. Haas", note="to be dispensed · R 12"),
        line(3, 9, "item.drawn", who="R. Haas", witness="Ines Duarte",
             note="R 12 · dispensed, left: 26"),
        line(4, 8, "item.counted", who="R. Haas", note="differs: 25"),
    )  # fmt: skip
    acts = ("hand-over", "count", "dispense", "waste", "correct", "photo", "release", "dispose")
    yield Sample("console/item-medicine", replace(PAGE, row=pills, lines=counted, acts=acts))
    assert pills.stock is not None
    doubted = replace(pills.stock, is_doubted=True, is_count_due=True, is_expired=True)
    wrong = replace(PAGE, row=replace(pills, stock=doubted), lines=counted, acts=acts)
    yield Sample("console/item-medicine-differs", wrong)
    yield Sample(
        "console/item-waste", replace(ACT, row=pills, act="waste", fields=("count", "reason"))
    )


def _forms() -> Iterator[Sample]:
    kinds = (Choice("evidence", "Evidence", is_chosen=True), Choice("medicine", "Medicine"))
    kept = (
        Choice("ten_a", "Northgate House, all sites"),
        Choice("ten_a/site_b", "Northgate House"),
    )
    blank = views.ItemForm(shell=SHELL, kinds=kinds, kept=kept, parties=("County Court",))
    yield Sample("console/item-new", blank)
    yield Sample("console/item-act", ACT)
    known = ("County Court", "State laboratory, Dr. Okafor")
    release = replace(
        ACT, act="release", people=(), parties=known,
        fields=("party", "authority", "reason", "photo"), values={"party": "erased"},
        problems=(FieldProblem("party", "party.name"),),
    )  # fmt: skip
    yield Sample("console/item-release", release)
    there = (Choice("prs_3|ten_a/site_b", "Harbour: O. Berg"),)
    yield Sample("console/item-transfer", replace(ACT, act="transfer", people=there))
    accept = replace(
        ACT,
        act="accept",
        fields=("seal", "result", "photo"),
        offer_to="Ines Duarte",
        offer_kind="hand_over",
        values={"seal": "S-004471"},
        problem=Problem("custody.too_late"),
        problems=(FieldProblem("seal", "seal.mismatch"),),
    )
    yield Sample("console/item-act-wrong", accept)
    photo = replace(ACT, act="photo", fields=("photo", "detail"), people=())
    yield Sample("console/item-photo", photo)
    yield Sample("console/item-form", FORM)
    back = replace(ACT, act="return", fields=("seal", "result", "photo", "reason"), people=(),
                   values={"seal": "L-7", "result": "intact"},
                   problems=(FieldProblem("seal", "seal.another"),))  # fmt: skip
    yield Sample("console/item-return", back)
    resealed = replace(FORM, row=RESEALED, lines=STORY, findings=FOUND)
    yield Sample("console/item-form-resealed", resealed)
    against = replace(FORM, row=replace(KNIFE, is_broken=True), lines=(*LINES, *AGAINST))
    yield Sample("console/item-form-against", against)
    yield Sample("console/item-form-broken", replace(FORM, row=BROKEN, lines=(*LINES, BREAK) * 2))


LIST = views.Items(
    shell=SHELL,
    rows=(
        KNIFE,
        replace(KNIFE, exhibit="A2", holder="door 14, Lobby A", state="stored", since=ago(DAY)),
        replace(KNIFE, exhibit="B1", state="offered", holder="R. Haas", is_for_you=True),
        replace(KNIFE, exhibit="", case="", kind="medicine", holder="R. Haas", is_broken=True,
                seal="", since=ago(900)),
        replace(KNIFE, exhibit="B2", holder="County Court", state="outside", is_seal_broken=True),
        replace(KNIFE, exhibit="C1", holder="", state="disposed"),
    ),
    filters=(
        Filter("/console/items", "all", 6, is_current=True),
        Filter("/console/items?state=mine", "mine", 1),
        Filter("/console/items?state=stored", "stored", 1),
        Filter("/console/items?state=out", "out", 2),
        Filter("/console/items?state=interrupted", "interrupted", 1),
    ),
    kinds=(Choice("evidence", "Evidence"), Choice("medicine", "Medicine")),
    holders=(Choice("prs_1", "R. Haas"), Choice("cmp_14", "door 14, Lobby A")),
)  # fmt: skip
FORM = views.CustodyForm(
    tenant="Northgate House",
    row=KNIFE,
    item_id=ID,
    description=PAGE.description,
    received_from=PAGE.received_from,
    reason="Search of 4 Mill Lane, warrant 26/88",
    registered_at=LINES[0].at,
    registered_by="R. Haas",
    lines=LINES,
    anchors=(
        views.Anchor(origin=TENANT_LOG, size=8_214, root=ROOT, note=NOTE, vkey=VKEY),
        views.Anchor(origin=BANK_LOG, size=1_520, root=ROOT, note=NOTE, vkey=VKEY),
    ),
    made_at=NOW,
    made_by="Ines Duarte",
    base_url="https://lockers.example.com",
)
