"""Time stamps (RFC 3161): somebody outside says that a hash existed at a time.

What an authority answers is verified before it is kept: it must be over our bytes, carry our
nonce, be signed by a certificate for time stamping that was valid then and chains to a root we
were given. A stamp that would not convince a stranger is no stamp.

A stranger cannot ask whether that certificate was revoked later. So what its issuer had revoked is
fetched for each pack, from where the certificate says (RFC 5280 §4.2.1.13).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from bayward.cloud.audit.stamping import Revoked
from bayward.core.errors import Invalid, Misconfigured, Unavailable
from bayward.ledger.errors import LedgerError
from bayward.ledger.pack.revocation import LIST_BYTES_MAX, read_list, standing
from bayward.ledger.pack.stamp import open_stamp

REPLY_BYTES_MAX = 64 * 1024  # a token with three certificates has 7
TIMEOUT_S = 20
_HEADERS = {"Content-Type": "application/timestamp-query"}
_OK = 200

Post = Callable[[str, bytes], Awaitable[bytes]]
Get = Callable[[str], Awaitable[bytes]]

_log = structlog.get_logger()


class Authority:
    """One time-stamp authority.

    `post` sends a query to an address and gives the reply, `get` fetches a list.
    """

    def __init__(
        self, url: str, roots: list[x509.Certificate], post: Post, get: Get | None = None
    ) -> None:
        self._url = url
        self._roots = roots
        self._post = post
        self._get = get or fetch

    async def stamp(self, data: bytes) -> bytes:
        """A verified response over these bytes; raises `Unavailable` or `Invalid`."""
        builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        raw = await self._post(self._url, request.as_bytes())
        check(raw, data, self._roots, nonce=request.nonce)
        return raw

    async def revoked(self, token: bytes, data: bytes) -> Revoked | None:
        """What the issuer of a token's certificate has revoked; None where it is not to be had.

        The verifiers of a pack would take it: nothing else is given.
        """
        try:
            stamp, own = open_stamp(token, data)
            certificate = x509.load_der_x509_certificate(own.whole)
            others = decode_timestamp_response(token).signed_data.certificates
            known = [*self._roots, *map(x509.load_der_x509_certificate, sorted(others))]
            issuer, url = _issuer_of(certificate, known), next(_places_of(certificate), None)
            if issuer is None or url is None:
                return None
            found = await self._get(url)
            told = standing(read_list(found), issuer, own, stamp.time)
        except (Unavailable, LedgerError, ValueError) as error:
            _log.warning("tsa.revocation", why=str(error)[:200])
            return None
        _log.info("tsa.revocation", standing=told.value, url=url)
        return Revoked(found, issuer)


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


async def fetch(url: str) -> bytes:
    """Fetch a list over HTTP; raises `Unavailable`, also when it is too long."""
    found = b""
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != _OK:
                raise Unavailable("tsa.unreachable", detail=str(answer.status_code))
            async for part in answer.aiter_bytes():
                found += part
                if len(found) > LIST_BYTES_MAX:
                    raise Unavailable("tsa.unreachable", detail="its list is too long")
    except httpx.HTTPError as error:
        raise Unavailable("tsa.unreachable", detail=type(error).__name__) from error
    return found


def _issuer_of(certificate: x509.Certificate, known: list[x509.Certificate]) -> bytes | None:
    """The certificate of who signed this one, in DER."""
    for one in known:
        try:
            certificate.verify_directly_issued_by(one)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return one.public_bytes(Encoding.DER)
    return None


def _places_of(certificate: x509.Certificate) -> Iterator[str]:
    """Where a certificate says its issuer's list is to be had by HTTP."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return
    for point in found:
        for place in point.full_name or ():
            is_url = isinstance(place, x509.UniformResourceIdentifier)
            if is_url and place.value.startswith(("http://", "https://")):
                yield place.value


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
