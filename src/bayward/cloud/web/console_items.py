"""Items: the list, one item with its line of custody, registering, the form for a court file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct, structs

from bayward.cloud.audit import service as audit
from bayward.cloud.audit import store as audit_store
from bayward.cloud.custody import form, items
from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.custody.items import Description
from bayward.cloud.people import store as people_store
from bayward.cloud.web import item_lines, places
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_parcels import cursor
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.state import page
from bayward.cloud.web.words import Words
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.events import TEXT_CHARS_MAX
from bayward.core.ids import ItemId, TenantId
from bayward.core.items import HolderKind, ItemKind, ItemState, Offer, OfferKind
from bayward.core.policy import Action as Do
from bayward.ledger.strict import base64_text
from bayward.ui.views.base import Choice, FieldProblem, Say
from bayward.ui.views.console import Filter, Pager, Shell
from bayward.ui.views.custody import Anchor, CustodyForm, ItemForm, ItemPage, Items

URL = "/console/items"
ROWS = 50
AGAIN = 422
CSV = "text/csv; charset=utf-8"
LISTS: Mapping[str, tuple[ItemState, ...]] = {
    "all": (),
    "mine": (),
    "in_hand": (ItemState.HELD, ItemState.OFFERED),
    "stored": (ItemState.STORED,),
    "outside": (ItemState.OUTSIDE,),
    "disposed": (ItemState.DISPOSED,),
}
# What anybody can do with what nobody here has in his hands.
ELSEWHERE: Mapping[ItemState, tuple[str, ...]] = {
    ItemState.DISPOSED: (),
    ItemState.OUTSIDE: ("return", "take"),
    ItemState.STORED: ("take",),
}
KINDS = {
    ItemKind.EVIDENCE: "Evidence",
    ItemKind.MEDICINE: "Medicine",
    ItemKind.PARCEL: "Parcel",
}

Short = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]


class ItemFields(Struct, frozen=True):
    """A new item."""

    kind: Short = ItemKind.EVIDENCE.value
    detail: Short = ""
    case: Short = ""
    exhibit: Short = ""
    party: Short = ""
    reason: Short = ""
    seal: Short = ""
    photo: Short = ""

    def described(self) -> Description:
        """The same, checked as far as a form can be."""
        if self.kind not in set(ItemKind):
            raise Invalid("custody.word", field="kind")
        return Description(
            kind=ItemKind(self.kind),
            text=self.detail,
            case=self.case,
            exhibit=self.exhibit,
            party=self.party,
            seal=self.seal,
            photo=self.photo,
            reason=self.reason,
        )


@show(URL, Do.ITEM_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """All items that match."""
    query = request.query_params
    key = query.get("state", "all") if query.get("state", "all") in LISTS else "all"
    text = query.get("q", "").strip()[:80]
    before = cursor(query.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Items:
        wanted = _wanted(key, text, you)
        found = items.items(words.work, you.tenant, wanted, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        older = None
        if len(found) > ROWS:
            older = f"{URL}?state={key}&q={text}&after={shown[-1].changed_at}-{shown[-1].item.id}"
        return Items(
            shell=frame,
            rows=tuple(item_lines.row(words, you, one) for one in shown),
            filters=_filters(words, you, key),
            query=text,
            pager=Pager(older=older),
        )

    return await console(asker, places.everything, build)


@show(f"{URL}/new", Do.ITEM_READ)
async def blank(asker: Asking) -> Response[str]:
    """An empty form."""
    fields = ItemFields()
    return await console(asker, places.everything, lambda _, __, frame: _form(frame, fields))


@do(f"{URL}/new", Do.ITEM_REGISTER)
async def register(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[ItemFields]
) -> Response[str] | Redirect:
    """Take something into custody."""
    try:
        told = data.described()
        item = await asker.write(
            places.everything,
            lambda work, you: items.register(work, you.tenant, told, actor=you.person),
            lambda _, __: Say("register_item"),
        )
    except Invalid as error:
        problem = FieldProblem(str(error.facts.get("field", "")), error.code, error.facts)
        return await console(
            asker.also(Do.ITEM_READ),
            places.everything,
            lambda _, __, frame: _form(frame, data, (problem,)),
            status=AGAIN,
        )
    notify(request, "item.registered")
    return back(f"{URL}/{item}")


@show(f"{URL}/{{item:str}}", Do.ITEM_READ)
async def one(asker: Asking, item: FromPath[str]) -> Response[str]:
    """One item and its line of custody."""
    item_id = places.parse(ItemId, item)

    def build(words: Words, you: You, frame: Shell) -> ItemPage:
        view = items.get_item(words.work, you.tenant, item_id)
        told = item_lines.story(words, you.tenant, item_id)
        offer = view.item.offer
        is_live = offer is not None and words.work.now < offer.until
        return ItemPage(
            shell=frame,
            row=item_lines.row(words, you, view),
            item_id=item_id,
            description=told.beginning.detail or "",
            received_from=told.beginning.party or "",
            lines=item_lines.lines(words, told),
            acts=acts(view, you, words.work.now),
            offer_to=offer_words(words, view),
            offer_kind=offer.kind.value if offer is not None else "",
            offer_until=offer.until if offer is not None and is_live else None,
        )

    return await console(asker, places.item(item), build)


@show(f"{URL}/{{item:str}}/form", Do.ITEM_READ)
async def paper(request: AnyRequest, asker: Asking, item: FromPath[str]) -> Response[str]:
    """The custody form, to be printed."""
    item_id = places.parse(ItemId, item)

    def build(words: Words, you: You) -> CustodyForm:
        view = items.get_item(words.work, you.tenant, item_id)
        told = item_lines.story(words, you.tenant, item_id)
        begun = told.beginning
        return CustodyForm(
            tenant=people_store.tenant_name(words.work.tx, you.tenant),
            row=item_lines.row(words, you, view),
            item_id=item_id,
            description=begun.detail or "",
            received_from=begun.party or "",
            reason=begun.reason or "",
            registered_at=begun.time,
            registered_by=words.person(begun.actor),
            lines=item_lines.lines(words, told),
            anchors=_anchors(words, you.tenant, told),
            made_at=words.work.now,
            made_by=words.person(you.person),
            base_url=words.work.house.base_url,
        )

    view = await asker.read(
        places.item(item), lambda work, you: build(Words(work, you.tenant), you)
    )
    return page(request, view)


@show(f"{URL}/{{item:str}}/custody.csv", Do.ITEM_READ)
async def table(asker: Asking, item: FromPath[str]) -> Response[str]:
    """The same lines as a table."""
    item_id = places.parse(ItemId, item)
    found = await asker.read(
        places.item(item),
        lambda work, you: item_lines.story(Words(work, you.tenant), you.tenant, item_id),
    )
    name = {"Content-Disposition": f'attachment; filename="custody-{item_id.label}.csv"'}
    return Response(form.csv_text(found.rows), headers=name, media_type=CSV)


def acts(view: ItemView, you: You, now: Instant) -> tuple[str, ...]:
    """What this person can do with it now, as the rules will allow it."""
    item, offer = view.item, view.item.offer
    holds = item.holder.kind is HolderKind.PERSON and item.holder.ref == you.person
    if item.state is ItemState.OFFERED and offer is not None and now < offer.until:
        return _answers(offer, you, holds=holds)
    if item.state in ELSEWHERE:
        return ELSEWHERE[item.state]
    if not holds:
        return ("take",)
    seals = ("seal", "check") if item.seal is not None else ("seal",)
    return ("hand-over", *seals, "release", "dispose")


def _answers(offer: Offer, you: You, *, holds: bool) -> tuple[str, ...]:
    if holds:
        return ("withdraw",)
    if offer.kind is not OfferKind.HAND_OVER:
        return ("witness", "refuse")
    return ("accept", "refuse") if offer.to == you.person else ()


def offer_words(words: Words, view: ItemView) -> str:
    """To whom or by what right it is offered."""
    offer = view.item.offer
    if offer is None:
        return ""
    return words.person(offer.to) if offer.to is not None else offer.party or offer.authority or ""


def _anchors(words: Words, tenant: TenantId, told: item_lines.Story) -> tuple[Anchor, ...]:
    heads = {head.origin: head for head in audit.logs(words.work, tenant)}
    known = [heads[one] for one in item_lines.anchor_origins(told) if one in heads]
    return tuple(_anchor(head) for head in known)


def _anchor(head: audit_store.LogHead) -> Anchor:
    return Anchor(
        origin=head.origin, size=head.size, root=base64_text(head.root), note=head.note.strip()
    )


def _wanted(key: str, text: str, you: You) -> Wanted:
    mine = you.person if key == "mine" else None
    return Wanted(states=LISTS[key], holder=mine, text=text or None)


def _filters(words: Words, you: You, current: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            href=f"{URL}?state={key}",
            key=key,
            count=items.count(words.work, you.tenant, _wanted(key, "", you)),
            is_current=key == current,
        )
        for key in LISTS
    )


def _form(frame: Shell, fields: ItemFields, problems: tuple[FieldProblem, ...] = ()) -> ItemForm:
    return ItemForm(
        shell=frame,
        kinds=tuple(
            Choice(one.value, name, one.value == fields.kind) for one, name in KINDS.items()
        ),
        values=structs.asdict(fields),
        problems=problems,
    )
