from __future__ import annotations

from random import Random
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from bayward.cloud.people.totp import (
    FAILURES_MAX,
    PAUSE_MS,
    PAUSE_MS_MAX,
    SECRET_BYTES,
    STEP_MS,
    Totp,
    draw_secret,
    hotp,
    is_paused,
    otpauth_uri,
    step_at,
    verify,
)
from bayward.core.clock import DAY_MS, Instant, after

SECRET = b"12345678901234567890"
NOW = Instant(1_800_000_000_000)
FRESH = Totp(SECRET)

RFC_4226 = ["755224", "287082", "359152", "969429", "338314",
            "254676", "287922", "162583", "399871", "520489"]  # fmt: skip
"""Appendix D."""

RFC_6238 = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
"""Appendix B: time in seconds, then SHA-1, SHA-256, SHA-512."""


def code(now: Instant, steps: int = 0) -> str:
    return hotp(SECRET, step_at(now) + steps)


@pytest.mark.parametrize(("counter", "expected"), list(enumerate(RFC_4226)))
def test_rfc_4226_vectors(counter: int, expected: str) -> None:
    assert hotp(SECRET, counter) == expected


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), RFC_6238)
def test_rfc_6238_vectors(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = step_at(Instant(seconds * 1000))
    secrets = [(SECRET * 4)[:length] for length in (20, 32, 64)]
    for secret, digest, expected in zip(
        secrets, ("sha1", "sha256", "sha512"), (sha1, sha256, sha512), strict=True
    ):
        assert hotp(secret, step, digits=8, digest=digest) == expected


def test_rfc_6238_through_the_door() -> None:
    for seconds, sha1, _, _ in RFC_6238:
        assert verify(FRESH, sha1[-6:], Instant(seconds * 1000))[1]


@pytest.mark.parametrize(
    ("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_identity_47_one_step_each_way_is_forgiven(steps: int, counts: bool) -> None:
    assert verify(FRESH, code(NOW, steps), NOW)[1] is counts


def test_identity_47_a_code_counts_once_and_older_ones_not_after_it() -> None:
    state, is_right = verify(FRESH, code(NOW), NOW)
    assert is_right
    assert state.last_step == step_at(NOW)
    assert not verify(state, code(NOW), NOW)[1]
    assert not verify(state, code(NOW, -1), NOW)[1]
    state, is_right = verify(state, code(NOW, 1), NOW)
    assert is_right
    later = after(NOW, STEP_MS)
    assert not verify(state, code(later), later)[1], "taken early, so not again"


def test_identity_47_ten_failures_pause_the_factor_even_for_the_right_code() -> None:
    state = FRESH
    for number in range(FAILURES_MAX):
        assert not is_paused(state, NOW)
        state, is_right = verify(state, "000000", NOW)
        assert not is_right
        assert state.failures == number + 1
    assert is_paused(state, NOW)
    assert verify(state, code(NOW), NOW) == (state, False)
    end = after(NOW, PAUSE_MS)
    assert not is_paused(state, end)
    state, is_right = verify(state, code(end), end)
    assert is_right
    assert (state.failures, state.paused_until) == (0, None)


def test_identity_47_a_year_of_brute_force_gets_few_tries() -> None:
    state, now, tries = FRESH, NOW, 0
    while now < after(NOW, 365 * DAY_MS):
        if is_paused(state, now):
            assert state.paused_until is not None
            assert state.paused_until <= after(now, PAUSE_MS_MAX)
            now = state.paused_until
        state, tries = verify(state, "not it", now)[0], tries + 1
    assert 500 < tries < 620
    assert 3 * tries / 10**6 < 0.002


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "٠١٢٣٤٥", "12 345", "12345\x00", "-12345", "9" * 10_000]
)
def test_what_is_no_code_is_a_failure(typed: str) -> None:
    state, is_right = verify(FRESH, typed, NOW)
    assert not is_right
    assert state.failures == 1


def test_the_first_minute_of_the_epoch_is_no_error() -> None:
    assert verify(FRESH, RFC_4226[0], Instant(0))[1]


def test_a_secret_is_drawn_and_not_shown() -> None:
    secret = draw_secret(Random(1).randbytes)
    assert len(secret) == SECRET_BYTES
    assert secret.hex() not in repr(Totp(secret))
    assert repr(secret) not in repr(Totp(secret))


def test_the_uri_is_what_apps_read() -> None:
    uri = urlsplit(otpauth_uri(SECRET, issuer="Bay & Ward", account="ann@x.example"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Bay & Ward:ann@x.example"
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Bay & Ward"],
    }
