"""The one-time word by which a new computer becomes a bank.

An administrator creates a bank and is shown a token once; we keep its SHA-256. The computer in
the wall presents it with its certificate request within a day. 160 random bits need no stretch,
and nobody guesses them; the limit on guesses belongs to the listener and keeps the log readable.

`redeem` is the rule. Burning the token must be one atomic update of the stored row
(`… WHERE used_at IS NULL`), which is what makes two presentations at once one success.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from bayward.core.clock import HOUR_MS, Instant, after
from bayward.core.errors import Denied, Invalid
from bayward.core.ids import BankId, base32, from_base32

TOKEN_BYTES = 20
LIFE_MS = 24 * HOUR_MS  # long enough for a visit by a technician, short enough to forget
TEXT_CHARS_MAX = 64  # 32 characters and whatever hyphens and spaces a person adds
_GROUP = 4


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """What is kept of a token; `digest` is SHA-256 of its 20 bytes."""

    bank: BankId
    digest: bytes
    not_after: Instant
    used_at: Instant | None = None


def issue(
    bank: BankId, now: Instant, random_bytes: Callable[[int], bytes]
) -> tuple[str, EnrolmentToken]:
    """The text to show once, in groups of four, and what to keep."""
    raw = random_bytes(TOKEN_BYTES)
    text = base32(raw)
    shown = "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
    return shown, EnrolmentToken(bank, hashlib.sha256(raw).digest(), after(now, LIFE_MS))


def digest_of(text: str) -> bytes:
    """The digest under which a presented token is looked up.

    Hyphens, spaces and capitals are forgiven, since people copy it. Raises
    `Denied("enrolment.unknown")` when it cannot be a token.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise Denied("enrolment.unknown")
    plain = text.replace("-", "").replace(" ", "").lower()
    try:
        return hashlib.sha256(from_base32(plain, TOKEN_BYTES)).digest()
    except Invalid:
        raise Denied("enrolment.unknown") from None


def redeem(token: EnrolmentToken, text: str, bank: BankId, now: Instant) -> EnrolmentToken:
    """The burned token; raises `Denied` with `enrolment.unknown`, `.used` or `.expired`.

    A wrong text and another bank are the same refusal; only the holder of the right text learns
    that it was used or is too old.
    """
    is_right = hmac.compare_digest(digest_of(text), token.digest)
    if not is_right or bank != token.bank:
        raise Denied("enrolment.unknown")
    if token.used_at is not None:
        raise Denied("enrolment.used")
    if now >= token.not_after:
        raise Denied("enrolment.expired")
    return replace(token, used_at=now)
