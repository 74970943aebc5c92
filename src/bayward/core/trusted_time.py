"""What time a bank believes it is.

A bank's clock can be wrong by accident (a dead battery, no network) and on purpose (a forged time
server, a screwdriver). Expiry, throttles and passes are judged by the *watermark*:

- It never moves back. A clock set back eight days changes nothing: expired stays expired.
- It advances with the monotonic counter, and follows the wall clock forward by small steps, at
  most `STEP_MS_MAX` in all until the cloud confirms the time again, power cycles included: many
  small steps are one large step.
- A larger step forward is only a *claim*. The watermark stays with the monotonic counter and the
  bank is on hold: a forged year 2040 expires nothing, and what was not yet valid does not become
  valid. A bank that was without power is in the same place, since nobody measured the gap. The
  cloud's signed time ends the hold at once; without it a claim that was upheld for `GRACE_MS`
  is believed, so that an honest bank without a network catches up.
- When the cloud says it is earlier than the watermark, the watermark waits for the cloud's time
  to reach it.

Call `observed` at least once a minute and before each decision, make `to_dict` durable with it,
and use `state.watermark` as `now` everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bayward.core.clock import HOUR_MS, MINUTE_MS, Instant, after
from bayward.core.errors import Invalid

STEP_MS_MAX = 10 * MINUTE_MS  # drift of a cheap clock over months; too little to expire anything
GRACE_MS = 24 * HOUR_MS  # somebody answers the alert, or an offline bank catches up


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """The believed time and what it rests on."""

    watermark: Instant
    monotonic_ms: int  # the counter's reading that belongs to `watermark`
    unconfirmed_ms: int = 0  # steps forward since the cloud last confirmed
    lead_ms: int = 0  # how far the watermark is ahead of the time the cloud confirmed
    claimed: Instant | None = None  # what the wall clock says while on hold
    held_ms: int = 0

    @property
    def is_on_hold(self) -> bool:
        """Does the wall clock claim a time nobody confirmed? Raise an alert."""
        return self.claimed is not None

    @property
    def unproven_ms(self) -> int:
        """How much of the watermark nobody has confirmed, however it came about.

        A lead is part of it: forgotten, each confirmation followed by a power cut would allow
        another `STEP_MS_MAX`.
        """
        return self.unconfirmed_ms + self.lead_ms

    def to_dict(self) -> dict[str, object]:
        """What must survive a power cut; the counter does not, and a hold starts again."""
        return {"watermark": self.watermark, "unconfirmed_ms": self.unproven_ms}


def started(
    wall: Instant, monotonic_ms: int, stored: Mapping[str, object] | None = None
) -> TrustedTime:
    """The time at start-up, from the last `to_dict` (None on the first start of a bank).

    Raises `Invalid("trusted_time.malformed")` when `stored` is something else.
    """
    if stored is None:
        return TrustedTime(watermark=wall, monotonic_ms=monotonic_ms)
    watermark, unconfirmed_ms = stored.get("watermark"), stored.get("unconfirmed_ms")
    if type(watermark) is not int or type(unconfirmed_ms) is not int or unconfirmed_ms < 0:
        raise Invalid("trusted_time.malformed")
    resumed = TrustedTime(Instant(watermark), monotonic_ms, unconfirmed_ms)
    return observed(resumed, wall, monotonic_ms)


def observed(state: TrustedTime, wall: Instant, monotonic_ms: int) -> TrustedTime:
    """The time after reading both clocks."""
    elapsed = max(0, monotonic_ms - state.monotonic_ms)
    state = _elapsed(state, elapsed, monotonic_ms)
    step_ms = wall - state.watermark
    if step_ms + state.unconfirmed_ms <= STEP_MS_MAX:
        return _stepped(state, max(0, step_ms) if state.lead_ms == 0 else 0)
    held_ms = state.held_ms + elapsed if _is_upheld(state, wall, elapsed) else 0
    if held_ms >= GRACE_MS:
        return replace(_stepped(state, step_ms), unconfirmed_ms=0, lead_ms=0)
    return replace(state, claimed=wall, held_ms=held_ms)


def confirmed(state: TrustedTime, cloud: Instant, monotonic_ms: int) -> TrustedTime:
    """The time after the cloud's signed time arrived."""
    state = _elapsed(state, max(0, monotonic_ms - state.monotonic_ms), monotonic_ms)
    return TrustedTime(
        watermark=max(state.watermark, cloud),
        monotonic_ms=monotonic_ms,
        lead_ms=max(0, state.watermark - cloud),
    )


def _is_upheld(state: TrustedTime, wall: Instant, elapsed: int) -> bool:
    """Does the wall clock still claim what it claimed? A new claim starts a new grace."""
    if state.claimed is None:
        return False
    return abs(wall - state.claimed - elapsed) <= STEP_MS_MAX


def _elapsed(state: TrustedTime, elapsed: int, monotonic_ms: int) -> TrustedTime:
    if monotonic_ms == state.monotonic_ms:
        return state
    waited = min(state.lead_ms, elapsed)
    return replace(
        state,
        watermark=after(state.watermark, elapsed - waited),
        monotonic_ms=monotonic_ms,
        lead_ms=state.lead_ms - waited,
    )


def _stepped(state: TrustedTime, step_ms: int) -> TrustedTime:
    if step_ms == 0 and state.claimed is None and state.held_ms == 0:
        return state
    return replace(
        state,
        watermark=after(state.watermark, step_ms),
        unconfirmed_ms=state.unconfirmed_ms + step_ms,
        claimed=None,
        held_ms=0,
    )
