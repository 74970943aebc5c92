from __future__ import annotations

import hashlib
from random import Random

import pytest

from bayward.cloud.people.sessions import (
    RESIDENT,
    STAFF,
    STEP_UP_MS,
    TOKEN_BYTES,
    SessionRules,
    action_hash,
    check_live,
    check_step_up,
    draw_token,
    ends_at,
    hash_of,
)
from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, Instant, after
from bayward.core.errors import Denied, Fact

NOON = Instant(1_800_000_000_000)
TEXT, HASH = draw_token(Random(1).randbytes)
OPEN = action_hash("compartment.open", "cmp_1", {"reason": "stuck"})


def test_a_token_is_256_bits_and_kept_as_a_hash() -> None:
    assert hashlib.sha256(Random(1).randbytes(TOKEN_BYTES)).digest() == HASH
    assert hash_of(TEXT) == HASH
    assert len(TEXT) == 43
    assert draw_token(Random(2).randbytes)[0] != TEXT


@pytest.mark.parametrize(
    "text",
    ["", "x", TEXT[:-1], TEXT + "=", TEXT + "A", TEXT[:-1] + chr(ord(TEXT[-1]) + 1), " " + TEXT,
     "+" * 43, "ä" * 43, "\x00" * 43, "A" * 100_000],
)  # fmt: skip
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Denied, match=r"session\.unknown"):
        hash_of(text)


def test_the_rules_are_those_of_the_design() -> None:
    assert SessionRules(15 * MINUTE_MS, 12 * HOUR_MS) == STAFF
    assert RESIDENT.idle_ms == 30 * DAY_MS


@pytest.mark.parametrize("rules", [STAFF, RESIDENT])
def test_a_session_ends_when_nobody_asks(rules: SessionRules) -> None:
    seen = after(NOON, MINUTE_MS)
    end = after(seen, rules.idle_ms)
    assert ends_at(rules, created_at=NOON, seen_at=seen) == end
    check_live(rules, created_at=NOON, seen_at=seen, now=after(end, -1))
    with pytest.raises(Denied, match=r"session\.idle"):
        check_live(rules, created_at=NOON, seen_at=seen, now=end)


@pytest.mark.parametrize("rules", [STAFF, RESIDENT])
def test_a_session_ends_however_busy_it_is(rules: SessionRules) -> None:
    end = after(NOON, rules.absolute_ms)
    seen = after(end, -1)
    assert ends_at(rules, created_at=NOON, seen_at=seen) == end
    check_live(rules, created_at=NOON, seen_at=seen, now=seen)
    with pytest.raises(Denied, match=r"session\.over"):
        check_live(rules, created_at=NOON, seen_at=seen, now=end)


def test_identity_52_a_step_up_counts_for_its_action_for_five_minutes() -> None:
    last = after(NOON, STEP_UP_MS - 1)
    for now in (NOON, last):
        check_step_up(OPEN, NOON, action=OPEN, now=now)
    for now in (after(NOON, STEP_UP_MS), after(NOON, -1)):
        with pytest.raises(Denied, match=r"step_up\.stale"):
            check_step_up(OPEN, NOON, action=OPEN, now=now)
    for shown_for, shown_at in ((None, NOON), (OPEN, None)):
        with pytest.raises(Denied, match=r"step_up\.missing"):
            check_step_up(shown_for, shown_at, action=OPEN, now=NOON)


@pytest.mark.parametrize(
    ("action", "resource", "parameters"),
    [
        ("lockdown.release", "cmp_1", {"reason": "stuck"}),
        ("compartment.open", "cmp_2", {"reason": "stuck"}),
        ("compartment.open", "cmp_1", {"reason": "stuck "}),
        ("compartment.open", "cmp_1", {"reason": "stuck", "force": True}),
        ("compartment.open", "cmp_1", {}),
    ],
)
def test_identity_52_a_step_up_for_one_action_is_void_for_another(
    action: str, resource: str, parameters: dict[str, Fact]
) -> None:
    asked = action_hash(action, resource, parameters)
    with pytest.raises(Denied, match=r"step_up\.other_action"):
        check_step_up(OPEN, NOON, action=asked, now=NOON)


def test_an_action_is_one_hash_whatever_the_order_and_no_two_run_together() -> None:
    assert action_hash("a", "r", {"x": 1, "y": "2"}) == action_hash("a", "r", {"y": "2", "x": 1})
    hashes = {
        action_hash("a", "r", {"x": 1}),
        action_hash("a", "r", {"x": "1"}),
        action_hash("a", "r", {"x": True}),
        action_hash("a", "r", {"x": None}),
        action_hash('a","resource":"r', "", {}),
        action_hash("ar", "", {"x": 1}),
        action_hash("", "ar", {"x": 1}),
    }
    assert len(hashes) == 7
