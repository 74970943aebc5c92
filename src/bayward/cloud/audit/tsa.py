"""Time stamps (RFC 3161): somebody outside says that a hash existed at a time.

What an authority answers is verified before it is kept: it must be over our bytes, carry our
nonce, be signed by a certificate for time stamping that was valid then and chains to a root we
were given. A stamp that would not convince a stranger is no stamp.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from bayward.core.errors import Invalid, Misconfigured, Unavailable

REPLY_BYTES_MAX = 64 * 1024  # a token with three certificates has 7
TIMEOUT_S = 20
_HEADERS = {"Content-Type": "application/timestamp-query"}
_OK = 200

Post = Callable[[str, bytes], Awaitable[bytes]]


class Authority:
    """One time-stamp authority; `post` sends a query to an address and gives the reply."""

    def __init__(self, url: str, roots: list[x509.Certificate], post: Post) -> None:
        self._url = url
        self._roots = roots
        self._post = post

    async def stamp(self, data: bytes) -> bytes:
        """A verified response over these bytes; raises `Unavailable` or `Invalid`."""
        builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        raw = await self._post(self._url, request.as_bytes())
        check(raw, data, self._roots, nonce=request.nonce)
        return raw


def check(
    raw: bytes, data: bytes, roots: list[x509.Certificate], *, nonce: int | None = None
) -> None:
    """Verify a response over `data`; raises `Invalid` with what is wrong in `detail`."""
    if len(raw) > REPLY_BYTES_MAX:
        raise Invalid("tsa.token", detail=f"{len(raw)} bytes")
    verifier = VerifierBuilder(roots=list(roots), nonce=nonce).build()
    try:
        is_good = verifier.verify_message(decode_timestamp_response(raw), data)
    except (VerificationError, ValueError) as error:
        raise Invalid("tsa.token", detail=str(error)[:200]) from None
    if not is_good:
        raise Invalid("tsa.token", detail="not verified")


def read_roots(path: Path) -> list[x509.Certificate]:
    """The roots in a PEM file; raises `Misconfigured`."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Misconfigured("tsa.root", file=str(path)) from error


async def post(url: str, query: bytes) -> bytes:
    """Ask over HTTP; raises `Unavailable`."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
            answer = await client.post(url, content=query, headers=_HEADERS)
    except httpx.HTTPError as error:
        raise Unavailable("tsa.unreachable", detail=type(error).__name__) from error
    if answer.status_code != _OK:
        raise Unavailable("tsa.unreachable", detail=str(answer.status_code))
    return answer.content
