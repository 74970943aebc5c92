"""The logs for machines: `GET /log/<origin>/checkpoint` and `/log/<origin>/tile/…` (C2SP).

Read by monitors, witnesses and auditors, with `Authorization: Bearer <session>` of somebody who
may read the tenant's log; or by whoever knows the origin, when `public_logs` is set. Leaves are
salted commitments, so even then only how many entries there are, and when, is to be seen. A log
of another tenant and one that does not exist are the same answer. The anchor log is for everybody:
it is there to be watched.
"""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath

from bayward.cloud.audit import anchor, static
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people.service import PLATFORM_TENANT
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.routes import AnyRequest, show_anybody
from bayward.cloud.web.state import desk_of
from bayward.core.errors import Invalid, NotFound
from bayward.core.ids import BankId, TenantId
from bayward.core.policy import Action
from bayward.ledger.serve import NEVER_CHANGES, Served

_PRIVATE = "private, max-age=31536000, immutable"


@show_anybody(
    "/log/{path:path}", "asks the policy itself, unless the deployment has opened its logs"
)
async def log_file(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """One file of a log."""
    origin, file = _split(path.strip("/"))
    desk = desk_of(request)
    if desk.settings.public_logs or origin == f"{desk.settings.name}/anchor":
        served = await desk.unit.read(lambda work: _public(work, origin, file))
        cached = served.cache_control
    else:
        asker = Asker(request, Action.LOG_READ)

        def read(work: Work, you: You) -> Served:
            return static.read(work, you.tenant, origin, file)

        served = await asker.read(places.everything, read)
        cached = served.cache_control.replace(NEVER_CHANGES, _PRIVATE)
    headers = {"Content-Type": served.content_type, "Cache-Control": cached}
    return Response(served.body, headers=headers)


def tenant_of_origin(work: Work, origin: str) -> TenantId | None:
    """Whose log this is: `…/tenant/<id>`, `…/bank/<id>/<epoch>`, or the anchor of all."""
    if origin == anchor.origin_of(work):
        return PLATFORM_TENANT
    head_of, _, rest = origin.partition("/")
    kind, _, tail = rest.partition("/")
    try:
        if head_of == work.house.name and kind == "tenant":
            return TenantId.parse(tail)
        if head_of == work.house.name and kind == "bank":
            return fleet_store.tenant_of_bank(work.tx, BankId.parse(tail.partition("/")[0]))
    except Invalid:
        pass
    return None


def _public(work: Work, origin: str, path: str) -> Served:
    tenant = tenant_of_origin(work, origin)
    if tenant is None:
        raise NotFound("log")
    return static.read(work, tenant, origin, path)


def _split(where: str) -> tuple[str, str]:
    """Origin and path below it; no origin of ours has a part named `tile`."""
    origin, found, rest = where.partition("/tile/")
    if found:
        return origin, f"tile/{rest}"
    origin, _, last = where.rpartition("/")
    return origin, last
