"""The pass: a permission a phone carries to the kiosk in a QR code.

    L1: base45( COSE_Sign1 [ {alg: ES256, kid}, {}, claims, signature ] )  [8 rotating digits]

The claims are those of a CWT (RFC 8392) with short labels: audience (the bank's public code),
expiry, not-before, grant id, purpose, and two optional ones. It is signed for the context
`locker-pass/1` and for one bank, it opens one grant, and the bank can judge it with the cable
cut. It must fit QR version 8 at level M, beyond which the cameras we measured stop reading it
from a phone at arm's length.

`verify_pass` says that the cloud made it, for this bank, this purpose, this time. It does not say
that the pass is unused (the bank's log decides, under the grant id) nor check the rotating digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core.clock import DAY_MS, SECOND_MS, Instant
from bayward.core.errors import Denied, Invalid
from bayward.core.ids import ID_BYTES, GrantId, ParcelId
from bayward.wire import base45
from bayward.wire.cbor import Cbor
from bayward.wire.cose import PublicKey, Sign, Signed, es256, read1, sign1

PREFIX = "L1:"
AAD = b"locker-pass/1"
TEXT_CHARS_MAX = 512  # more than any pass; bounds the work a stranger's phone can cause
QR_CHARS_MAX = 221  # version 8, level M, alphanumeric (ISO/IEC 18004 table 7)
LIFE_MS_MAX = 31 * DAY_MS  # issuer keys live 90 days, and a stolen one must not sign for years
ROTATING_DIGITS = 8
DEPOSIT_BYTES = 7  # 8 would make a superseding pass one character longer than QR_CHARS_MAX
AUDIENCE_CHARS = 10


class _Claim(IntEnum):
    """CWT labels (RFC 8392 section 4), then our own from the private range."""

    AUDIENCE = 3
    NOT_AFTER = 4
    NOT_BEFORE = 5
    GRANT = 7
    PURPOSE = -65537
    FLAGS = -65538
    DEPOSIT = -65539


class Purpose(IntEnum):
    """What a pass was made for; it is void for anything else."""

    PICKUP = 1
    PRESENCE = 2  # the answer to a kiosk's challenge
    DEPOSIT = 3  # one parcel, announced
    COURIER = 4  # a courier's shift


class PassFlag(IntFlag):
    """What else the bank must see to; an unknown flag makes a pass void."""

    NONE = 0
    ROTATING_REQUIRED = 1  # a picture of it is not enough
    DELEGATED = 2
    SUPERSEDES = 4  # replaces what the bank knows about the deposit
    NEEDS_SECOND_FACTOR = 8


_CLAIMS = frozenset(_Claim)
_REQUIRED = tuple(_Claim)[:5]
_PURPOSES = frozenset(Purpose)
_ALL_FLAGS = sum(PassFlag)


@dataclass(frozen=True, slots=True)
class Pass:
    """The claims of a pass; times are whole seconds, as `Instant`.

    `deposit` is the start of the parcel's id (`deposit_prefix`), for a grant that the bank does
    not know. `rotating` and `digest` are filled by `verify_pass`: the digits behind the signed
    part, if any, and the SHA-256 of what was signed, under which an unknown grant is used up.
    """

    audience: str
    grant: GrantId
    purpose: Purpose
    not_before: Instant
    not_after: Instant
    flags: PassFlag = PassFlag.NONE
    deposit: bytes | None = None
    rotating: str | None = None
    digest: bytes = b""


def deposit_prefix(parcel: ParcelId) -> bytes:
    """The part of a parcel's id that a pass carries."""
    return parcel.raw[:DEPOSIT_BYTES]


def sign_pass(claims: Pass, *, key_id: int, key: Sign | ec.EllipticCurvePrivateKey) -> str:
    """The text for the QR code; rotating digits are appended by whoever shows it.

    Raises `Invalid("pass.malformed")` for claims that no bank would take, and
    `Invalid("pass.too_long")` when the picture would be too fine to be read.
    """
    payload: dict[int | str, Cbor] = {
        _Claim.AUDIENCE: claims.audience,
        _Claim.NOT_AFTER: claims.not_after // SECOND_MS,
        _Claim.NOT_BEFORE: claims.not_before // SECOND_MS,
        _Claim.GRANT: claims.grant.raw,
        _Claim.PURPOSE: int(claims.purpose),
    }
    if claims.flags:
        payload[_Claim.FLAGS] = int(claims.flags)
    if claims.deposit is not None:
        payload[_Claim.DEPOSIT] = claims.deposit
    if not _has_life(_read_claims(payload)):
        raise Invalid("pass.malformed")
    sign = es256(key) if isinstance(key, ec.EllipticCurvePrivateKey) else key
    text = PREFIX + base45.encode(sign1(payload, aad=AAD, key_id=key_id, sign=sign))
    rotating = ROTATING_DIGITS if PassFlag.ROTATING_REQUIRED in claims.flags else 0
    if len(text) + rotating > QR_CHARS_MAX:
        raise Invalid("pass.too_long", chars=len(text) + rotating)
    return text


