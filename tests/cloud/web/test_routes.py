"""Every route, with everybody who should not be there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from bayward.cloud.custody import items, parties
from bayward.cloud.custody.items import Description
from bayward.cloud.notify import webhooks
from bayward.cloud.people import authn
from bayward.cloud.web import site
from bayward.cloud.web.routes import PUBLIC, action_of, is_declared
from bayward.core.errors import Misconfigured
from bayward.core.ids import BankId, PersonId
from bayward.core.items import ItemKind
from bayward.core.policy import TABLE, Aal, Action
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House, Template, World, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

KNIFE = Description(kind=ItemKind.EVIDENCE, text="a knife")
IDS = {
    "pack",
    "bank",
    "parcel",
    "incident",
    "person",
    "webhook",
    "delivery",
    "command",
    "hold",
    "item",
    "party",
    "ref",
    "number",
    "token",
    "kind",
}


@cache
def all_routes() -> list[tuple[HTTPRoute, HTTPRouteHandler]]:
    return list(site.routes(site.application()))


@dataclass
class Town:
    """Two tenants of one deployment."""

    house: House
    mine: World
    theirs: World
    my_hook: str
    their_hook: str
    my_item: str
    their_item: str
    my_party: str
    their_party: str

    def mine_ids(self) -> dict[str, str]:
        return ids_of(self.mine, self.my_hook, self.my_item) | {"party": self.my_party}

    def their_ids(self) -> dict[str, str]:
        return ids_of(self.theirs, self.their_hook, self.their_item) | {"party": self.their_party}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, template: Template) -> AsyncIterator[Town]:
    """One for all tests here: nothing of what they try may change it."""
    state = tmp_path_factory.mktemp("town") / "state"
    async with open_house(state, template, requests_per_s_max=5_000) as house:
        other = await house.second_tenant()
        mine, theirs = await house.furnish(), await house.furnish(other, 2)
        hooks, kept, outside = [], [], []
        for tenant in (house.tenant, other):
            kept.append(
                await house.do(
                    lambda work, tenant=tenant: items.register(
                        work, tenant, KNIFE, actor=PersonId("prs_x")
                    )
                )
            )
            outside.append(
                await house.do(
                    lambda work, tenant=tenant: parties.named(work, tenant, "County Court").id
                )
            )
            made = await house.do(
                lambda work, tenant=tenant: webhooks.create(
                    work,
                    tenant,
                    url="https://hooks.example.com/x",
                    events=("log.exported",),
                    actor=PersonId("prs_x"),
                )
            )
            hooks.append(made[0])
        yield Town(house, mine, theirs, *hooks, *kept, *outside)


def filled(path: str, ids: dict[str, str]) -> str:
    """A route's path with ids in it."""
    for name, value in ids.items():
        path = path.replace(f"{{{name}:str}}", value)
    assert "{" not in path, path
    return path


def ids_of(world: World, hook: str, item: str) -> dict[str, str]:
    return {
        "item": item,
        "pack": "evidence-" + "0" * 16,
        "bank": world.bank.id,
        "parcel": world.parcel,
        "incident": world.incident,
        "person": world.rosa,
        "webhook": hook,
        "delivery": "dlv_" + "0" * 26,
        "command": "cmd_" + "0" * 26,
        "hold": "hld_" + "0" * 26,
        "number": "7",
        "ref": "0" * 16,
        "kind": "nothing",
        "token": world.link,
    }


def actions() -> list[tuple[HTTPRoute, HTTPRouteHandler, Action, str]]:
    told: list[tuple[HTTPRoute, HTTPRouteHandler, Action, str]] = []
    for route, handler in all_routes():
        action = action_of(handler)
        if action is not None:
            [method] = handler.http_methods - {"HEAD", "OPTIONS"}
            told.append((route, handler, action, str(method)))
    return told


