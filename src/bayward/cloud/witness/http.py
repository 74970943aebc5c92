"""The addresses of a witness and a mirror (see `service`), for whatever server there is.

`respond` is the whole of it: method, path and body in, status, headers and body out.
`WitnessApp` is a small ASGI application around it, for a witness that is nothing else.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from bayward.cloud.witness.service import Witness
from bayward.core.errors import BaywardError
from bayward.ledger.errors import LedgerError
from bayward.ledger.serve import TEXT, Served
from bayward.ledger.witness import REQUEST_BYTES_MAX, Answer

UPLOAD_BYTES_MAX = 32 * 1024 * 1024  # 32 packages of 256 entries with 4 KiB each
ADD_CHECKPOINT, ADD_ENTRIES = "/witness/add-checkpoint", "/mirror/add-entries"
SIGN_SUBTREE = "/witness/sign-subtree"
LIMITS = {
    ADD_CHECKPOINT: REQUEST_BYTES_MAX,
    SIGN_SUBTREE: REQUEST_BYTES_MAX,
    ADD_ENTRIES: UPLOAD_BYTES_MAX,
}
_READ = re.compile(r"/(witness|mirror)/([0-9a-f]{64})/(checkpoint|tile/[x0-9a-z/.]{1,80})")


@dataclass(frozen=True, slots=True)
class Response:
    """What to send back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def refusal(cls, status: HTTPStatus, why: str) -> Response:
        """An error in one line."""
        return cls(status, f"{why}\n".encode(), {"content-type": TEXT})


NOT_FOUND = Response.refusal(HTTPStatus.NOT_FOUND, "there is nothing here")


def respond(witness: Witness, method: str, path: str, body: bytes) -> Response:
    """Answer one request; storage that fails is 503, and nothing has been cosigned then."""
    try:
        if method == "POST":
            return _take(witness, path, body)
        return _show(witness, path) if method in {"GET", "HEAD"} else NOT_FOUND
    except (BaywardError, LedgerError) as error:
        return Response.refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))


def unzip(body: bytes, limit: int) -> bytes | None:
    """Undo `Content-Encoding: gzip`; None when it is broken or more than `limit` comes out."""
    reader = zlib.decompressobj(wbits=31)
    try:
        found = reader.decompress(body, limit + 1)
    except zlib.error:
        return None
    return found if len(found) <= limit and not reader.unconsumed_tail else None


def _take(witness: Witness, path: str, body: bytes) -> Response:
    answer: Answer
    if path == ADD_CHECKPOINT:
        answer = witness.add_checkpoint(body)
    elif path == SIGN_SUBTREE:
        answer = witness.sign_subtree(body)
    elif path == ADD_ENTRIES:
        answer = witness.add_entries(body)
    else:
        return NOT_FOUND
    headers = {"content-type": answer.content_type, "cache-control": "no-store"}
    if path == ADD_ENTRIES:
        headers["accept-encoding"] = "gzip"
    return Response(answer.status, answer.body, headers)


def _show(witness: Witness, path: str) -> Response:
    found = _READ.fullmatch(path)
    if found is None:
        return NOT_FOUND
    kind, hashed, wanted = found.groups()
    served: Served | None = None
    if wanted == "checkpoint":
        served = witness.checkpoint(hashed, is_mirror=kind == "mirror")
    elif kind == "mirror":
        served = witness.tile(hashed, wanted)
    if served is None:
        return NOT_FOUND
    headers = {"content-type": served.content_type, "cache-control": served.cache_control}
    return Response(HTTPStatus.OK, served.body, headers)


class WitnessApp:
    """ASGI: nothing but the addresses above."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the body within its limit, answer from a thread, send."""
        assert scope["type"] == "http", "there is no lifespan and no socket here"
        response = await self._answer(scope, receive)
        headers = {"content-length": str(len(response.body)), **response.headers}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Any, receive: Any) -> Response:
        path: str = scope["path"]
        limit = LIMITS.get(path, 0)
        body = await _read(receive, limit)
        encoding = dict(scope["headers"]).get(b"content-encoding", b"").lower()
        if body is not None and encoding == b"gzip":
            body = unzip(body, limit)
        if body is None:
            return Response.refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long, or not gzip")
        return await asyncio.to_thread(respond, self._witness, scope["method"], path, body)


async def _read(receive: Any, limit: int) -> bytes | None:
    """The body; what is above the limit is read and thrown away, so that we can say so."""
    parts: list[bytes] = []
    length, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part, is_more = message.get("body", b""), message.get("more_body", False)
        length += len(part)
        if length <= limit:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if length <= limit else None
