"""Codes people type: how long they must be, how they are drawn, under what name they are kept.

A blind guess hits one of N live codes of L digits with chance N / 10**L. The throttle allows G
guesses a week (`throttle.weekly_guesses`), so a week-long attack succeeds with

    P = 1 - (1 - N / 10**L) ** G  <=  N * G / 10**L

and the length follows from the risk one accepts: L = ceil(log10(N * G / risk)). A bank whose
settings break this does not start. Codes are uniform, and no "ugly" ones are left out: each rule
that an attacker knows makes his guesses better.

A code is kept only as a tag: HMAC-SHA-256 under the bank's key over the stretched code. The
stretch (`edge.codes`) is what standards ask of a short secret; the key, which lies apart from the
database, is what protects it, since nothing makes 26 bits strong.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from fractions import Fraction

from bayward.core.errors import Misconfigured, Unavailable

LENGTH_MIN = 6  # NIST SP 800-63B-4: six digits at least
LENGTH_MAX = 12  # what a person reads off a phone and types without losing the place
KEY_BYTES = 32
_LABEL = b"code/v1"
_DRAWS_MAX = 1_000  # with at most half the space taken: a failure once in 10**301


def required_length(outstanding: int, weekly_guesses: int, risk: float) -> int:
    """The fewest digits that keep a week's blind guessing below `risk`.

    `outstanding`: live codes of the bank at its fullest; `weekly_guesses`: what the throttles of
    all its keypads allow together; `risk`: accepted chance, in (0, 1), that a week-long attack
    opens one door.
    """
    if outstanding < 1 or weekly_guesses < 1 or not 0 < risk < 1:
        raise Misconfigured("code.settings")
    needed = outstanding * weekly_guesses / Fraction(str(risk))
    length = LENGTH_MIN
    while 10**length < needed:
        length += 1
    return length


def success_chance(length: int, outstanding: int, weekly_guesses: int) -> float:
    """The chance that a week of blind guesses opens a door."""
    miss = math.log1p(-min(outstanding / 10**length, 1 - 1e-12))
    return -math.expm1(weekly_guesses * miss)


def check_length(length: int, *, outstanding: int, weekly_guesses: int, risk: float) -> None:
    """Raise `Misconfigured("code.too_short")`, with the chance it would give, or `"code.length"`.

    A length beyond `LENGTH_MAX` is refused too: take fewer compartments per bank, or a pass.
    """
    required = required_length(outstanding, weekly_guesses, risk)
    if length < required:
        raise Misconfigured(
            "code.too_short",
            length=length,
            required=required,
            outstanding=outstanding,
            weekly_guesses=weekly_guesses,
            chance=f"{success_chance(length, outstanding, weekly_guesses):.1e}",
            risk=f"{risk:.1e}",
        )
    if length > LENGTH_MAX:
        raise Misconfigured("code.length", length=length, limit=LENGTH_MAX)


def typed_code(text: str) -> str | None:
    """What somebody typed, if it can be a code at all; None is a refusal like any other.

    Only ASCII digits count. Any length a code can have is taken, so that live codes survive a
    change of the setting.
    """
    is_code = LENGTH_MIN <= len(text) <= LENGTH_MAX and text.isascii() and text.isdigit()
    return text if is_code else None


def draw_code(length: int, randbelow: Callable[[int], int]) -> str:
    """A uniform code; `randbelow(n)` gives a secret uniform number in [0, n)."""
    return f"{randbelow(10**length):0{length}d}"


def draw_free_code(
    length: int, randbelow: Callable[[int], int], is_taken: Callable[[str], bool]
) -> str:
    """A uniform code among those that are neither live nor tombstoned.

    Raises `Unavailable("code.space_full")` when none was found.
    """
    for _ in range(_DRAWS_MAX):
        code = draw_code(length, randbelow)
        if not is_taken(code):
            return code
    raise Unavailable("code.space_full", length=length)


def keyed_tag(bank_key: bytes, stretched: bytes) -> str:
    """The tag (hex) under which a code is kept; `stretched` is the code after its KDF."""
    if len(bank_key) != KEY_BYTES:
        raise Misconfigured("key.length", expected=KEY_BYTES)
    return hmac.digest(bank_key, _LABEL + stretched, "sha256").hex()
