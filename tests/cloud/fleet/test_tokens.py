from __future__ import annotations

import hashlib
from random import Random

import pytest

from bayward.cloud.fleet.tokens import LIFE_MS, TOKEN_BYTES, digest_of, issue, redeem
from bayward.core.clock import Instant, after
from bayward.core.errors import Denied
from bayward.core.ids import BankId

NOON = Instant(1_800_000_000_000)
BANK, OTHER_BANK = BankId.of(bytes(16)), BankId.of(b"\x01" * 16)
TEXT, TOKEN = issue(BANK, NOON, Random(1).randbytes)


def test_a_token_is_shown_in_groups_and_kept_as_a_digest() -> None:
    assert [len(group) for group in TEXT.split("-")] == [4] * 8
    assert digest_of(TEXT) == TOKEN.digest
    assert TOKEN.digest == hashlib.sha256(Random(1).randbytes(TOKEN_BYTES)).digest()
    assert TEXT.replace("-", "") not in repr(TOKEN)


def test_a_token_lets_one_bank_in() -> None:
    burned = redeem(TOKEN, TEXT, BANK, after(NOON, LIFE_MS - 1))
    assert burned.used_at == after(NOON, LIFE_MS - 1)


@pytest.mark.parametrize("text", [TEXT.upper(), TEXT.replace("-", ""), f" {TEXT} "])
def test_a_token_may_be_copied_by_hand(text: str) -> None:
    assert redeem(TOKEN, text, BANK, NOON).used_at == NOON


def test_identity_94_a_token_works_once() -> None:
    burned = redeem(TOKEN, TEXT, BANK, NOON)
    with pytest.raises(Denied, match=r"enrolment\.used"):
        redeem(burned, TEXT, BANK, NOON)


def test_identity_94_a_token_expires_on_the_millisecond() -> None:
    redeem(TOKEN, TEXT, BANK, after(NOON, LIFE_MS - 1))
    with pytest.raises(Denied, match=r"enrolment\.expired"):
        redeem(TOKEN, TEXT, BANK, after(NOON, LIFE_MS))


def test_identity_94_a_token_is_for_one_bank_and_says_nothing_else() -> None:
    with pytest.raises(Denied, match=r"enrolment\.unknown"):
        redeem(TOKEN, TEXT, OTHER_BANK, NOON)
    burned = redeem(TOKEN, TEXT, BANK, NOON)
    with pytest.raises(Denied, match=r"enrolment\.unknown"):
        redeem(burned, TEXT, OTHER_BANK, NOON)


def test_identity_94_ten_thousand_guesses_get_nobody_in() -> None:
    random = Random(94)
    for _ in range(10_000):
        guess, _ = issue(BANK, NOON, random.randbytes)
        with pytest.raises(Denied, match=r"enrolment\.unknown"):
            redeem(TOKEN, guess, BANK, NOON)


@pytest.mark.parametrize(
    "text",
    ["", "x", TEXT[:-1], TEXT + "0", "i" * 32, "ö" * 32, "\x00" * 32, "0" * 10_000, "é" + TEXT],
)
def test_what_is_no_token_is_refused_like_a_wrong_one(text: str) -> None:
    with pytest.raises(Denied, match=r"enrolment\.unknown"):
        redeem(TOKEN, text, BANK, NOON)
