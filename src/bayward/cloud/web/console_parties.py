"""Parties outside: finding one, and forgetting it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.custody import items, parties
from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.custody.parties import Listed
from bayward.cloud.privacy import erasures
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import Basis
from bayward.cloud.unit import Work
from bayward.cloud.web import own_data, places
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_parcels import cursor
from bayward.cloud.web.console_privacy import HOME, bases, basis_of
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.errors import Conflict
from bayward.core.ids import PartyId
from bayward.core.policy import Action
from bayward.ui.views.base import Problem, Say
from bayward.ui.views.console import Pager, Shell
from bayward.ui.views.console_parties import HeldItem, Parties, PartyPage, PartyRow

URL = "/console/parties"
ROWS = 50
QUERY_CHARS_MAX = 80
CONFLICT = 409
Short = Annotated[str, Meta(max_length=40)]


class EraseFields(Struct, frozen=True):
    """Why, and whether what it has stays with it."""

    basis: Short = ""
    leaves_items: Short = ""


@show(URL, Action.PARTY_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """All of them, the last named first, or those whose name has a part."""
    query = request.query_params
    text = query.get("q", "").strip()[:QUERY_CHARS_MAX]
    before = cursor(query.get("after", ""))

    def build(words: Words, you: You, frame: Shell) -> Parties:
        work = words.work
        found = parties.listed(work, you.tenant, text=text, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        leaving = {one.subject for one in erasures.waiting(work, you.tenant)}
        older = None
        if len(found) > ROWS:
            older = f"{URL}?{urlencode({'q': text, 'after': place_of(shown[-1])})}"
        return Parties(
            shell=frame,
            rows=tuple(_row(one, is_leaving=one.party.id in leaving) for one in shown),
            query=text,
            pager=Pager(older=older),
        )

    return await console(asker, places.everything, build)


@show(f"{URL}/{{party:str}}", Action.PARTY_READ)
async def one(asker: Asking, party: FromPath[str]) -> Response[str]:
    """One of them: what it has, and the form that erases it."""
    party_id = places.parse(PartyId, party)
    return await console(
        asker,
        places.party(party),
        lambda words, you, frame: _page(words, you, frame, party_id),
    )


@show(f"{URL}/{{party:str}}/report", Action.PERSON_REPORT)
async def report(asker: Asking, party: FromPath[str]) -> Response[bytes]:
    """Everything we hold about it, as a file."""
    party_id = places.parse(PartyId, party)
    told = await asker.write(
        places.party(party),
        lambda work, you: own_data.given(work, you.tenant, party_id, you.person),
        lambda work, you: Say("report_person", {"person": _name(work, you, party_id)}),
    )
    headers = {"Content-Disposition": f'attachment; filename="{party_id}.json"'}
    return Response(own_data.as_file(told), media_type="application/json", headers=headers)


@do(f"{URL}/{{party:str}}/erase", Action.PARTY_ERASE)
async def ask_erase(
    request: AnyRequest, asker: Asking, party: FromPath[str], data: URLEncodedBody[EraseFields]
) -> Response[str] | Redirect:
    """Ask that it is forgotten for good."""
    party_id = places.parse(PartyId, party)

    def take(work: Work, you: You) -> None:
        basis, leaves = basis_of(data.basis), bool(data.leaves_items)
        erasures.ask(work, you.tenant, party_id, basis=basis, actor=you.person, leaves_items=leaves)

    def says(work: Work, you: You) -> Say:
        leaves = bool(data.leaves_items)
        privacy.check(work, you.tenant, party_id, leaves_items=leaves)  # before a code is spent
        is_alone = erasures.is_alone(work, you.tenant, you.person, party_id)
        key = "ask_erase_party_alone" if is_alone else "ask_erase_party"
        return Say(key, {"person": _name(work, you, party_id)})

    try:
        await asker.write(places.party(party), take, says)
    except Conflict as error:
        problem = Problem(error.code, error.facts)
        return await console(
            asker.also(Action.PARTY_READ),
            places.party(party),
            lambda words, you, frame: _page(
                words, you, frame, party_id, typed=data, problem=problem
            ),
            status=CONFLICT,
        )
    notify(request, "erasure.asked")
    return back(HOME)


@do(f"{URL}/{{party:str}}/erase/confirm", Action.PARTY_ERASE)
async def confirm_erase(request: AnyRequest, asker: Asking, party: FromPath[str]) -> Redirect:
    """Forget it for good, as another administrator has asked."""
    party_id = places.parse(PartyId, party)
    await asker.write(
        places.party(party),
        lambda work, you: erasures.confirm(work, you.tenant, party_id, actor=you.person),
        lambda work, you: Say("erase_party", {"person": _name(work, you, party_id)}),
    )
    notify(request, "party.erased")
    return back(HOME)


@do(f"{URL}/{{party:str}}/erase/withdraw", Action.HOLD_PLACE)
async def withdraw_erase(request: AnyRequest, asker: Asking, party: FromPath[str]) -> Redirect:
    """Keep it after all."""
    party_id = places.parse(PartyId, party)
    await asker.write(
        places.party(party),
        lambda work, you: erasures.withdraw(work, you.tenant, party_id, actor=you.person),
    )
    notify(request, "erasure.withdrawn")
    return back(HOME)


def place_of(listed: Listed) -> str:
    """Where the list goes on after this one, as `cursor` reads it."""
    return f"{listed.party.named_at}-{listed.party.id}"


def held(work: Work, you: You, party: PartyId) -> list[ItemView]:
    """What it has or is offered, the last changed first."""
    return items.items(work, you.tenant, Wanted(concerns=party), count=items.LIST_MAX)


def _row(listed: Listed, *, is_leaving: bool) -> PartyRow:
    party = listed.party
    return PartyRow(
        href=f"{URL}/{party.id}",
        name=party.name,
        named_at=party.named_at,
        items=listed.items,
        is_leaving=is_leaving,
    )


def _page(
    words: Words,
    you: You,
    frame: Shell,
    party: PartyId,
    *,
    typed: EraseFields | None = None,
    problem: Problem | None = None,
) -> PartyPage:
    work, typed = words.work, typed or EraseFields(basis=Basis.OBJECTION.value)
    found = parties.counted(work, you.tenant, party)
    asked = erasures.find(work, you.tenant, party)
    return PartyPage(
        shell=frame,
        row=_row(found, is_leaving=asked is not None),
        id=party,
        created_at=found.party.created_at,
        held=tuple(_held(view, party) for view in held(work, you, party)),
        bases=bases(typed.basis),
        leaves_items=bool(typed.leaves_items),
        is_alone=erasures.is_alone(work, you.tenant, you.person, party),
        asked_at=None if asked is None else asked.asked_at,
        problem=problem,
    )


def _held(view: ItemView, party: PartyId) -> HeldItem:
    item = view.item
    return HeldItem(
        href=f"/console/items/{item.id}",
        name=f"Exhibit {view.exhibit}" if view.exhibit else item.id.label,
        since=item.since,
        is_offered=item.holder.ref != party,
    )


def _name(work: Work, you: You, party: PartyId) -> str:
    return parties.get(work, you.tenant, party).name
