"""What handlers find on a request: the desk of the program, and what is known of this request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection

from bayward.cloud.audit.checking import Checks
from bayward.cloud.audit.maker import Maker
from bayward.cloud.fleet.deployment import Deployment
from bayward.cloud.fleet.gate import DeviceGate
from bayward.cloud.people.passwords import Passwords
from bayward.cloud.settings import CloudSettings
from bayward.cloud.strangers import Strangers
from bayward.cloud.unit import Unit
from bayward.cloud.web.limits import Limiter
from bayward.cloud.witness.service import Witness
from bayward.core.clock import Clock
from bayward.ui.render import Renderer
from bayward.ui.views.base import View

if TYPE_CHECKING:
    from bayward.cloud.web.changes import Changes

AnyRequest = Request[Any, Any, Any]

SECURE_COOKIE = "__Host-sid"
PLAIN_COOKIE = "sid"  # only on http://localhost, where browsers refuse the other
LANGUAGE_COOKIE = "lang"
SESSION_HEADER = "Bayward-Session"
CODE_HEADER = "Bayward-Code"
STAFF_PATHS = ("/console", "/sign-in", "/sign-out", "/step-up", "/setup", "/live")
MACHINE_PATHS = ("/api/", "/enrol", "/healthz", "/readyz", "/log/", "/witness/", "/mirror/")


@dataclass(slots=True, kw_only=True)
class Desk:
    """Everything the faces work with."""

    unit: Unit
    settings: CloudSettings
    clock: Clock
    random: Callable[[int], bytes]
    renderer: Renderer
    passwords: Passwords
    hashing: Executor
    deployment: Deployment
    gate: DeviceGate
    notifier_key: bytes
    link_url: str
    enrol_url: str
    limiter: Limiter
    changes: Changes
    witness: Witness | None
    is_ready: Callable[[], bool]
    checks: Checks
    strangers: Strangers
    packs: Maker

    @property
    def cookie_name(self) -> str:
        """What the session cookie is called here."""
        return PLAIN_COOKIE if self.settings.is_plain_http else SECURE_COOKIE

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of staff pages."""
        return ZoneInfo(self.settings.zone)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; `life_s` None: until the browser is closed, 0: take it away."""

    name: str
    value: str
    life_s: int | None = None
    is_hidden: bool = True  # from scripts


@dataclass(slots=True)
class Told:
    """One request: its number, its nonce, and what its answer has to carry.

    `is_decided` becomes true when the policy was asked; a route with an action that answers
    without it is a fault of ours.
    """

    trace: str
    nonce: str
    language: str = "en"
    cookies: list[Cookie] = field(default_factory=list)
    token: str | None = None  # a new session, for a program that keeps it itself
    is_decided: bool = False


def desk_of(request: ASGIConnection[Any, Any, Any, Any]) -> Desk:
    """The desk of this program."""
    desk = request.scope["state"]["desk"]
    assert isinstance(desk, Desk), "put there by `Shield`"
    return desk


def told(request: AnyRequest) -> Told:
    """What is known of this request; put there by `shield`."""
    found = request.scope["state"]["told"]
    assert isinstance(found, Told), "put there by `Shield`"
    return found


def address_of(request: AnyRequest) -> str:
    """The network address that asks."""
    client = request.scope.get("client")
    return client[0] if client else ""


def is_staff_page(request: AnyRequest) -> bool:
    """Whether this page belongs to the console."""
    return str(request.scope["path"]).startswith(STAFF_PATHS)


def wants_page(request: AnyRequest) -> bool:
    """Whether a person reads the answer."""
    if str(request.scope["path"]).startswith(MACHINE_PATHS):
        return False
    return "application/json" not in request.headers.get("accept", "")


def sign_in(request: AnyRequest, token: str, life_s: int | None = None) -> None:
    """Give the browser a session; without `life_s` it ends with the browser.

    A program that sends its session in a header gets the new one in a header.
    """
    if "authorization" in request.headers:
        told(request).token = token
        return
    told(request).cookies.append(Cookie(desk_of(request).cookie_name, token, life_s))


def sign_out(request: AnyRequest) -> None:
    """Take the browser's session away."""
    told(request).cookies.append(Cookie(desk_of(request).cookie_name, "", 0))


def page(
    request: AnyRequest,
    view: View,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    zone: ZoneInfo | None = None,
) -> Response[str]:
    """A view as an answer."""
    desk, known = desk_of(request), told(request)
    body = desk.renderer.page(
        view,
        nonce=known.nonce,
        now=desk.clock.now(),
        language=known.language,
        zone=zone or desk.zone,
    )
    return Response(
        body, status_code=status, headers=dict(headers or {}), media_type=MediaType.HTML
    )
