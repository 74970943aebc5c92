"""Sessions: what a cookie is, how long it lives, and when a fresh factor counts.

A cookie holds 256 random bits that mean nothing; we keep their SHA-256, so a copy of the database
signs nobody in. Life is judged on the server, every time.

A step-up is a second factor shown a moment ago *for one action*: the challenge that was signed is
the hash of the action with its parameters. A stolen session cannot spend it on something else,
and the rightful one only once (whoever spends it clears it, in the same transaction).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, Instant, after
from bayward.core.errors import Denied, Fact

TOKEN_BYTES = 32
_TOKEN_CHARS = 43  # of base64url, unpadded
STEP_UP_MS = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class SessionRules:
    """`idle_ms`: without a request; `absolute_ms`: whatever happens."""

    idle_ms: int
    absolute_ms: int


STAFF = SessionRules(idle_ms=15 * MINUTE_MS, absolute_ms=12 * HOUR_MS)
RESIDENT = SessionRules(
    idle_ms=30 * DAY_MS,
    absolute_ms=365 * DAY_MS,  # a phone that was sold stops being a key some day
)


def draw_token(random_bytes: Callable[[int], bytes]) -> tuple[str, bytes]:
    """The text for the cookie and the hash to keep."""
    raw = random_bytes(TOKEN_BYTES)
    return base64.urlsafe_b64encode(raw).decode().rstrip("="), hashlib.sha256(raw).digest()


def hash_of(text: str) -> bytes:
    """The hash under which a cookie's session is found; raises `Denied("session.unknown")`."""
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Denied("session.unknown") from None
    if len(text) != _TOKEN_CHARS or base64.urlsafe_b64encode(raw).decode() != text + "=":
        raise Denied("session.unknown")
    return hashlib.sha256(raw).digest()


def ends_at(rules: SessionRules, *, created_at: Instant, seen_at: Instant) -> Instant:
    """When the session is over if nothing more is asked."""
    return min(after(seen_at, rules.idle_ms), after(created_at, rules.absolute_ms))


def check_live(rules: SessionRules, *, created_at: Instant, seen_at: Instant, now: Instant) -> None:
    """Raise `Denied` with `session.idle` or `session.over` unless the session still lives."""
    if now >= after(created_at, rules.absolute_ms):
        raise Denied("session.over")
    if now >= after(seen_at, rules.idle_ms):
        raise Denied("session.idle")


def action_hash(action: str, resource: str, parameters: Mapping[str, Fact]) -> bytes:
    """SHA-256 over an action as it will be done: the challenge of its step-up."""
    told = {"action": action, "resource": resource, "parameters": dict(parameters)}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"bayward/step-up/1\x00" + text.encode()).digest()


def check_step_up(
    shown_for: bytes | None, shown_at: Instant | None, *, action: bytes, now: Instant
) -> None:
    """Raise `Denied` unless a second factor was shown for this action within five minutes.

    `shown_for`, `shown_at`: what the session holds; `action`: `action_hash` of what is asked now.
    Codes: `step_up.missing`, `step_up.other_action`, `step_up.stale`.
    """
    if shown_for is None or shown_at is None:
        raise Denied("step_up.missing")
    if not hmac.compare_digest(shown_for, action):
        raise Denied("step_up.other_action")
    if not shown_at <= now < after(shown_at, STEP_UP_MS):
        raise Denied("step_up.stale")
