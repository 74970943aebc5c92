"""What is done with an item: one page with one form per act, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct, structs

from bayward.cloud.custody import items, stock
from bayward.cloud.custody.items import Proposal, Reading
from bayward.cloud.unit import Work
from bayward.cloud.web import item_lines, item_powers, item_says, places
from bayward.cloud.web.asking import Asker, Locate, You
from bayward.cloud.web.console_items import URL, number_of, offer_words
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import TEXT_CHARS_MAX
from bayward.core.ids import ItemId
from bayward.core.items import OfferKind
from bayward.core.policy import Action as Do
from bayward.ui.views.base import Choice, FieldProblem, Problem, Say
from bayward.ui.views.console import Shell
from bayward.ui.views.custody import ItemAct

INVALID, CONFLICT = 422, 409
READ = ("seal", "result", "photo")  # what is asked of who looks at a seal
# The forms; `seal` and `result` are left out where there is no seal to look at.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "hand-over": ("to", "reason", "photo"),
    "transfer": ("to", "reason", "photo"),
    "release": ("party", "authority", "reason", "photo"),
    "dispose": ("authority", "reason"),
    "accept": (*READ, "count"),
    "witness": READ,
    "refuse": ("reason",),
    "return": (*READ, "reason"),
    "take": ("reason",),
    "seal": ("seal", "reason"),
    "check": READ,
    "photo": ("photo", "detail"),
    "count": ("count",),
    "dispense": ("count", "authority", "reason"),
    "waste": ("count", "reason"),
    "correct": ("count", "reason"),
}
OFFERS = {
    "hand-over": OfferKind.HAND_OVER,
    "transfer": OfferKind.HAND_OVER,
    "release": OfferKind.RELEASE,
    "dispose": OfferKind.DISPOSAL,
    "dispense": OfferKind.DISPENSE,
    "waste": OfferKind.WASTE,
    "correct": OfferKind.CORRECTION,
}

HERE = ("hand-over", "transfer", "waste", "correct")  # what needs a second person of our own

Short = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]


class ActFields(Struct, frozen=True):
    """The inputs of all acts."""

    to: Short = ""
    party: Short = ""
    authority: Short = ""
    seal: Short = ""
    result: Short = ""
    photo: Short = ""
    reason: Short = ""
    detail: Short = ""
    count: Short = ""

    def number(self) -> int | None:
        """The count; raises `Invalid` for what is no number."""
        return number_of(self.count)

    def reading(self) -> Reading:
        """What was read on the seal."""
        return Reading(seal=self.seal, result=self.result, photo=self.photo, count=self.number())


Form: TypeAlias = URLEncodedBody[ActFields]
Verb: TypeAlias = Callable[[Work, You, ItemId], str | None]
"""Does it; tells which notice to show when it is not the act's own."""


@show([f"{URL}/{{item:str}}/{act}" for act in FIELDS], Do.ITEM_READ)
async def blank(request: AnyRequest, asker: Asking, item: FromPath[str]) -> Response[str]:
    """The form of an act."""
    return await _page(asker, item, request.url.path.rpartition("/")[2], ActFields())


@do([f"{URL}/{{item:str}}/{act}" for act in HERE], Do.CUSTODY_OFFER)
async def offer(
    request: AnyRequest, asker: Asking, item: FromPath[str], data: Form
) -> Response[str] | Redirect:
    """Offer it to a person; or offer to a witness that its stock becomes another one."""
    return await _offer(asker, item, request.url.path.rpartition("/")[2], data)


