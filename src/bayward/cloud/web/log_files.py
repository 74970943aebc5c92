"""The logs for machines: `GET /log/<origin>/checkpoint` and `/log/<origin>/tile/…` (C2SP).

Read by monitors, witnesses and auditors, with `Authorization: Bearer <session>` of somebody who
may read the tenant's log; or by whoever knows the origin, when `public_logs` is set. Leaves are
salted commitments, so even then only how many entries there are, and when, is to be seen. A log
of another tenant and one that does not exist are the same answer. The anchor log is for everybody:
it is there to be watched.

Two files are ours and not C2SP's: `…/anchor/policy`, whom the operator asks to cosign the anchor,
and `…/tenant/<id>/anchored/<size>`, receipts of where the anchor holds larger checkpoints of it.
"""

from __future__ import annotations

from pathlib import Path

from litestar import Response
from litestar.params import FromPath

from bayward.cloud.audit import anchor, anchoring, static
from bayward.cloud.audit import service as audit
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
from bayward.ledger.chain import chain_text
from bayward.ledger.serve import NEVER_CHANGES, SHORT_LIVED, TEXT, Served
from bayward.ledger.strict import MAX_NUMBER

ANCHORED = "anchored/"
_PRIVATE = "private, max-age=31536000, immutable"


@show_anybody(
    "/log/{path:path}", "asks the policy itself, unless the deployment has opened its logs"
)
async def log_file(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """One file of a log."""
    origin, file = _split(path.strip("/"))
    desk = desk_of(request)
    if desk.settings.public_logs or origin == f"{desk.settings.name}/anchor":
        policy = desk.settings.anchor_policy
        served = await desk.unit.read(lambda work: _public(work, origin, file, policy))
        cached = served.cache_control
    else:
        asker = Asker(request, Action.LOG_READ)

        def read(work: Work, you: You) -> Served:
            return _read(work, you.tenant, origin, file)

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


def _public(work: Work, origin: str, path: str, policy: Path | None) -> Served:
    tenant = tenant_of_origin(work, origin)
    if tenant is None:
        raise NotFound("log")
    if origin != anchor.origin_of(work):
        return _read(work, tenant, origin, path)
    if path == "checkpoint":
        return Served.checkpoint(anchor.published(work))
    if path == "policy":
        held = work.house.keys
        logs = [held.log_signer(origin).key, held.anchor_signer(origin).key]
        text = anchoring.policy_text(policy, logs, f"{work.house.base_url}/log/{origin}")
        return Served(text.encode(), TEXT, SHORT_LIVED)
    return static.read(work, tenant, origin, path)


def _read(work: Work, tenant: TenantId, origin: str, path: str) -> Served:
    """A file of a log of this tenant."""
    if not path.startswith(ANCHORED):
        return static.read(work, tenant, origin, path)
    after = path.removeprefix(ANCHORED)
    if origin != audit.origin_of(work, tenant) or not after.isascii() or not after.isdigit():
        raise NotFound("log.file")
    found = anchor.anchored_since(work, tenant, min(int(after[:18]), MAX_NUMBER))
    return Served(chain_text(found).encode(), TEXT, SHORT_LIVED)


def _split(where: str) -> tuple[str, str]:
    """Origin and path below it; no origin of ours has a part named `tile` or `anchored`."""
    for part in ("tile/", ANCHORED):
        origin, found, rest = where.partition(f"/{part}")
        if found:
            return origin, part + rest
    origin, _, last = where.rpartition("/")
    return origin, last
