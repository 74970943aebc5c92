"""One-time codes of an authenticator app (RFC 6238: HMAC-SHA-1, six digits, thirty seconds).

Three rules around the arithmetic. A code counts once: its step must be later than the last one
that was taken. One step of clock error each way is forgiven. And after ten failures in a row the
factor rests, an hour at first and twice as long each further time, up to a week: about 600 tries
a year at three codes in a million each. Other factors are not touched.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from bayward.core.clock import DAY_MS, HOUR_MS, SECOND_MS, Instant, after

SECRET_BYTES = 20  # RFC 4226 section 4, R6: the length of the hash
DIGITS = 6
STEP_MS = 30 * SECOND_MS
SKEW_STEPS = 1
FAILURES_MAX = 10
PAUSE_MS, PAUSE_MS_MAX = HOUR_MS, 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Totp:
    """Somebody's authenticator app."""

    secret: bytes = field(repr=False)
    last_step: int = -1
    failures: int = 0  # in a row
    paused_until: Instant | None = None


def draw_secret(random_bytes: Callable[[int], bytes]) -> bytes:
    """A new secret."""
    return random_bytes(SECRET_BYTES)


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The code for a counter (RFC 4226 section 5.3)."""
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), digest)
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_at(now: Instant) -> int:
    """The counter at a time (RFC 6238 section 4.2)."""
    return now // STEP_MS


def is_paused(state: Totp, now: Instant) -> bool:
    """Does this factor rest after failures? Say so, and offer another one."""
    return state.paused_until is not None and now < state.paused_until


def verify(state: Totp, code: str, now: Instant) -> tuple[Totp, bool]:
    """Whether the code counts, and the state to keep before anybody is told.

    While the factor is paused every code is refused and nothing changes.
    """
    if is_paused(state, now):
        return state, False
    step = _step_of(state, code, now)
    if step is not None:
        return replace(state, last_step=step, failures=0, paused_until=None), True
    failures = state.failures + 1
    rounds, rest = divmod(failures, FAILURES_MAX)
    pause_ms = min(PAUSE_MS << min(rounds - 1, 16), PAUSE_MS_MAX) if rest == 0 else None
    paused_until = None if pause_ms is None else after(now, pause_ms)
    return replace(state, failures=failures, paused_until=paused_until), False


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR code at set-up holds."""
    label = quote(f"{issuer}:{account}", safe="")
    query = {"secret": base64.b32encode(secret).decode(), "issuer": issuer}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"


def _step_of(state: Totp, code: str, now: Instant) -> int | None:
    """The unused step near `now` that the code belongs to; looks at all of them."""
    if not (code.isascii() and code.isdigit() and len(code) == DIGITS):
        return None
    found = None
    for step in range(step_at(now) - SKEW_STEPS, step_at(now) + SKEW_STEPS + 1):
        is_match = hmac.compare_digest(hotp(state.secret, max(step, 0)), code)
        if is_match and step > state.last_step and found is None:
            found = step
    return found
