"""The one place where an error becomes a status, a problem document or a page.

RFC 9457 for programs, a page for people; the text of both is made in `ui` from the error's code
and facts. What we did not raise on purpose is a 500 with a number to quote, and its traceback
goes to the program's log, never to the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect

from bayward.cloud.strangers import FACES
from bayward.cloud.web import step_up
from bayward.cloud.web.asking import NotSignedIn, SecondFactorNeeded, StepUpNeeded
from bayward.cloud.web.state import desk_of, is_staff_page, told, wants_page
from bayward.cloud.web.state import page as render
from bayward.core.errors import (
    BaywardError,
    Conflict,
    Denied,
    Fact,
    Invalid,
    LimitExceeded,
    Misconfigured,
    NotFound,
    Unavailable,
)
from bayward.ui.views.base import Problem
from bayward.ui.views.console import ErrorPage

PROBLEM_TYPE = "application/problem+json"
TYPE_URI = "urn:bayward:problem:"
STATUS: Mapping[type[BaywardError], int] = {
    Denied: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    LimitExceeded: 429,
    Misconfigured: 500,
    Unavailable: 503,
}
UNAUTHORISED = 401  # codes that begin with `session.`
# What the framework refuses before we see it.
HTTP_CODES = {
    400: "http.invalid",
    404: "http.not_found",
    405: "http.method",
    413: "http.too_large",
    415: "http.media_type",
}
_log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]
AnyResponse = Response[Any]


def status_of(error: BaywardError) -> int:
    """The HTTP status of an error."""
    if error.code.startswith("session.") or isinstance(error, NotSignedIn):
        return UNAUTHORISED
    return STATUS[type(error)] if type(error) in STATUS else _inherited(error)


def refused(request: AnyRequest, error: BaywardError) -> AnyResponse:
    """Answer an error raised on purpose."""
    status = status_of(error)
    if error.code in FACES:
        desk_of(request).strangers.saw(error.code)
    if status == UNAUTHORISED and wants_page(request) and request.method == "GET":
        return Redirect(_sign_in(request), status_code=303)
    headers = {}
    retry_after = error.facts.get("retry_after_s")
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return _answer(request, status, error.code, error.facts, headers)


def step_up_needed(request: AnyRequest, error: StepUpNeeded) -> AnyResponse:
    """Name the consequence and ask for a fresh factor; a program is told which one."""
    if wants_page(request):
        return step_up.ask(request, error)
    return refused(request, error)


def second_factor_needed(request: AnyRequest, error: SecondFactorNeeded) -> AnyResponse:
    """Half way in: show the second factor first."""
    if wants_page(request):
        return Redirect("/sign-in/totp", status_code=303)
    return refused(request, error)


def rejected(request: AnyRequest, error: HTTPException) -> AnyResponse:
    """Answer what the framework refused: no such path, a malformed body, too much of it."""
    status = error.status_code
    if isinstance(error, ValidationException):
        return _answer(request, STATUS[Invalid], "http.invalid", _first_fault(error), {})
    headers = {
        name: value for name, value in (error.headers or {}).items() if name != "content-type"
    }
    return _answer(request, status, HTTP_CODES.get(status, "http.refused"), {}, headers)


def broken(request: AnyRequest, error: Exception) -> AnyResponse:
    """Answer what nobody foresaw."""
    _log.error("web.broken", trace=told(request).trace, exc_info=error)
    return _answer(request, 500, "http.broken", {}, {})


def document(
    request: AnyRequest, status: int, code: str, facts: Mapping[str, Fact]
) -> dict[str, Any]:
    """An RFC 9457 problem; members beyond the standard's are the facts of the error."""
    title = desk_of(request).renderer.problem(code, facts, told(request).language)
    standard = {
        "type": TYPE_URI + code,
        "title": title,
        "status": status,
        "code": code,
        "instance": f"urn:bayward:trace:{told(request).trace}",
    }
    return {**facts, **standard}


def _answer(
    request: AnyRequest,
    status: int,
    code: str,
    facts: Mapping[str, Fact],
    headers: Mapping[str, str],
) -> AnyResponse:
    if not wants_page(request):
        return Response(
            document(request, status, code, facts),
            status_code=status,
            headers=dict(headers),
            media_type=PROBLEM_TYPE,
        )
    is_shut_out = request.scope["path"] == "/console"  # refused there, so not a way out
    view = ErrorPage(
        status=status,
        problem=Problem(code, facts),
        home="/console" if is_staff_page(request) and not is_shut_out else "/me",
        trace=told(request).trace,
        is_staff=is_staff_page(request),
    )
    return render(request, view, status=status, headers=headers)


def _sign_in(request: AnyRequest) -> str:
    """Where somebody without a session is sent; residents see no password form."""
    if not is_staff_page(request):
        return "/me/sign-in"
    path = request.scope["path"]
    return "/sign-in" if path == "/console" else f"/sign-in?next={path}"


def _inherited(error: BaywardError) -> int:
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def _first_fault(error: ValidationException) -> Mapping[str, Fact]:
    extra = error.extra
    if isinstance(extra, list) and extra and isinstance(extra[0], dict):
        return {"field": str(extra[0].get("key", ""))[:40]}
    return {}
