from __future__ import annotations

import argon2
import pytest

from bayward.cloud.people.argon2id import LANES, MEMORY_KIB, PASSES, Argon2id

QUICK = Argon2id(memory_kib=8, passes=1, lanes=1)
STORED = QUICK.encode(b"secret", bytes(16))


def test_the_default_is_the_second_option_of_rfc_9106() -> None:
    assert (MEMORY_KIB, PASSES, LANES) == (64 * 1024, 3, 4)


def test_the_string_is_the_usual_one() -> None:
    assert STORED.startswith("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$")
    assert argon2.PasswordHasher().verify(STORED, b"secret")


def test_a_password_matches_under_whatever_parameters_it_was_kept() -> None:
    stronger = Argon2id(memory_kib=16, passes=1, lanes=1)
    assert stronger.matches(STORED, b"secret")
    assert not stronger.matches(STORED, b"Secret")
    assert QUICK.is_current(STORED)
    assert not stronger.is_current(STORED)


@pytest.mark.parametrize("stored", ["", "$argon2id$", STORED[:-4], STORED.replace("m=8", "m=x")])
def test_a_damaged_string_matches_nothing(stored: str) -> None:
    assert not QUICK.matches(stored, b"secret")