def verify_pass(
    text: str,
    issuers: Mapping[int, PublicKey],
    *,
    audience: str,
    purpose: Purpose,
    now: Instant,
) -> Pass:
    """Judge a scanned text; `now` is the bank's trusted time.

    Raises `Invalid("pass.malformed")` when it is no pass, and `Denied("pass.…")` with the reason
    when it is one that does not count here: `issuer`, `signature`, `audience`, `not_yet`,
    `expired`, `life`, `purpose`, `rotating_missing`.
    """
    signed, rotating = _read(text)
    try:
        signed.verify(issuers)
    except Denied as denied:
        code = "pass.signature" if denied.code == "cose.signature" else "pass.issuer"
        raise Denied(code, **denied.facts) from None
    claims = _read_claims(signed.payload)
    digest = hashlib.sha256(signed.signed_bytes).digest()
    found = replace(claims, rotating=rotating, digest=digest)
    if found.audience != audience:
        raise Denied("pass.audience")
    if not _has_life(found):
        raise Denied("pass.life")
    if now < found.not_before:
        raise Denied("pass.not_yet")
    if now >= found.not_after:
        raise Denied("pass.expired")
    if found.purpose is not purpose:
        raise Denied("pass.purpose", purpose=found.purpose.name.lower())
    if PassFlag.ROTATING_REQUIRED in found.flags and rotating is None:
        raise Denied("pass.rotating_missing")
    return found


def _read(text: str) -> tuple[Signed, str | None]:
    """The signed part and the digits behind it.

    The digits are Base45 characters too. Only one reading can succeed: one encoded object is
    never the beginning of another.
    """
    if len(text) > TEXT_CHARS_MAX or not text.startswith(PREFIX):
        raise Invalid("pass.malformed")
    body = text.removeprefix(PREFIX)
    signed = _signed(body)
    if signed is not None:
        return signed, None
    rest, digits = body[:-ROTATING_DIGITS], body[-ROTATING_DIGITS:]
    signed = _signed(rest) if digits.isascii() and digits.isdecimal() else None
    if signed is None:
        raise Invalid("pass.malformed")
    return signed, digits


def _signed(body: str) -> Signed | None:
    try:
        return read1(base45.decode(body), aad=AAD)
    except Invalid:
        return None


def _read_claims(payload: Cbor) -> Pass:
    if not isinstance(payload, dict) or not payload.keys() <= _CLAIMS:
        raise Invalid("pass.malformed")
    match [payload.get(claim) for claim in _REQUIRED]:
        case [
            str() as audience,
            int() as not_after,
            int() as not_before,
            bytes() as grant,
            int() as purpose,
        ] if len(audience) == AUDIENCE_CHARS and len(grant) == ID_BYTES and not_before >= 0:
            pass
        case _:
            raise Invalid("pass.malformed")
    flags, deposit = payload.get(_Claim.FLAGS, 0), payload.get(_Claim.DEPOSIT)
    if purpose not in _PURPOSES or not isinstance(flags, int) or flags & ~_ALL_FLAGS:
        raise Invalid("pass.malformed")
    return Pass(
        audience=audience,
        grant=GrantId.of(grant),
        purpose=Purpose(purpose),
        not_before=Instant(not_before * SECOND_MS),
        not_after=Instant(not_after * SECOND_MS),
        flags=PassFlag(flags),
        deposit=_read_deposit(deposit),
    )


def _read_deposit(value: Cbor | None) -> bytes | None:
    if value is None or (isinstance(value, bytes) and len(value) == DEPOSIT_BYTES):
        return value
    raise Invalid("pass.malformed")


def _has_life(claims: Pass) -> bool:
    return claims.not_before < claims.not_after <= claims.not_before + LIFE_MS_MAX
