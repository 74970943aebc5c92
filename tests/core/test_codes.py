from __future__ import annotations

import hashlib
import hmac
import math
from collections import deque
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.codes import (
    KEY_BYTES,
    LENGTH_MAX,
    LENGTH_MIN,
    check_length,
    draw_code,
    draw_free_code,
    keyed_tag,
    required_length,
    success_chance,
    typed_code,
)
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.throttle import KIOSK, weekly_guesses

G = weekly_guesses(KIOSK)


@pytest.mark.parametrize(
    ("outstanding", "risk", "length"),
    [(100, 1e-3, 8), (400, 1e-3, 9), (100, 1e-4, 9), (2000, 1e-4, 10), (1, 0.9, LENGTH_MIN)],
)
def test_the_length_follows_from_codes_guesses_and_risk(
    outstanding: int, risk: float, length: int
) -> None:
    assert required_length(outstanding, G, risk) == length
    check_length(length, outstanding=outstanding, weekly_guesses=G, risk=risk)


def test_the_bound_is_exact_at_a_power_of_ten() -> None:
    assert required_length(100, 1000, 1e-3) == 8
    assert required_length(100, 1001, 1e-3) == 9


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.floats(1e-9, 0.5, allow_nan=False, allow_infinity=False),
)
def test_the_chance_stays_below_the_risk_and_one_digit_less_would_not_do(
    outstanding: int, guesses: int, risk: float
) -> None:
    length = required_length(outstanding, guesses, risk)
    assert success_chance(length, outstanding, guesses) <= risk * (1 + 1e-9)
    if length > LENGTH_MIN:
        assert outstanding * guesses / 10 ** (length - 1) > risk * (1 - 1e-9)


def test_the_chance_is_that_of_the_table() -> None:
    """A week at one kiosk against 100 codes: 3.4 % with 6 digits, 3.5e-4 with 8."""
    assert success_chance(6, 100, G) == pytest.approx(0.034, abs=0.001)
    assert success_chance(8, 100, G) == pytest.approx(3.46e-4, rel=0.01)
    assert success_chance(8, 100, G) == pytest.approx(1 - (1 - 1e-6) ** G, rel=1e-9)
    assert success_chance(6, 10**6, 1) == pytest.approx(1)


def test_identity_11_six_digits_for_400_codes_do_not_start() -> None:
    with pytest.raises(Misconfigured) as refused:
        check_length(6, outstanding=400, weekly_guesses=G, risk=1e-3)
    assert refused.value.code == "code.too_short"
    assert refused.value.facts["chance"] == "1.3e-01"
    assert refused.value.facts["required"] == 9


def test_a_bank_that_needs_more_digits_than_people_type_does_not_start() -> None:
    with pytest.raises(Misconfigured, match=r"code\.length"):
        check_length(LENGTH_MAX + 1, outstanding=1, weekly_guesses=1, risk=0.1)


@pytest.mark.parametrize(
    ("outstanding", "guesses", "risk"),
    [(0, 1, 0.1), (1, 0, 0.1), (1, 1, 0), (1, 1, 1), (1, 1, -1), (1, 1, math.nan)],
)
def test_settings_without_sense_are_refused(outstanding: int, guesses: int, risk: float) -> None:
    with pytest.raises(Misconfigured, match=r"code\.settings"):
        required_length(outstanding, guesses, risk)


@pytest.mark.parametrize("text", ["123456", "00000000", "123456789012"])
def test_digits_are_a_code(text: str) -> None:
    assert typed_code(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "1234567890123",
        "1234 5678",
        " 12345678",
        "12345678\n",
        "1234567\x00",
        "１２３４５６７８",  # noqa: RUF001 - full-width digits are the point
        "٠١٢٣٤٥٦٧",
        "१२३४५६७८",
        "²³²³²³²³",
        "+1234567",
        "-1234567",
        "1_234_567",
        "0x123456",
        "1234567.",
        "12e45678",
        "\ud800" * 8,
        "9" * 10_240,
        "\x00" * 10_240,
        "'; DROP TABLE grant; --",
    ],
)
def test_identity_18_what_is_no_code_is_a_plain_refusal(text: str) -> None:
    assert typed_code(text) is None


@given(st.text())
def test_identity_18_no_text_raises(text: str) -> None:
    assert typed_code(text) in {None, text}


@pytest.mark.parametrize(
    "text",
    ["1Z5R89390357567127", "9400111206206406260787", "RB123456785GB", "TBA000000000000"],
)
def test_identity_83_a_tracking_number_is_no_code(text: str) -> None:
    assert typed_code(text) is None


def test_codes_are_drawn_from_the_whole_space_and_keep_their_zeros() -> None:
    asked: list[int] = []

    def nothing(below: int) -> int:
        asked.append(below)
        return 7

    assert draw_code(8, nothing) == "00000007"
    assert asked == [10**8]


def test_drawn_codes_are_uniform() -> None:
    """Chi-square over the ten first digits, 99.9 %."""
    random, counts = Random(3), [0] * 10
    for _ in range(20_000):
        counts[int(draw_code(6, random.randrange)[0])] += 1
    assert sum((count - 2000) ** 2 / 2000 for count in counts) < 27.9


@pytest.mark.parametrize("issues", [50_000, pytest.param(1_000_000, marks=pytest.mark.world)])
def test_identity_06_a_buried_code_is_never_issued_again(issues: int) -> None:
    """Many issues into a space of 10,000 of which a fifth is always live or buried."""
    number = Random(6).random
    taken: set[str] = set()
    graveyard: deque[str] = deque()
    for _ in range(issues):
        code = draw_free_code(4, lambda below: int(number() * below), taken.__contains__)
        assert code not in taken
        taken.add(code)
        graveyard.append(code)
        if len(graveyard) > 2_000:
            taken.remove(graveyard.popleft())  # ninety days are over


def test_a_full_space_is_an_error_not_a_loop() -> None:
    with pytest.raises(Unavailable, match=r"code\.space_full"):
        draw_free_code(6, Random(1).randrange, lambda _: True)


def test_the_tag_is_the_documented_one() -> None:
    key, stretched = bytes(range(32)), b"\x55" * 32
    by_hand = hmac.new(key, b"code/v1" + stretched, hashlib.sha256).hexdigest()
    assert keyed_tag(key, stretched) == by_hand


@pytest.mark.parametrize("length", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Misconfigured, match=r"key\.length"):
        keyed_tag(bytes(length), b"")
