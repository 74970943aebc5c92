"""The page that asks for a fresh factor, and what happens with the answer.

A request that needs one is answered with a page that names the consequence and holds the
request's own form. The code goes to `/step-up`, which binds the fresh factor to exactly that
request (address and every field) and sends the browser back to it with the same form; whatever
was changed on the way has another hash, and needs a factor of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from litestar import Response
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.people import sessions
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import (
    StepUpNeeded,
    StepUpRefused,
    You,
    fields_of,
    own_fields,
)
from bayward.cloud.web.auth import local
from bayward.cloud.web.factors import email_of
from bayward.cloud.web.routes import SEE_OTHER, AnyRequest, Asking, do
from bayward.cloud.web.state import page
from bayward.core.errors import Fact, Invalid
from bayward.core.policy import Action
from bayward.ui.i18n import FALLBACK, catalogues
from bayward.ui.views.auth import StepUp
from bayward.ui.views.base import Problem, Say

KEEP_FORM: Literal[307] = 307  # the browser sends the same form to the next address
ASKED = 403
AGAIN = 422
TEXT_CHARS_MAX = 2_000
SAYS_CHARS_MAX = 12_000  # all free texts of a form once more
GENERAL = Say("confirm")
_GET = "get"


class StepUpForm(Struct, frozen=True):
    """The code, and the request it is for; that request's own fields come along."""

    code: Annotated[str, Meta(max_length=16)] = ""
    next: Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] = ""
    step_action: Annotated[str, Meta(max_length=40)] = ""
    step_via: Annotated[str, Meta(max_length=4)] = ""
    step_says: Annotated[str, Meta(max_length=SAYS_CHARS_MAX)] = "{}"


def ask(request: AnyRequest, error: StepUpNeeded) -> Response[str]:
    """Name the consequence and ask for a code."""
    query = request.scope["query_string"].decode("latin-1")
    told = error.consequence
    says = {"key": told.key, "facts": dict(told.facts), "about": told.about}
    form = StepUpForm(
        next=request.scope["path"] + (f"?{query}" if query else ""),
        step_action=error.action.value,
        step_via=_GET if request.method == "GET" else "",
        step_says=json.dumps(says, ensure_ascii=False),
    )
    return page(request, _view(error.email, form, error.form), status=ASKED)


@do("/step-up", Action.STEP_UP)
async def take(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[StepUpForm]
) -> Response[str] | Redirect:
    """A fresh factor for the request in the form; then that request itself."""
    email = await asker.read(places.oneself, _email)
    to = local(data.next)
    if not to:
        raise Invalid("http.invalid", field="next")
    action = _action(data.step_action)
    challenge = await _challenge(request, action, data)
    try:
        await asker.step_up(data.code.strip(), action, challenge)
    except StepUpRefused as error:
        own = await own_fields(request)
        view = _view(email, data, own, Problem(error.code))
        return page(request, view, status=AGAIN)
    return Redirect(to, status_code=SEE_OTHER if data.step_via == _GET else KEEP_FORM)


def _view(
    email: str,
    form: StepUpForm,
    own: tuple[tuple[str, str], ...],
    problem: Problem | None = None,
) -> StepUp:
    kept = (
        ("step_action", form.step_action),
        ("step_via", form.step_via),
        ("step_says", form.step_says),
    )
    return StepUp(
        email=email,
        consequence=_say(form.step_says),
        next=form.next,
        fields=(*own, *kept),
        problem=problem,
    )


async def _challenge(request: AnyRequest, action: Action, form: StepUpForm) -> bytes:
    """What the request itself will ask for, see `Asker.challenge`."""
    parts = urlsplit(form.next)
    method = "GET" if form.step_via == _GET else "POST"
    query = parse_qsl(parts.query, keep_blank_values=True)
    fields: dict[str, Fact] = {f"?{name}": value for name, value in query}
    if method == "POST":
        fields |= await fields_of(request)
    return sessions.action_hash(action.value, f"{method} {parts.path}", fields)


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError:
        raise Invalid("http.invalid", field="step_action") from None


def _say(text: str) -> Say:
    """What stood on the page before; shown to nobody but who sent it, and escaped."""
    try:
        told: Any = json.loads(text)
    except ValueError:
        told = {}
    if not isinstance(told, Mapping) or not isinstance(told.get("facts"), Mapping):
        return GENERAL
    key = str(told.get("key"))
    if catalogues()[FALLBACK].find(f"consequence.{key}.title") is None:
        return GENERAL
    facts = {str(name): str(value) for name, value in told["facts"].items()}
    return Say(key, facts, _about(told.get("about")))


def _about(told: object) -> tuple[tuple[str, str], ...]:
    pairs = [one for one in told if isinstance(one, list)] if isinstance(told, list) else []
    return tuple((str(head), str(text)) for head, *texts in filter(None, pairs) for text in texts)


def _email(work: Work, you: You) -> str:
    return "" if you.session is None else email_of(work, you.session)