FORM = {
    "name": "Bea",
    "email": "bea@example.com",
    "reason": "because",
    "note": "looked",
    "basis": "objection",
    "kind": "bank",
    "subject": "bank_x",
    "authority": "a court",
    "to": "prs_" + "0" * 26,
    "seal": "S-1",
    "role": "resident",
    "next": "/console",
    "step_action": "log.export",
    "days": "30",
}
BODIES: dict[str, dict[str, str]] = {
    "exports": {"origin": "x", "authority": "a", "handed_to": "b", "reason": "because"},
    "lock-down": {"reason": "because"},
    "release": {"reason": "because"},
    "close": {"reason": "because"},
    "acknowledge": {"note": "on it"},
    "roles": {"role": "resident", "scope": "ten_" + "0" * 26},
    "open": {"presence": "1234"},
    "banks": {"site": "site_" + "0" * 26, "name": "Lobby"},
    "people": {"name": "Bea"},
    "erase": {"basis": "objection"},
    "holds": {"kind": "bank", "subject": "bank_x", "authority": "a court"},
    "items": {"kind": "evidence", "detail": "a knife"},
    "offer": {"kind": "hand_over", "to": "prs_" + "0" * 26},
    "refuse": {"reason": "because"},
    "return": {"reason": "because"},
    "seal": {"seal": "S-1"},
    "check": {"seal": "S-1", "result": "intact"},
    "accept": {},
    "take": {"reason": "because"},
    "witness": {},
    "withdraw": {"reason": "because"},
    "ask": {"bank": "x", "compartment": "y", "kind": "restore", "reason": "because"},
    "agree": {"bank": "x", "compartment": "y", "kind": "restore"},
    "decline": {"bank": "x", "compartment": "y", "kind": "restore"},
    "doors": {"bank": "x", "modes": "evidence", "until": 1},  # type: ignore[dict-item]  # a time
    "photo": {"photo": "0" * 64},
    "nothing": {"days": 30, "reason": "because"},  # type: ignore[dict-item]  # a number
    "count": {"count": 1},  # type: ignore[dict-item]  # a number
    "tenants": {"name": "T", "site": "S", "owner_name": "O", "owner_email": "o@example.com"},
}


async def ask(browser: Browser, method: str, path: str, code: str = "") -> httpx.Response:
    """The request with a body that is right, so that nothing but the asker or an id is wrong."""
    headers = {"accept": "application/json"} | ({"bayward-code": code} if code else {})
    if not path.startswith("/api/"):
        return await browser.send(method, path, data=FORM, headers=headers)
    body = BODIES.get(path.rpartition("/")[2], {"name": "Bea"} if method == "PUT" else {})
    asked = {"days": 30} if path.endswith("/going") else None
    sent = None if method == "GET" else body
    return await browser.send(method, path, json=sent, params=asked, headers=headers)


async def test_every_route_says_what_it_does_or_why_it_is_for_everybody() -> None:
    assert len(all_routes()) > 80
    for route, handler in all_routes():
        assert is_declared(handler), route.path
        assert not (PUBLIC in handler.opt and action_of(handler)), route.path
    public = [handler.opt[PUBLIC] for _, handler in all_routes() if PUBLIC in handler.opt]
    assert all(len(why) > 10 for why in public)


async def test_a_route_that_says_nothing_stops_the_program() -> None:
    @get("/forgotten")
    async def forgotten() -> None:
        return None

    with pytest.raises(Misconfigured, match=r"web\.route_undeclared"):
        site.check(Litestar([forgotten], openapi_config=None, logging_config=None))


async def test_every_action_of_the_web_has_a_route() -> None:
    at_the_edge = {Action.COMPARTMENT_DEPOSIT}
    assert {action for _, _, action, _ in actions()} == set(Action) - at_the_edge


async def test_every_parameter_of_a_path_is_swept() -> None:
    for route, _ in all_routes():
        names = {one.name for one in route.path_components if not isinstance(one, str)}
        assert names <= IDS | {"nonce", "name", "origin", "path", "word"}, route.path


async def test_identity_61_without_a_session_nothing_is_done(town: Town) -> None:
    ids = town.mine_ids()
    for route, _, action, method in actions():
        if "{token:str}" in route.path:
            continue  # the link is a credential of its own
        path = filled(route.path, ids)
        answer = await ask(town.house.browser(), method, path)
        assert answer.status_code == 401, (method, path, action, answer.text)
        planted = town.house.browser()
        planted.take_cookie("A" * 43)
        assert (await ask(planted, method, path)).status_code == 401, path


async def test_identity_61_an_expired_session_is_none(town: Town) -> None:
    anne = await town.house.browser().be("Anne")
    town.house.wait(16 * 60_000)
    for route, _, _, method in actions():
        if "{token:str}" not in route.path:
            path = filled(route.path, town.mine_ids())
            assert (await ask(anne, method, path)).status_code == 401, path


@pytest.mark.parametrize("role", [Role.RESIDENT, Role.COURIER])
async def test_identity_61_another_role_is_refused(town: Town, role: Role) -> None:
    """Whatever the table has no line for is 403, before it is said whether the thing exists."""
    name = f"Sam{role.value}"
    await town.house.person(name, role)
    sam = await town.house.browser().be(name, method=authn.LINK, aal=Aal.ONE)
    for route, _, action, method in actions():
        if role in TABLE[action] or "{token:str}" in route.path:
            continue
        for ids in (town.mine_ids(), town.their_ids()):
            path = filled(route.path, ids)
            answer = await ask(sam, method, path)
            told = (method, path, answer.status_code, answer.text)
            assert answer.status_code == 403, told
            assert answer.json()["code"] == "role.not_allowed", told
            town.house.wait(20_000)  # refusals are counted, too


