"""The witness and the mirror of this deployment, for logs of others (see `cloud.witness`).

Nobody signs in here: a request is worth what the log's own signature is worth. Which logs are
known is in the file of the setting `witness_policy`; without it there is nothing here.
"""

from __future__ import annotations

import asyncio

from litestar import Response
from litestar.params import FromPath

from bayward.cloud.web import limits
from bayward.cloud.web.routes import AnyRequest, show_anybody, take_from_anybody
from bayward.cloud.web.state import address_of, desk_of
from bayward.cloud.witness.http import ADD_CHECKPOINT, ADD_ENTRIES, LIMITS, respond, unzip
from bayward.core.errors import Invalid, NotFound

_WHY = "only what a known log has signed changes anything, and only that log's record"
_GZIP = "gzip"


@take_from_anybody(
    ADD_CHECKPOINT, _WHY, status_code=200, request_max_body_size=LIMITS[ADD_CHECKPOINT]
)
async def add_checkpoint(request: AnyRequest) -> Response[bytes]:
    """Cosign what continues a known log."""
    return await _answered(request, ADD_CHECKPOINT)


@take_from_anybody(ADD_ENTRIES, _WHY, status_code=200, request_max_body_size=LIMITS[ADD_ENTRIES])
async def add_entries(request: AnyRequest) -> Response[bytes]:
    """Keep entries of a known log."""
    return await _answered(request, ADD_ENTRIES)


@show_anybody("/witness/{path:path}", "checkpoints are there to be compared by everybody")
async def witnessed(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """What was cosigned last."""
    return await _answered(request, f"/witness/{path.strip('/')}")


@show_anybody("/mirror/{path:path}", "a mirror is there to be read; entries are as the log made")
async def mirrored(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """A kept log, as static files."""
    return await _answered(request, f"/mirror/{path.strip('/')}")


async def _answered(request: AnyRequest, path: str) -> Response[bytes]:
    desk = desk_of(request)
    witness = desk.witness
    if witness is None:
        raise NotFound("http.not_found")
    body: bytes | None = b""
    if request.method == "POST":
        desk.limiter.spend(limits.WITNESS_FROM, "witness", address_of(request))
        body = await request.body()
        if request.headers.get("content-encoding", "").lower() == _GZIP:
            body = unzip(body, LIMITS[path])
    if body is None:
        raise Invalid("http.invalid", field="body")
    found = await asyncio.to_thread(respond, witness, request.method, path, body)
    return Response(found.body, status_code=found.status, headers=found.headers)
