"""JSON API: parties outside, and forgetting them. A fresh code goes in a header."""

from __future__ import annotations

from typing import Any

from litestar.params import FromPath, JSONBody

from bayward.cloud.custody import parties
from bayward.cloud.custody.parties import Listed
from bayward.cloud.privacy import erasures
from bayward.cloud.privacy.erasures import Asked
from bayward.cloud.unit import Work
from bayward.cloud.web import own_data, places
from bayward.cloud.web.api_privacy import ErasedOut, ErasureOut, erased_out, erasure_out
from bayward.cloud.web.api_types import Given, PageOut, Short, Taken
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_parcels import cursor
from bayward.cloud.web.console_parties import held, place_of
from bayward.cloud.web.console_privacy import basis_of
from bayward.cloud.web.routes import AnyRequest, Asking, api
from bayward.core.ids import PartyId
from bayward.core.policy import Action

ROWS = 100


class ErasePartyIn(Taken, frozen=True):
    """Why a party is erased: a ground of GDPR article 17(1).

    With `leaves_items` what it has stays with it, and nobody can say any more with whom.
    """

    basis: Short
    leaves_items: bool = False


class PartyOut(Given, frozen=True):
    """Somebody outside; `items` is in how many he is named, as far as entries know his id."""

    party: str
    name: str
    created_at: int
    named_at: int
    items: int


class PartyWithItemsOut(PartyOut, frozen=True):
    """The same with the ids of the items he has or is offered."""

    has: list[str]


@api("get", "/parties", Action.PARTY_READ)
async def listed(request: AnyRequest, asker: Asking) -> PageOut:
    """Parties, the last named first; `q` is a part of the name, `after` from the page before."""
    query = request.query_params
    before = cursor(query.get("after", ""))

    def read(work: Work, you: You) -> PageOut:
        text = query.get("q", "")
        found = parties.listed(work, you.tenant, text=text, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        after = place_of(shown[-1]) if len(found) > ROWS else None
        return PageOut(rows=[PartyOut(**_told(one)) for one in shown], after=after)

    return await asker.read(places.everything, read)


@api("get", "/parties/{party:str}", Action.PARTY_READ)
async def one(asker: Asking, party: FromPath[str]) -> PartyWithItemsOut:
    """One of them, with what it has."""
    party_id = places.parse(PartyId, party)

    def read(work: Work, you: You) -> PartyWithItemsOut:
        found = parties.counted(work, you.tenant, party_id)
        has = [str(view.item.id) for view in held(work, you, party_id)]
        return PartyWithItemsOut(**_told(found), has=has)

    return await asker.read(places.party(party), read)


@api("get", "/parties/{party:str}/report", Action.PERSON_REPORT)
async def report(asker: Asking, party: FromPath[str]) -> dict[str, Any]:
    """Everything we hold about it."""
    party_id = places.parse(PartyId, party)
    return await asker.write(
        places.party(party),
        lambda work, you: own_data.given(work, you.tenant, party_id, you.person),
    )


@api("post", "/parties/{party:str}/erase", Action.PARTY_ERASE)
async def ask_erase(
    asker: Asking, party: FromPath[str], data: JSONBody[ErasePartyIn]
) -> ErasureOut:
    """Ask that it is forgotten for good."""
    party_id = places.parse(PartyId, party)

    def take(work: Work, you: You) -> Asked:
        return erasures.ask(
            work,
            you.tenant,
            party_id,
            basis=basis_of(data.basis),
            actor=you.person,
            leaves_items=data.leaves_items,
        )

    return erasure_out(await asker.write(places.party(party), take))


@api("post", "/parties/{party:str}/erase/confirm", Action.PARTY_ERASE)
async def confirm_erase(asker: Asking, party: FromPath[str]) -> ErasedOut:
    """Forget it for good, as another administrator has asked."""
    party_id = places.parse(PartyId, party)
    return erased_out(
        await asker.write(
            places.party(party),
            lambda work, you: erasures.confirm(work, you.tenant, party_id, actor=you.person),
        )
    )


@api("delete", "/parties/{party:str}/erase", Action.HOLD_PLACE)
async def withdraw_erase(asker: Asking, party: FromPath[str]) -> None:
    """Keep it after all."""
    party_id = places.parse(PartyId, party)
    await asker.write(
        places.party(party),
        lambda work, you: erasures.withdraw(work, you.tenant, party_id, actor=you.person),
    )


def _told(listed: Listed) -> dict[str, Any]:
    party = listed.party
    return {
        "party": party.id,
        "name": party.name,
        "created_at": party.created_at,
        "named_at": party.named_at,
        "items": listed.items,
    }
