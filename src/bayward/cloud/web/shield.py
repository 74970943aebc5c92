"""Around every request: its number, who may send it from where, and the headers of its answer.

A write is taken only from our own pages. Browsers say where a request comes from
(`Sec-Fetch-Site`, else `Origin`) and no page can make them say otherwise, so there are no tokens
in forms. A request that carries its session in an `Authorization` header needs neither: a
browser never adds that by itself. Requests for another host name are refused, so that nobody's
domain can be pointed at this machine.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from bayward.cloud.settings import is_loopback
from bayward.cloud.web.limits import Rate
from bayward.cloud.web.state import (
    LANGUAGE_COOKIE,
    MACHINE_PATHS,
    SESSION_HEADER,
    Cookie,
    Desk,
    Told,
)
from bayward.core.errors import Denied, LimitExceeded
from bayward.ui.render import security_headers

SAFE = {"GET", "HEAD", "OPTIONS"}
NONCE_BYTES = 16
TRACE_BYTES = 6
YEAR_S = 365 * 24 * 3600
BURST_S = 6
_QUIET = ("/static/", "/healthz", "/readyz")  # not worth a line in the program's log

_log = structlog.get_logger()


class Shield:
    """ASGI middleware; outermost."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        rate = desk.settings.requests_per_s_max
        self._rate = Rate(rate * BURST_S, max(1, 1000 // rate))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at a request, then hand it on."""
        if str(scope["type"]) != "http":
            await self._app(scope, receive, send)
            return
        http = cast("HTTPScope", scope)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in http["headers"]
        }
        told = self._told(http, headers)
        state = http.setdefault("state", {})
        state["desk"] = self._desk
        state["told"] = told
        state["refused"] = self._refusal(http, headers)
        with structlog.contextvars.bound_contextvars(trace=told.trace):
            await self._app(scope, receive, self._sender(http, told, send))

    def _told(self, scope: HTTPScope, headers: Mapping[str, str]) -> Told:
        cookies = cookies_of(headers.get("cookie", ""))
        asked = _query(scope).get("lang", "")
        languages = self._desk.renderer.languages
        chosen = asked or cookies.get(LANGUAGE_COOKIE, "")
        is_known = chosen in languages.codes()
        told = Told(
            trace=self._desk.random(TRACE_BYTES).hex(),
            nonce=base64.urlsafe_b64encode(self._desk.random(NONCE_BYTES)).decode().rstrip("="),
            language=chosen
            if is_known
            else languages.negotiate(headers.get("accept-language", "")),
        )
        if asked and is_known:
            told.cookies.append(Cookie(LANGUAGE_COOKIE, asked, YEAR_S, is_hidden=False))
        return told

    def _refusal(self, scope: HTTPScope, headers: Mapping[str, str]) -> Exception | None:
        """Why this request goes no further; raised by `guards`, so that it is answered in form."""
        client = scope.get("client")
        try:
            self._desk.limiter.spend(self._rate, "address", client[0] if client else "")
        except LimitExceeded as error:
            return error
        if not self._is_our_host(headers.get("host", "")):
            return Denied("http.host")
        if scope["method"] in SAFE or "authorization" in headers:
            return None
        if str(scope["path"]).startswith(MACHINE_PATHS) and "cookie" not in headers:
            return None
        return None if self._is_our_page(headers) else Denied("http.origin")

    def _is_our_host(self, host: str) -> bool:
        ours = urlsplit(self._desk.settings.origin)
        if host.lower() == ours.netloc:
            return True
        return self._desk.settings.is_plain_http and is_loopback(_hostname(host))

    def _is_our_page(self, headers: Mapping[str, str]) -> bool:
        site = headers.get("sec-fetch-site")
        if site not in (None, "same-origin"):
            return False
        origin = headers.get("origin", "").lower()
        if origin in ("", "null"):  # as browsers write it under `Referrer-Policy: no-referrer`
            return site == "same-origin"
        return origin == self._desk.settings.origin or (
            self._desk.settings.is_plain_http and origin == f"http://{headers.get('host')}"
        )

    def _sender(self, scope: HTTPScope, told: Told, send: Send) -> Send:
        started = self._desk.clock.monotonic_ms()

        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._check_decided(scope, told, message["status"])
                message["headers"] = [*message["headers"], *self._headers(message, told)]
                if not str(scope["path"]).startswith(_QUIET):
                    _log.info(
                        "web.answered",
                        method=scope["method"],
                        # The path may hold a secret; its pattern does not.
                        route=scope.get("path_template") or "-",
                        status=message["status"],
                        ms=self._desk.clock.monotonic_ms() - started,
                    )
            await send(message)

        return wrapped

    def _headers(self, message: Any, told: Told) -> Iterable[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in message["headers"]}
        wanted = dict(security_headers(told.nonce))
        wanted["Cache-Control"] = "no-store"
        if not self._desk.settings.is_plain_http:
            wanted["Strict-Transport-Security"] = f"max-age={YEAR_S}; includeSubDomains"
        for name, value in wanted.items():
            if name.lower().encode() not in present:
                yield name.lower().encode(), value.encode()
        if told.token is not None:
            yield SESSION_HEADER.lower().encode(), told.token.encode()
        for cookie in told.cookies:
            yield b"set-cookie", self._cookie(cookie).encode()

    def _cookie(self, cookie: Cookie) -> str:
        parts = [f"{cookie.name}={cookie.value}", "Path=/", "SameSite=Lax"]
        if cookie.is_hidden:
            parts.append("HttpOnly")
        if not self._desk.settings.is_plain_http:
            parts.append("Secure")
        if cookie.life_s is not None:
            parts.append(f"Max-Age={cookie.life_s}")
        return "; ".join(parts)

    @staticmethod
    def _check_decided(scope: HTTPScope, told: Told, status: int) -> None:
        opt = getattr(scope.get("route_handler"), "opt", {})
        has_action = "action" in opt
        assert not has_action or told.is_decided or status >= 300, (  # noqa: PLR2004 - an answer
            f"{opt} answered without asking the policy"
        )


def cookies_of(header: str) -> dict[str, str]:
    """Cookies by name; of two with one name the first counts, as browsers send it."""
    told: dict[str, str] = {}
    for part in header.split(";"):
        name, is_set, value = part.strip().partition("=")
        if is_set and name not in told:
            told[name] = value
    return told


def _query(scope: HTTPScope) -> dict[str, str]:
    query = scope.get("query_string", b"").decode("latin-1")
    parts = (part.partition("=") for part in query.split("&"))
    return {name: value for name, _, value in parts}


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