async def test_identity_61_somebody_elses_parcel_is_refused(town: Town) -> None:
    await town.house.person("Sam", Role.RESIDENT)
    sam = await town.house.browser().be("Sam", method=authn.LINK, aal=Aal.ONE)
    for path in ("", "/live", "/receipt"):
        answer = await ask(sam, "GET", f"/me/parcels/{town.mine.parcel}{path}")
        assert answer.status_code == 403, (path, answer.text)
    tapped = await sam.post(f"/me/parcels/{town.mine.parcel}/open", {"presence": "1234"})
    assert tapped.status_code == 403


async def test_identity_62_ids_of_another_tenant_are_not_found(town: Town) -> None:
    mine, theirs = town.mine_ids(), town.their_ids()
    swept = 0
    for route, _, action, method in actions():
        names = {one.name for one in route.path_components if not isinstance(one, str)}
        if not names or "token" in names or Role.ADMIN not in TABLE[action] or "ref" in names:
            continue
        for name in names:
            path = filled(route.path, mine | {name: theirs[name]})
            town.house.wait(61_000)  # the next code, and a full bucket
            anne = await town.house.browser().be("Anne")
            answer = await ask(anne, method, path, anne.code(ANNE))
            assert answer.status_code == 404, (method, path, answer.status_code, answer.text)
            swept += 1
    assert swept > 30


@pytest.mark.parametrize("text", ["x", "bank_x", "%2e%2e", "prc_" + "0" * 26, "' OR 1=1", "\u202e"])
async def test_identity_62_anything_else_is_not_found_either(town: Town, text: str) -> None:
    anne = await town.house.browser().be("Anne")
    for where in ("banks", "parcels", "incidents", "people"):
        if text.startswith("prc_") and where == "parcels":
            continue
        for path in (f"/console/{where}/{text}", f"/api/v1/{where}/{text}"):
            assert (await ask(anne, "GET", path)).status_code == 404, path


async def test_identity_62_the_bank_of_a_list_is_checked_too(town: Town) -> None:
    anne = await town.house.browser().be("Anne")
    for path in ("/console?bank=", "/console/parcels?bank=", "/live?bank="):
        assert (await ask(anne, "GET", path + town.theirs.bank.id)).status_code == 404
    origin = f"lockers.example.com/bank/{town.theirs.bank.id}/1"
    receipt = await ask(anne, "GET", f"/console/log/receipt?origin={origin}&index=0")
    assert receipt.status_code == 404
    events = await ask(anne, "GET", f"/api/v1/events?bank={town.theirs.bank.id}")
    assert events.json() == {"rows": [], "after": None}


async def test_identity_61_a_link_opens_its_own_parcel_and_nothing_else(town: Town) -> None:
    stranger = town.house.browser()
    page = await stranger.get(f"/p/{town.mine.link}")
    assert page.status_code == 200
    assert town.mine.parcel in page.text
    assert town.theirs.parcel not in page.text
    for token in ("0" * 26, town.mine.link[::-1], "x"):
        assert (await stranger.get(f"/p/{token}")).status_code == 404
    assert (await ask(stranger, "GET", "/me")).status_code == 401
    assert (await ask(stranger, "GET", f"/me/parcels/{town.mine.parcel}")).status_code == 401


async def test_a_bank_id_in_a_qr_says_no_more_than_the_kiosk(town: Town) -> None:
    stranger = town.house.browser()
    page = await stranger.get(f"/here/{town.mine.bank.id}/4821")
    assert page.status_code == 200
    assert "Lobby 1" in page.text
    assert town.mine.parcel not in page.text
    nobody = BankId.of(b"?" * 16)
    assert (await stranger.get(f"/here/{nobody}/4821")).status_code == 404
    assert (await stranger.get(f"/here/{town.mine.bank.id}/<b>")).status_code == 404


PLANTED = ("role", "roles", "tenant", "tenant_id", "state", "id", "is_owner", "granted_by")


async def test_identity_63_no_body_of_the_api_takes_what_it_does_not_know(town: Town) -> None:
    """Each with a body that is right but for one field more, a fresh code and a full bucket."""
    ids, swept = town.mine_ids(), 0
    for route, handler, action, method in actions():
        takes_body = "data" in handler.parsed_fn_signature.parameters
        if not route.path.startswith("/api/") or not takes_body or Role.ADMIN not in TABLE[action]:
            continue
        right = BODIES.get(route.path.rpartition("/")[2], {"name": "Bea"})
        for field in PLANTED:
            if field in right:
                continue
            town.house.wait(61_000)
            anne = await town.house.browser().be("Anne")
            answer = await anne.send(
                method,
                filled(route.path, ids),
                json=right | {field: "super_admin"},
                headers={"accept": "application/json", "bayward-code": anne.code(ANNE)},
            )
            assert answer.status_code == 422, (method, route.path, field, answer.text)
            swept += 1
    assert swept > 50