@do(f"{URL}/{{item:str}}/dispense", Do.CUSTODY_OFFER)
async def dispense(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Give some of it to somebody; a controlled medicine only before a witness."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        held = items.get_item(work, you.tenant, item_id).item.stock
        if held is not None and not held.is_controlled:
            number, right = data.number(), data.authority
            stock.dispense(work, you.tenant, item_id, number, actor=you.person, authority=right)
            return "dispensed"
        told = Proposal(
            kind=OfferKind.DISPENSE,
            authority=data.authority,
            reason=data.reason,
            count=data.number(),
        )
        items.offer(work, you.tenant, item_id, told, actor=you.person)
        return None

    return await _do(asker, places.item(item), "dispense", data, verb)


@do(f"{URL}/{{item:str}}/count", Do.SEAL_CHECK)
async def count(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Write down how many there are."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        number = data.number()
        if number is None:
            raise Invalid("stock.count", field="count")
        agrees = stock.count(work, you.tenant, item_id, number, actor=you.person)
        return None if agrees else "count_differs"

    return await _do(asker, places.item(item), "count", data, verb)


@do([f"{URL}/{{item:str}}/{act}" for act in ("release", "dispose")], Do.CUSTODY_GIVE_OUT)
async def give_out(
    request: AnyRequest, asker: Asking, item: FromPath[str], data: Form
) -> Response[str] | Redirect:
    """Offer it to somebody outside, or for disposal."""
    return await _offer(asker, item, request.url.path.rpartition("/")[2], data)


async def _offer(asker: Asker, item: str, act: str, data: ActFields) -> Response[str] | Redirect:
    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        view = items.get_item(work, you.tenant, item_id)
        to, kept_at = None, None
        if act == "hand-over":
            to = item_powers.receiver(work, you, view, data.to)
        if act == "transfer":
            to, kept_at = item_powers.moved_to(work, you, view, data.to)
        proposal = Proposal(
            kind=OFFERS[act],
            to=to,
            kept_at=kept_at,
            party=data.party,
            authority=data.authority,
            reason=data.reason,
            photo=data.photo,
            count=data.number(),
        )
        items.offer(work, you.tenant, item_id, proposal, actor=you.person)
        return None

    return await _do(asker, places.item(item), act, data, verb)


@do(f"{URL}/{{item:str}}/withdraw", Do.CUSTODY_WITHDRAW)
async def withdraw(request: AnyRequest, asker: Asking, item: FromPath[str]) -> Redirect:
    """Take an offer back."""
    item_id = places.parse(ItemId, item)
    await asker.write(
        places.item(item),
        lambda work, you: items.withdraw(work, you.tenant, item_id, actor=you.person),
    )
    notify(request, "item.withdraw")
    return back(f"{URL}/{item_id}")


@do(f"{URL}/{{item:str}}/accept", Do.CUSTODY_ACCEPT)
async def accept(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Take over what was offered to me."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        is_taken = stock.accept(work, you.tenant, item_id, data.reading(), actor=you.person)
        return None if is_taken else "count_differs"

    return await _do(asker, places.offer(item), "accept", data, verb)


@do(f"{URL}/{{item:str}}/witness", Do.CUSTODY_WITNESS)
async def witness(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """See it go, as the second person."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        items.witness(work, you.tenant, item_id, data.reading(), actor=you.person)
        return None

    return await _do(asker, places.item(item), "witness", data, verb)


@do(f"{URL}/{{item:str}}/refuse", Do.CUSTODY_REFUSE)
async def refuse(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Say no, and why."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        items.refuse(work, you.tenant, item_id, actor=you.person, reason=data.reason)
        return None

    return await _do(asker, places.offer(item), "refuse", data, verb)


@do(f"{URL}/{{item:str}}/return", Do.CUSTODY_RETURN)
async def take_back(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Receive it again from outside."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        reading, why = data.reading(), data.reason
        items.take_back(work, you.tenant, item_id, reading, actor=you.person, reason=why)
        return None

    return await _do(asker, places.item(item), "return", data, verb)


@do(f"{URL}/{{item:str}}/take", Do.CUSTODY_TAKE)
async def take(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Take it over alone; the custody is broken by it."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        items.take(work, you.tenant, item_id, actor=you.person, reason=data.reason)
        return None

    return await _do(asker, places.item(item), "take", data, verb)


@do(f"{URL}/{{item:str}}/seal", Do.SEAL_CHECK)
async def seal(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Put a seal on."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        number, why = data.seal, data.reason
        items.seal(work, you.tenant, item_id, number, actor=you.person, reason=why)
        return None

    return await _do(asker, places.item(item), "seal", data, verb)


@do(f"{URL}/{{item:str}}/check", Do.SEAL_CHECK)
async def check(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Write down what is read on the seal."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        items.check_seal(work, you.tenant, item_id, data.reading(), actor=you.person)
        return None

    return await _do(asker, places.item(item), "check", data, verb)


@do(f"{URL}/{{item:str}}/photo", Do.SEAL_CHECK)
async def photo(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Write down the hash of a photograph."""

    def verb(work: Work, you: You, item_id: ItemId) -> str | None:
        hash_, what = data.photo, data.detail
        items.photograph(work, you.tenant, item_id, hash_, actor=you.person, detail=what)
        return None

    return await _do(asker, places.item(item), "photo", data, verb)


async def _do(
    asker: Asker, at: Locate, act: str, data: ActFields, verb: Verb
) -> Response[str] | Redirect:
    """Do it and go back to the item; or show the form again and say what is wrong."""
    item = str(asker.request.path_params["item"])
    item_id = places.parse(ItemId, item)

    def says(work: Work, you: You) -> Say:
        view = items.get_item(work, you.tenant, item_id)
        words = Words(work, you.tenant)
        to = words.person(data.to.partition("|")[0]) or data.party or offer_words(words, view)
        name = view.exhibit or item_id.label
        key = act.replace("-", "_")
        about = item_says.of_item(work, you.tenant, view, structs.asdict(data))
        verb(work, you, item_id)  # undone with this transaction: what is wrong spends no code
        return Say(f"item_{key}", {"item": name, "to": to}, about)

    try:
        told = await asker.write(at, lambda work, you: verb(work, you, item_id), says)
    except (Invalid, Conflict) as error:
        field = str(error.facts.get("field", ""))
        is_here = field in FIELDS[act]
        return await _page(
            asker.also(Do.ITEM_READ),
            item,
            act,
            data,
            problem=None if is_here else Problem(error.code, error.facts),
            problems=(FieldProblem(field, error.code, error.facts),) if is_here else (),
            status=INVALID if isinstance(error, Invalid) else CONFLICT,
        )
    notify(asker.request, f"item.{told or act.replace('-', '_')}")
    return back(f"{URL}/{item_id}")


async def _page(
    asker: Asker,
    item: str,
    act: str,
    data: ActFields,
    *,
    problem: Problem | None = None,
    problems: tuple[FieldProblem, ...] = (),
    status: int = 200,
) -> Response[str]:
    item_id = places.parse(ItemId, item)

    def build(words: Words, you: You, frame: Shell) -> ItemAct:
        view = items.get_item(words.work, you.tenant, item_id)
        needless = {"seal", "result"} if view.item.seal is None and act != "seal" else set()
        if view.item.stock is None or (act == "accept" and not view.item.stock.is_controlled):
            needless = needless | {"count"}
        to_whom = {"hand-over": item_powers.receivers, "transfer": item_powers.elsewhere}.get(act)
        people = [] if to_whom is None else to_whom(words.work, you, view)
        offered = view.item.offer
        return ItemAct(
            shell=frame,
            row=item_lines.row(words, you, view),
            act=act,
            fields=tuple(one for one in FIELDS[act] if one not in needless),
            offer_to=offer_words(words, view),
            offer_kind=offered.kind.value if offered is not None else "",
            people=tuple(Choice(one, name, one == data.to) for one, name in people),
            parties=item_powers.known_parties(words.work, you) if "party" in FIELDS[act] else (),
            values=structs.asdict(data),
            problem=problem,
            problems=problems,
        )

    return await console(asker, places.item_to_read(item), build, status=status)
