"""Items: the list, one item with its line of custody, registering, the form for a court file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct, structs

from bayward.cloud.audit import chains
from bayward.cloud.audit import service as audit
from bayward.cloud.audit import store as audit_store
from bayward.cloud.custody import form, items
from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.custody.items import Description
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Place, Work
from bayward.cloud.web import item_lines, item_lists, item_powers, item_says, places, two_doors
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_parcels import as_file, cursor
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.item_findings import findings
from bayward.cloud.web.item_lists import LISTS
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.state import page
from bayward.cloud.web.words import Words, places_of
from bayward.core import medicine, policy
from bayward.core.errors import Invalid, NotFound
from bayward.core.events import TEXT_CHARS_MAX
from bayward.core.ids import ItemId, TenantId
from bayward.core.items import ItemKind
from bayward.core.policy import Action as Do
from bayward.core.roles import Node
from bayward.ledger.strict import base64_text
from bayward.ui.views.base import Choice, FieldProblem, Say
from bayward.ui.views.console import Filter, Pager, Shell
from bayward.ui.views.custody import Anchor, CustodyForm, ItemForm, ItemPage, ItemRow, Items

URL = "/console/items"
ROWS = 50
AGAIN = 422
COUNT_DIGITS = 12  # more than any stock has
CSV = "text/csv; charset=utf-8"
KINDS = {
    ItemKind.EVIDENCE: "Evidence",
    ItemKind.MEDICINE: "Medicine",
    ItemKind.PARCEL: "Parcel",
}

Short = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]


def number_of(text: str) -> int | None:
    """A count in a form; raises `Invalid` for what is no number."""
    told = text.strip()
    if not told:
        return None
    if not (told.isascii() and told.isdigit()):
        raise Invalid("stock.number", field="count", least=0, limit=medicine.COUNT_MAX)
    return int(told[:COUNT_DIGITS])


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
    kept_at: Short = ""
    count: Short = ""
    unit: Short = ""
    lot: Short = ""
    expires_on: Short = ""
    control: Short = ""

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
            count=number_of(self.count),
            unit=self.unit,
            lot=self.lot,
            expires_on=self.expires_on,
            is_controlled=bool(self.control),
        )


@show(URL, Do.ITEM_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """All items that match."""
    query = request.query_params
    key = query.get("state", "all") if query.get("state", "all") in LISTS else "all"
    kind = query.get("kind", "") if query.get("kind", "") in set(ItemKind) else ""
    told = {
        "text": query.get("q", "").strip()[:80],
        "kind": kind,
        "holder": query.get("holder", "")[:TEXT_CHARS_MAX],
    }
    before = cursor(query.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Items:
        asked = item_lists.wanted(key, you, words.work.now, **told)
        found = items.items(words.work, you.tenant, asked, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        doors = {one.compartment.id for _, one in two_doors.seen(words.work, you)}
        named = {"q": told["text"], "kind": kind, "holder": told["holder"]}
        chosen = {name: value for name, value in named.items() if value}
        older = None
        if len(found) > ROWS:
            last = item_lists.place_of(shown[-1], asked)
            older = f"{URL}?{urlencode({'state': key, **chosen, 'after': last})}"
        return Items(
            shell=frame,
            rows=tuple(_row(words, you, one, is_told=key == "interrupted") for one in shown),
            filters=_filters(words, you, key, told, chosen),
            list=key,
            kinds=tuple(Choice(one.value, name, one.value == kind) for one, name in KINDS.items()),
            holders=_holders(words, you, told["holder"]),
            query=told["text"],
            is_narrowed=bool(chosen),
            has_doors=bool(doors),
            doors_waiting=two_doors.waiting_for(words.work, you, doors),
            pager=Pager(older=older),
        )

    return await console(asker, places.widest(Do.ITEM_READ), build)


@show(f"{URL}/new", Do.ITEM_READ)
async def blank(asker: Asking) -> Response[str]:
    """An empty form."""
    return await console(asker, places.widest(Do.ITEM_READ), _form_of(ItemFields()))


@do(f"{URL}/new", Do.ITEM_REGISTER)
async def register(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[ItemFields]
) -> Response[str] | Redirect:
    """Take something into custody."""
    try:
        told = data.described()

        def take_in(work: Work, you: You) -> ItemId:
            node = places.kept_at(data.kept_at)(work, you).node
            here = replace(told, kept_at=node)
            return items.register(work, you.tenant, here, actor=you.person)

        def says(work: Work, you: You) -> Say:
            take_in(work, you)  # undone with this transaction: what is wrong spends no code
            return Say("register_item", about=item_says.of_form(structs.asdict(data)))

        item = await asker.write(places.kept_at(data.kept_at), take_in, says)
    except Invalid as error:
        problem = FieldProblem(str(error.facts.get("field", "")), error.code, error.facts)
        return await console(
            asker.also(Do.ITEM_READ),
            places.widest(Do.ITEM_READ),
            _form_of(data, (problem,)),
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
            received_from=item_lines.called(told.beginning.party),
            reason=item_lines.called(told.beginning.reason),
            kept_at=words.place(view.node(you.tenant).path),
            lines=item_lines.lines(words, told),
            findings=findings(told),
            acts=item_powers.acts(view, you, words.work.now),
            offer_to=offer_words(words, view),
            offer_kind=offer.kind.value if offer is not None else "",
            offer_until=offer.until if offer is not None and is_live else None,
        )

    return await console(asker, places.item_to_read(item), build)


@show(f"{URL}/{{item:str}}/receipt/{{number:str}}", Do.ITEM_READ)
async def receipt(asker: Asking, item: FromPath[str], number: FromPath[str]) -> Response[str]:
    """The proof of one line of its custody, for who may not read the rest of the log."""
    item_id = places.parse(ItemId, item)

    def read(work: Work, you: You) -> str:
        told = item_lines.story(Words(work, you.tenant), you.tenant, item_id)
        line = [one for one in told.rows if str(one.number) == number]
        if not line:
            raise NotFound("item.line")
        return chains.text_of(
            work, you.tenant, audit.receipt(work, you.tenant, Place(line[0].log, line[0].entry))
        )

    text = await asker.read(places.item_to_read(item), read)
    return as_file(text, f"receipt-{item_id.label}-{number}.json")


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
            received_from=item_lines.called(begun.party),
            reason=begun.reason or "",
            registered_at=begun.time,
            registered_by=words.person(begun.actor),
            lines=item_lines.lines(words, told),
            findings=findings(told),
            anchors=_anchors(words, you.tenant, told),
            made_at=words.work.now,
            made_by=words.person(you.person),
            base_url=words.work.house.base_url,
        )

    view = await asker.read(
        places.item_to_read(item), lambda work, you: build(Words(work, you.tenant), you)
    )
    return page(request, view)


@show(f"{URL}/{{item:str}}/custody.csv", Do.ITEM_READ)
async def table(asker: Asking, item: FromPath[str]) -> Response[str]:
    """The same lines as a table."""
    item_id = places.parse(ItemId, item)
    found = await asker.read(
        places.item_to_read(item),
        lambda work, you: item_lines.story(Words(work, you.tenant), you.tenant, item_id),
    )
    name = {"Content-Disposition": f'attachment; filename="custody-{item_id.label}.csv"'}
    head = form.facts(item_id, found.beginning)
    return Response(form.csv_text(head, found.rows), headers=name, media_type=CSV)


def offer_words(words: Words, view: ItemView) -> str:
    """To whom or by what right it is offered."""
    offer = view.item.offer
    if offer is None:
        return ""
    if offer.to is not None:
        return words.person(offer.to)
    return item_lines.called(offer.party) or offer.authority or ""


def _anchors(words: Words, tenant: TenantId, told: item_lines.Story) -> tuple[Anchor, ...]:
    heads = {head.origin: head for head in audit.logs(words.work, tenant)}
    known = [heads[one] for one in item_lines.anchor_origins(told) if one in heads]
    return tuple(_anchor(head) for head in known)


def _anchor(head: audit_store.LogHead) -> Anchor:
    return Anchor(
        origin=head.origin,
        size=head.size,
        root=base64_text(head.root),
        note=head.note.strip(),
        vkey=head.vkey,
    )


def _filters(
    words: Words, you: You, key: str, told: Mapping[str, str], chosen: Mapping[str, str]
) -> tuple[Filter, ...]:
    """The lists, each with how many of them there are among what was chosen."""
    return tuple(
        Filter(
            href=f"{URL}?{urlencode({'state': one, **chosen})}",
            key=one,
            count=items.count(
                words.work,
                you.tenant,
                item_lists.wanted(one, you, words.work.now, **told),
            ),
            is_current=one == key,
        )
        for one in LISTS
    )


def _row(words: Words, you: You, view: ItemView, *, is_told: bool) -> ItemRow:
    """A row; of what is interrupted, with all that was found."""
    row = item_lines.row(words, you, view)
    if not is_told:
        return row
    return replace(row, findings=findings(item_lines.story(words, you.tenant, view.item.id)))


def _holders(words: Words, you: You, chosen: str) -> tuple[Choice, ...]:
    """Every person and door that has something he may see."""
    seen = item_powers.sight(you, words.work.now)
    found = items.holders(words.work, you.tenant, Wanted(sight=seen))
    named = sorted((item_lines.holder(words, one), one.ref) for one in found if one.ref)
    return tuple(Choice(ref, name, ref == chosen) for name, ref in named)


def _form_of(
    fields: ItemFields, problems: tuple[FieldProblem, ...] = ()
) -> Callable[[Words, You, Shell], ItemForm]:
    def build(words: Words, you: You, frame: Shell) -> ItemForm:
        own = policy.places(you.principal, Do.ITEM_REGISTER, words.work.now)
        inside = [
            (path, name)
            for path, name in places_of(words.work.tx, you.tenant)
            if any(node.contains(Node.parse(path)) for node in own)
        ]
        return ItemForm(
            shell=frame,
            kinds=tuple(
                Choice(one.value, name, one.value == fields.kind) for one, name in KINDS.items()
            ),
            kept=tuple(Choice(path, name, path == fields.kept_at) for path, name in inside),
            parties=item_powers.known_parties(words.work, you),
            values=structs.asdict(fields),
            problems=problems,
        )

    return build
