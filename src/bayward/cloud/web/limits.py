"""Every limit of the faces, with its reason, and the buckets that keep the rates.

A bucket holds `burst` tries and gets one back every `refill_ms`. Buckets live in memory: a
restart forgives, and nobody can restart the program from outside.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from bayward.core.clock import MINUTE_MS, SECOND_MS, Clock
from bayward.core.errors import LimitExceeded

BODY_BYTES_MAX = 64 * 1024  # the largest form is the list of webhook events; receipts are pasted
RECEIPT_BYTES_MAX = 1024 * 1024  # `ledger.receipt.RECEIPT_CHARS_MAX`
STREAMS_MAX = 2_000  # open event streams: each is a task and a socket
STREAMS_OF_ONE_MAX = 20  # of one address: a browser opens one per page
STREAM_MS_MAX = 60 * MINUTE_MS  # then the browser asks again, and is looked at anew
HEARTBEAT_MS = 15 * SECOND_MS  # below the idle limits of proxies; who may look is checked again
BUCKETS_MAX = 10_000  # addresses and accounts remembered; the oldest is forgotten first
FIELDS_MAX = 100  # of one form


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `refill_ms`."""

    burst: int
    refill_ms: int


SIGN_IN = Rate(10, MINUTE_MS)  # of one account: 1,450 guesses a day at a password of 15 characters
SIGN_IN_FROM = Rate(30, 10 * SECOND_MS)  # from one address, whichever account: an office's morning
CODE = Rate(10, MINUTE_MS)  # of one half-way session; the factor itself rests after ten
LINK_FOR = Rate(3, 5 * MINUTE_MS)  # mails to one address: nobody fills another's inbox
LINK_FROM = Rate(10, MINUTE_MS)
ENROL_FROM = Rate(20, 10 * SECOND_MS)  # technicians of one building; a token has 160 bits
OPEN_FOR = Rate(10, 20 * SECOND_MS)  # taps on one parcel: the number on the kiosk has few digits
DENIED_FOR = Rate(30, 10 * SECOND_MS)  # refusals of one person: each is an entry in the log
WITNESS_FROM = Rate(60, SECOND_MS)  # of one address: a log in a hurry; each costs an fsync
RECEIPT_FROM = Rate(
    60, 2 * SECOND_MS
)  # a courier's round, looked at in one go; words have 160 bits
VERIFY_FROM = Rate(20, 3 * SECOND_MS)  # a receipt costs some signatures


class Limiter:
    """Keeps buckets by key; `spend` one try at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def spend(self, rate: Rate, *key: str) -> None:
        """Take one try; raises `LimitExceeded("rate")` with `retry_after_s` when none is left."""
        now = self._clock.monotonic_ms()
        tries, since = self._buckets.pop(key, (float(rate.burst), now))
        tries = min(rate.burst, tries + (now - since) / rate.refill_ms)
        is_left = tries >= 1
        self._buckets[key] = (tries - 1 if is_left else tries, now)
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        if not is_left:
            wait_ms = (1 - tries) * rate.refill_ms
            raise LimitExceeded("rate", retry_after_s=max(1, -(-int(wait_ms) // SECOND_MS)))
