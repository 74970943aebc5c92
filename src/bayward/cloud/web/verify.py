"""The public page that checks a receipt, in the reader's own browser.

Which logs there are is nobody's business: a log is named to who is signed in to its tenant, and
to who knows its origin, which only somebody with a receipt does (it holds 128 random bits). So the
page asks for the key of a log by the origin that a receipt names; the receipt stays where it is.
"""

from __future__ import annotations

import json

from litestar import Response
from litestar.params import FromPath

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import LogHead
from bayward.cloud.people import authn
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.asking import token_of
from bayward.cloud.web.log_files import tenant_of_origin
from bayward.cloud.web.routes import AnyRequest, show_anybody
from bayward.cloud.web.state import address_of, desk_of, page, wants_page
from bayward.cloud.web.words import Words, log_name
from bayward.core.errors import Denied
from bayward.core.ids import TenantId
from bayward.ledger.strict import base64_text
from bayward.ui.views.verify import KnownLog, Tool, Verify

TOOLS = (("program", "verify.py"), ("page", "verify.html"))


@show_anybody("/verify", "checks in the browser; names a log only to who may know it")
async def show(request: AnyRequest) -> Response[str]:
    """Paste or drop a receipt."""
    return page(request, _view(request, await _known_to_session(request)))


@show_anybody("/verify/{origin:path}", "an origin is known only from a receipt")
async def show_one(request: AnyRequest, origin: FromPath[str]) -> Response[str] | Response[bytes]:
    """The same, with the log of this origin named; as JSON, its key alone, for the page."""
    desk = desk_of(request)
    desk.limiter.spend(limits.VERIFY_FROM, "verify", address_of(request))
    name = origin.strip("/")
    found = await desk.unit.read(lambda work: _of_origin(work, name))
    if wants_page(request):
        return page(request, _view(request, found))
    told = [{"origin": one.origin, "vkey": one.vkey, "name": one.name} for one in found]
    return Response(json.dumps({"logs": told}).encode(), media_type="application/json")


def _view(request: AnyRequest, known: tuple[KnownLog, ...]) -> Verify:
    assets = desk_of(request).renderer.assets
    tools = tuple(
        Tool(kind=kind, name=name, url=assets.url(name), sha256=assets.sha256[name])
        for kind, name in TOOLS
    )
    return Verify(known=known, tools=tools)


async def _known_to_session(request: AnyRequest) -> tuple[KnownLog, ...]:
    def read(work: Work) -> tuple[KnownLog, ...]:
        session = authn.session_of(work, token_of(request))
        heads = audit.logs(work, session.tenant)
        return tuple(_known(work, session.tenant, head) for head in heads if head.size)

    try:
        return await desk_of(request).unit.read(read)
    except Denied:
        return ()


def _of_origin(work: Work, origin: str) -> tuple[KnownLog, ...]:
    """The log of an origin `<deployment>/tenant/<id>` or `<deployment>/bank/<id>/<epoch>`."""
    tenant = tenant_of_origin(work, origin)
    if tenant is None:
        return ()
    heads = audit.logs(work, tenant)
    return tuple(
        _known(work, tenant, head) for head in heads if head.origin == origin and head.size
    )


def _known(work: Work, tenant: TenantId, head: LogHead) -> KnownLog:
    words = Words(work, tenant)
    return KnownLog(
        origin=head.origin,
        vkey=head.vkey,
        name=log_name(words, head, people_store.tenant_name(work.tx, tenant)),
        size=head.size,
        root=base64_text(head.root),
        at=head.changed_at,
    )
