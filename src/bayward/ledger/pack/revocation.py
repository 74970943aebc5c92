"""Revocation: whether the certificate of a time stamp was still good (RFC 5280 §5, RFC 3161 §4).

    data/tsa.crl    the list of revoked certificates of the authority's issuer, as it was fetched
                    when the pack was made, in DER
    data/tsa.cer    the issuer's certificate, in DER

A reader without a network cannot ask, so the list travels with the pack. Whose list it is follows
from the authority's certificate alone: the key that has signed that certificate must have signed
the list. A stamp of a revoked certificate counts for nothing, unless it was revoked after the
time of the stamp, and for a reason that says nothing against its key.

What is said and is no fault: a list that was no longer current at the time of the stamp, and one
with critical extensions (of a part of an issuer's certificates, say), which is not read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bayward.ledger import der
from bayward.ledger.der import Value, expect, read_der
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.pack.certificates import (
    Certificate,
    is_signed_by,
    moment_of,
    read_certificate,
)

LIST_BYTES_MAX = 512 * 1024  # some 14,000 certificates; a pack holds one list
_REASON = bytes.fromhex("551d15")
_HARMLESS = frozenset({0, 3, 4, 5})
"""unspecified, affiliationChanged, superseded, cessationOfOperation (RFC 3161 §4)."""
_EXTENSIONS = 0xA0
_CRITICAL = b"\1\1\xff"
_ENUMERATED = 0x0A
_UNREAD = frozenset({"stamp.method", "stamp.hash"})


class Standing(StrEnum):
    """What a list says of a certificate at the time of a stamp."""

    GOOD = "good"
    REVOKED = "revoked"
    OLD = "old"
    """Not revoked, by a list that was not current any more."""
    UNREAD = "unread"
    """A list of a kind that is not read here; or there is none."""


@dataclass(frozen=True, slots=True)
class RevokedList:
    """A list, taken apart and not yet believed; times are `YYYYMMDDHHMMSS` in UTC."""

    whole: Value
    issuer: bytes
    since: str
    until: str
    revoked: tuple[Value, ...]
    is_read: bool


def read_list(raw: bytes) -> RevokedList:
    """Take a list apart; raises `Malformed`."""
    if len(raw) > LIST_BYTES_MAX:
        raise Malformed("revocation.length", f"{len(raw)} bytes")
    try:
        return _read_list(read_der(raw))
    except (LookupError, ValueError) as error:
        raise Malformed("revocation.form", "a part is missing, or one too many") from error


def standing(found: RevokedList, issuer: bytes, certificate: Certificate, time: str) -> Standing:
    """What a list says of a certificate whose key has stamped at `time`.

    `issuer` is the certificate of the list's issuer, in DER. Raises `Malformed` or `Unverified`
    when list or issuer are not those of the certificate.
    """
    try:
        own = read_certificate(read_der(issuer))
        is_named = certificate.issuer == own.subject.whole == found.issuer
        signed = (read_der(certificate.whole), found.whole) if is_named else ()
        if is_named and all(is_signed_by(one, own.key) for one in signed):
            return _standing(found, certificate.serial, time)
    except Unverified as error:
        if error.code in _UNREAD:
            return Standing.UNREAD
        raise
    except (LookupError, ValueError) as error:
        raise Malformed("revocation.form", "a part is missing, or one too many") from error
    why = "signature" if is_named else "issuer"
    raise Unverified(f"revocation.{why}", "not of who issued the certificate")


def _read_list(whole: Value) -> RevokedList:
    parts = expect(whole.parts[0], der.SEQUENCE).parts
    if parts[0].tag == der.INTEGER:  # the version
        parts = parts[1:]
    _, issuer, since, *rest = parts
    until = since
    if rest and rest[0].tag in {der.UTC_TIME, der.TIME}:
        until = rest.pop(0)
    revoked: tuple[Value, ...] = ()
    if rest and rest[0].tag == der.SEQUENCE:
        revoked = tuple(rest.pop(0).parts)
    extensions: list[Value] = []
    if rest:
        (told,) = expect(rest.pop(0), _EXTENSIONS).parts
        extensions = expect(told, der.SEQUENCE).parts
    if rest:
        raise Malformed("revocation.form", "something behind the extensions")
    is_read = not any(map(_is_critical, extensions))
    moments = moment_of(since), moment_of(until)
    return RevokedList(whole, expect(issuer, der.SEQUENCE).whole, *moments, revoked, is_read)


def _standing(found: RevokedList, serial: bytes, time: str) -> Standing:
    if not found.is_read:
        return Standing.UNREAD
    for one in found.revoked:
        number, at, *more = expect(one, der.SEQUENCE).parts
        if expect(number, der.INTEGER).body != serial:
            continue
        extensions = [part for told in more for part in expect(told, der.SEQUENCE).parts]
        if _reason(extensions) not in _HARMLESS or moment_of(at) <= time:
            return Standing.REVOKED
    return Standing.GOOD if time <= found.until else Standing.OLD


def _reason(extensions: list[Value]) -> int | None:
    """Why a certificate was revoked; None where it is not said, which is the worst."""
    pairs = [(told[0], told[1:][-1]) for told in (expect(one, 0x30).parts for one in extensions)]
    said = [(expect(kind, der.OID).body, expect(value, der.OCTETS).body) for kind, value in pairs]
    reasons = [value for kind, value in said if kind == _REASON]
    if not reasons:
        return None
    body = expect(read_der(reasons[0]), _ENUMERATED).body
    if len(body) != 1:
        raise Malformed("revocation.form", "a reason that is none")
    return body[0]


def _is_critical(extension: Value) -> bool:
    return any(one.whole == _CRITICAL for one in expect(extension, der.SEQUENCE).parts)
