"""How often a keypad may be wrong.

A code is short because people type it, so what protects it is not its length alone but the number
of guesses anybody gets in a week (`codes.required_length`). The throttle is a token bucket:
`burst` guesses at once, one more each `refill_ms`. Every wrong code costs one; a right one gives
back at most one, never a full bucket, or one valid code would buy a fresh budget.

On top lie two brakes that make an attack slow enough to be seen. The delay ladder grows with the
guesses that are spent and not yet refilled: 0, 0, 0, 2, 4, 8 … seconds. And `off_after` failures
within an hour switch the keypad off for a while, which is the moment to tell an administrator.
Nothing here locks for ever: every `Wait` ends, and passes, badges and phones are not throttled.

Time moves through a watermark that never goes back. Hand in `trusted_time` (not the wall clock):
then neither pulling the plug nor moving the clock refills anything. A caller makes the new state
durable *before* it shows the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant, after
from bayward.core.errors import Invalid, Misconfigured

DELAY_MAX_MS = 300 * SECOND_MS  # longer waits only punish the next honest person
FAILURE_WINDOW_MS = HOUR_MS
OFF_MS = 30 * MINUTE_MS
_LADDER_TOP = 32  # 2**32 s is far above any cap; keeps the shift small
_NEVER = Instant(0)


@dataclass(frozen=True, slots=True)
class ThrottleSettings:
    """Budget of one keypad (or of one bank: three kiosks' worth)."""

    burst: int = 10
    refill_ms: int = 30 * MINUTE_MS
    off_after: int = 10  # failures within an hour
    free_failures: int = 2  # typing errors that cost no waiting

    def __post_init__(self) -> None:
        if min(self.burst, self.refill_ms, self.off_after) < 1 or self.free_failures < 0:
            raise Misconfigured("throttle.settings")

    @property
    def capacity_ms(self) -> int:
        """A full bucket, as time: a guess is worth the time in which it grows back."""
        return self.burst * self.refill_ms


KIOSK = ThrottleSettings()
BANK = ThrottleSettings(burst=30, refill_ms=10 * MINUTE_MS, off_after=30, free_failures=8)


class WaitWhy(StrEnum):
    """What holds the keypad."""

    DELAY = "delay"  # the ladder; show a countdown
    EMPTY = "empty"  # the budget is spent; one guess grows back each refill
    OFF = "off"  # too many failures within the hour; an administrator has been told


@dataclass(frozen=True, slots=True)
class Allowed:
    """A code may be tried now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """No code may be tried for `ms` milliseconds (always more than 0)."""

    ms: int
    why: WaitWhy


@dataclass(frozen=True, slots=True)
class Throttle:
    """What one keypad has spent, as of `watermark`."""

    watermark: Instant
    spent_ms: int = 0  # spent guesses, as the time until they have grown back
    next_at: Instant = _NEVER  # end of the ladder's delay
    off_until: Instant = _NEVER
    failures: tuple[Instant, ...] = ()  # within the last hour, oldest first
    settings: ThrottleSettings = KIOSK

    def to_dict(self) -> dict[str, object]:
        """The state as JSON-ready values; the settings are configuration and stay out."""
        return {
            "watermark": self.watermark,
            "spent_ms": self.spent_ms,
            "next_at": self.next_at,
            "off_until": self.off_until,
            "failures": list(self.failures),
        }


def from_dict(stored: Mapping[str, object], settings: ThrottleSettings = KIOSK) -> Throttle:
    """Read `to_dict` back; raises `Invalid("throttle.malformed")` on anything else.

    Waits are cut to what `settings` can impose, so that no stored state locks for ever.
    """
    failures = stored.get("failures")
    if not isinstance(failures, list):
        raise Invalid("throttle.malformed", field="failures")
    watermark = _instant(stored.get("watermark"), "watermark")
    return Throttle(
        watermark=watermark,
        spent_ms=min(_instant(stored.get("spent_ms"), "spent_ms"), settings.capacity_ms),
        next_at=min(_instant(stored.get("next_at"), "next_at"), after(watermark, DELAY_MAX_MS)),
        off_until=min(_instant(stored.get("off_until"), "off_until"), after(watermark, OFF_MS)),
        failures=tuple(_instant(at, "failures") for at in failures)[-settings.off_after :],
        settings=settings,
    )


def fresh(now: Instant, settings: ThrottleSettings = KIOSK) -> Throttle:
    """A keypad that was never wrong."""
    return Throttle(watermark=now, settings=settings)


def weekly_guesses(settings: ThrottleSettings) -> int:
    """The most failures anybody gets in seven days, starting with a full bucket."""
    return settings.burst + 7 * DAY_MS // settings.refill_ms


def attempt(state: Throttle, now: Instant) -> Allowed | Wait:
    """May a code be tried now? Reads only; the try is charged by `failed`."""
    state = _advanced(state, now)
    now = state.watermark
    if now < state.off_until:
        return Wait(state.off_until - now, WaitWhy.OFF)
    grown = state.spent_ms + state.settings.refill_ms - state.settings.capacity_ms
    if grown > 0:
        return Wait(max(grown, state.next_at - now), WaitWhy.EMPTY)
    if now < state.next_at:
        return Wait(state.next_at - now, WaitWhy.DELAY)
    return Allowed()


def failed(state: Throttle, now: Instant) -> Throttle:
    """Charge one wrong code."""
    state = _advanced(state, now)
    now, settings = state.watermark, state.settings
    spent_ms = min(state.spent_ms + settings.refill_ms, settings.capacity_ms)
    failures = (*state.failures, now)[-settings.off_after :]
    off_until = state.off_until
    if len(failures) == settings.off_after:
        off_until, failures = after(now, OFF_MS), ()
    return replace(
        state,
        spent_ms=spent_ms,
        next_at=after(now, _delay_ms(spent_ms, settings)),
        off_until=off_until,
        failures=failures,
    )


def succeeded(state: Throttle, now: Instant) -> Throttle:
    """Give back at most one guess; delay, failures and an off keypad stay as they are."""
    state = _advanced(state, now)
    return replace(state, spent_ms=max(0, state.spent_ms - state.settings.refill_ms))


def is_off(state: Throttle, now: Instant) -> bool:
    """Is the keypad switched off for failures (the screen says so, staff were alerted)?"""
    return max(now, state.watermark) < state.off_until


def _advanced(state: Throttle, now: Instant) -> Throttle:
    """The state at `now`, or unchanged when the clock stands still or runs back."""
    elapsed = max(0, now - state.watermark)
    watermark = after(state.watermark, elapsed)
    return replace(
        state,
        watermark=watermark,
        spent_ms=max(0, state.spent_ms - elapsed),
        failures=tuple(at for at in state.failures if at > watermark - FAILURE_WINDOW_MS),
    )


def _delay_ms(spent_ms: int, settings: ThrottleSettings) -> int:
    spent = -(-spent_ms // settings.refill_ms)
    if spent <= settings.free_failures:
        return 0
    return min(SECOND_MS << min(spent - settings.free_failures, _LADDER_TOP), DELAY_MAX_MS)


def _instant(value: object, field: str) -> Instant:
    if type(value) is not int or value < 0:
        raise Invalid("throttle.malformed", field=field)
    return Instant(value)
