"""How a route is declared: with the action it stands for, or with the reason why it has none.

`site.build` refuses to start with a route that declares neither, and the answer of a route with
an action that never asked the policy is turned into an error (`shield`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from litestar import Request, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.response import Redirect

from bayward.cloud.web.asking import Asker, token_of
from bayward.core.policy import Action

ACTION = "action"
PUBLIC = "public"
API = "/api/v1"
SEE_OTHER: Literal[303] = 303


AnyRequest: TypeAlias = Request[Any, Any, Any]
Asking: TypeAlias = NamedDependency[Asker]
"""The asker of a route, as its handler takes it."""

Declared: TypeAlias = Callable[[Callable[..., Any]], HTTPRouteHandler]

_METHODS: Mapping[str, Callable[..., Declared]] = {
    "get": get,
    "post": post,
    "put": put,
    "delete": delete,
}


def show(path: str | list[str], action: Action, **more: Any) -> Declared:
    """A page or file that somebody may see."""
    return get(path, opt={ACTION: action}, include_in_schema=False, **more)


def do(path: str | list[str], action: Action, **more: Any) -> Declared:
    """A form of ours that does something."""
    return post(path, opt={ACTION: action}, include_in_schema=False, status_code=SEE_OTHER, **more)


def show_anybody(path: str | list[str], why: str, **more: Any) -> Declared:
    """A page for everybody; `why` says why that is right."""
    return get(path, opt={PUBLIC: why}, include_in_schema=False, **more)


def take_from_anybody(path: str | list[str], why: str, **more: Any) -> Declared:
    """A form that needs no session; `why` says what protects it."""
    more.setdefault("status_code", SEE_OTHER)
    return post(path, opt={PUBLIC: why}, include_in_schema=False, **more)


def api(method: str, path: str, action: Action, **more: Any) -> Declared:
    """A call of the JSON API."""
    return _METHODS[method](API + path, opt={ACTION: action}, **more)


def public_api(method: str, path: str, why: str, **more: Any) -> Declared:
    """A call of the JSON API that needs no session."""
    return _METHODS[method](API + path, opt={PUBLIC: why}, **more)


def action_of(handler: BaseRouteHandler) -> Action | None:
    """What a route stands for; None for one that is for everybody."""
    action = handler.opt.get(ACTION)
    assert action is None or isinstance(action, Action), "declared by the functions above"
    return action


def is_declared(handler: BaseRouteHandler) -> bool:
    """Whether a route says what it is."""
    return ACTION in handler.opt or PUBLIC in handler.opt


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse what `shield` has refused, and what nobody declared.

    It awaits nothing: a plain function would cost each request a turn of another thread.
    """
    refused = connection.scope["state"]["refused"]
    if refused is not None:
        raise refused
    assert is_declared(handler), f"{handler} is not declared"
    if ACTION in handler.opt and "token" not in connection.path_params:
        token_of(connection)  # who has no session is told so before the body is read


async def provide_asker(request: AnyRequest) -> Asker:
    """The asker of a route that has an action."""
    action = action_of(request.route_handler)
    assert action is not None, "a public route has no asker"
    return Asker(request, action, request.path_params.get("token"))


def back(path: str) -> Redirect:
    """To another page after a form was taken."""
    return Redirect(path, status_code=SEE_OTHER)
