"""What is done with an item: one page with one form per act, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct, structs

from bayward.cloud.custody import items
from bayward.cloud.custody.items import Proposal, Reading
from bayward.cloud.unit import Work
from bayward.cloud.web import item_lines, item_powers, places
from bayward.cloud.web.asking import Asker, Locate, You
from bayward.cloud.web.console_items import URL, offer_words
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
    "release": ("party", "authority", "reason", "photo"),
    "dispose": ("authority", "reason"),
    "accept": READ,
    "witness": READ,
    "refuse": ("reason",),
    "return": (*READ, "reason"),
    "take": ("reason",),
    "seal": ("seal", "reason"),
    "check": READ,
    "photo": ("photo", "detail"),
}
OFFERS = {
    "hand-over": OfferKind.HAND_OVER,
    "release": OfferKind.RELEASE,
    "dispose": OfferKind.DISPOSAL,
}

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

    def reading(self) -> Reading:
        """What was read on the seal."""
        return Reading(seal=self.seal, result=self.result, photo=self.photo)


Form: TypeAlias = URLEncodedBody[ActFields]
Verb: TypeAlias = Callable[[Work, You, ItemId], None]


@show([f"{URL}/{{item:str}}/{act}" for act in FIELDS], Do.ITEM_READ)
async def blank(request: AnyRequest, asker: Asking, item: FromPath[str]) -> Response[str]:
    """The form of an act."""
    return await _page(asker, item, request.url.path.rpartition("/")[2], ActFields())


@do(f"{URL}/{{item:str}}/hand-over", Do.CUSTODY_OFFER)
async def offer(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Offer it to a person."""
    return await _offer(asker, item, "hand-over", data)


@do([f"{URL}/{{item:str}}/{act}" for act in ("release", "dispose")], Do.CUSTODY_GIVE_OUT)
async def give_out(
    request: AnyRequest, asker: Asking, item: FromPath[str], data: Form
) -> Response[str] | Redirect:
    """Offer it to somebody outside, or for disposal."""
    return await _offer(asker, item, request.url.path.rpartition("/")[2], data)


async def _offer(asker: Asker, item: str, act: str, data: ActFields) -> Response[str] | Redirect:
    def verb(work: Work, you: You, item_id: ItemId) -> None:
        view = items.get_item(work, you.tenant, item_id)
        proposal = Proposal(
            kind=OFFERS[act],
            to=item_powers.receiver(work, you, view, data.to) if act == "hand-over" else None,
            party=data.party,
            authority=data.authority,
            reason=data.reason,
            photo=data.photo,
        )
        items.offer(work, you.tenant, item_id, proposal, actor=you.person)

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

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        items.accept(work, you.tenant, item_id, data.reading(), actor=you.person)

    return await _do(asker, places.offer(item), "accept", data, verb)


@do(f"{URL}/{{item:str}}/witness", Do.CUSTODY_WITNESS)
async def witness(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """See it go, as the second person."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        items.witness(work, you.tenant, item_id, data.reading(), actor=you.person)

    return await _do(asker, places.item(item), "witness", data, verb)


@do(f"{URL}/{{item:str}}/refuse", Do.CUSTODY_REFUSE)
async def refuse(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Say no, and why."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        items.refuse(work, you.tenant, item_id, actor=you.person, reason=data.reason)

    return await _do(asker, places.offer(item), "refuse", data, verb)


@do(f"{URL}/{{item:str}}/return", Do.CUSTODY_RETURN)
async def take_back(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Receive it again from outside."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        reading, why = data.reading(), data.reason
        items.take_back(work, you.tenant, item_id, reading, actor=you.person, reason=why)

    return await _do(asker, places.item(item), "return", data, verb)


@do(f"{URL}/{{item:str}}/take", Do.CUSTODY_TAKE)
async def take(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Take it over alone; the custody is broken by it."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        items.take(work, you.tenant, item_id, actor=you.person, reason=data.reason)

    return await _do(asker, places.item(item), "take", data, verb)


@do(f"{URL}/{{item:str}}/seal", Do.SEAL_CHECK)
async def seal(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Put a seal on."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        number, why = data.seal, data.reason
        items.seal(work, you.tenant, item_id, number, actor=you.person, reason=why)

    return await _do(asker, places.item(item), "seal", data, verb)


@do(f"{URL}/{{item:str}}/check", Do.SEAL_CHECK)
async def check(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Write down what is read on the seal."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        items.check_seal(work, you.tenant, item_id, data.reading(), actor=you.person)

    return await _do(asker, places.item(item), "check", data, verb)


@do(f"{URL}/{{item:str}}/photo", Do.SEAL_CHECK)
async def photo(asker: Asking, item: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Write down the hash of a photograph."""

    def verb(work: Work, you: You, item_id: ItemId) -> None:
        hash_, what = data.photo, data.detail
        items.photograph(work, you.tenant, item_id, hash_, actor=you.person, detail=what)

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
        to = words.person(data.to) or data.party or offer_words(words, view)
        name = view.exhibit or item_id.label
        key = act.replace("-", "_")
        return Say(f"item_{key}", {"item": name, "to": to})

    try:
        await asker.write(at, lambda work, you: verb(work, you, item_id), says)
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
    notify(asker.request, f"item.{act.replace('-', '_')}")
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
        is_hand_over = act == "hand-over"
        people = item_powers.receivers(words.work, you, view) if is_hand_over else []
        offered = view.item.offer
        return ItemAct(
            shell=frame,
            row=item_lines.row(words, you, view),
            act=act,
            fields=tuple(one for one in FIELDS[act] if one not in needless),
            offer_to=offer_words(words, view),
            offer_kind=offered.kind.value if offered is not None else "",
            people=tuple(Choice(one, name, one == data.to) for one, name in people),
            values=structs.asdict(data),
            problem=problem,
            problems=problems,
        )

    return await console(asker, places.item_to_read(item), build, status=status)
