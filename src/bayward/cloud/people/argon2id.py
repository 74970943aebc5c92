"""Argon2id for passwords; apart from the rules, because the fips profile must never load it."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB, PASSES, LANES = 65_536, 3, 4  # RFC 9106 section 4, second recommended option: 100 ms


class Argon2id:
    """A scheme for `passwords.Passwords`."""

    prefix = "$argon2id$"

    def __init__(
        self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, lanes: int = LANES
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=lanes, hash_len=32, salt_len=16
        )

    def encode(self, password: bytes, salt: bytes) -> str:
        """The self-describing string to keep."""
        return self._hasher.hash(password, salt=salt)

    def matches(self, stored: str, password: bytes) -> bool:
        """Is this the password? The parameters are those in `stored`."""
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_current(self, stored: str) -> bool:
        """Was it made with this scheme's parameters?"""
        return not self._hasher.check_needs_rehash(stored)
