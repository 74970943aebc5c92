"""The bank's code book: from typed digits to the tag the journal knows.

    tag = HMAC-SHA-256(bank key, "code/v1" ‖ KDF(code, epoch's salt))

One salt per bank and epoch, not per code: so one attempt costs one KDF and one look-up, instead
of one KDF per live code. What that gives away is made up for by the key, which the database does
not hold. An epoch ends when the stretch is changed (`edge.code_book`); older ones are still tried
while codes or tombstones of theirs are around.

Pickup codes and couriers' codes share the one space of tags, so a code typed under the wrong
heading is found for what it is, and refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bayward.core.codes import draw_free_code, keyed_tag, typed_code
from bayward.core.errors import Invalid, Misconfigured

SALT_BYTES = 16
EPOCHS_MAX = 4  # 30-day epochs over 90 days of tombstones; each costs one KDF per attempt
_STRETCHED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Argon2id:
    """OWASP's smallest set of parameters: about 16 ms here, a quarter second on a small board."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1

    @property
    def label(self) -> str:
        """How the parameters are recorded."""
        return f"argon2id,m={self.memory_kib},t={self.passes},p={self.lanes}"

    def stretch(self, code: str, salt: bytes) -> bytes:
        """32 bytes that cost what `label` says."""
        # Not at the top: the fips profile refuses to run once this module is loaded.
        from argon2.low_level import Type, hash_secret_raw  # noqa: PLC0415 - see above

        return hash_secret_raw(
            code.encode(),
            salt,
            time_cost=self.passes,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
            hash_len=_STRETCHED_BYTES,
            type=Type.ID,
        )


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2-HMAC-SHA-256 (SP 800-132), for the fips profile."""

    iterations: int = 100_000

    @property
    def label(self) -> str:
        """How the parameters are recorded."""
        return f"pbkdf2-sha256,i={self.iterations}"

    def stretch(self, code: str, salt: bytes) -> bytes:
        """32 bytes that cost what `label` says."""
        return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, self.iterations, _STRETCHED_BYTES)


Stretch: TypeAlias = Argon2id | Pbkdf2


def parse_stretch(label: str) -> Stretch:
    """Read a recorded set of parameters; raises `Invalid("code.stretch")`."""
    name, *settings = label.split(",")
    numbers = dict(setting.partition("=")[::2] for setting in settings)
    try:
        read = (
            Argon2id(int(numbers["m"]), int(numbers["t"]), int(numbers["p"]))
            if name == "argon2id"
            else Pbkdf2(int(numbers["i"]))
        )
    except (KeyError, ValueError):
        raise Invalid("code.stretch") from None
    if read.label != label:
        raise Invalid("code.stretch")
    return read


@dataclass(frozen=True, slots=True)
class Epoch:
    """One period of the code book; not secret."""

    number: int
    salt: bytes
    stretch: Stretch

    def to_dict(self) -> dict[str, object]:
        """The epoch as JSON-ready values."""
        return {"number": self.number, "salt": self.salt.hex(), "stretch": self.stretch.label}


def epoch_from_dict(stored: Mapping[str, object]) -> Epoch:
    """Read `to_dict` back; raises `Invalid("code.epoch")` or `Invalid("code.stretch")`."""
    match dict(stored):
        case {"number": int() as number, "salt": str() as salt, "stretch": str() as label}:
            pass
        case _:
            raise Invalid("code.epoch")
    try:
        raw = bytes.fromhex(salt)
    except ValueError:
        raise Invalid("code.epoch") from None
    if len(raw) != SALT_BYTES:
        raise Invalid("code.epoch")
    return Epoch(number, raw, parse_stretch(label))


class CodeBook:
    """Draws codes and recognises them; holds the bank's key.

    `epochs`: the current one first. `length`: digits of a new code (`core.codes.check_length`).
    `randbelow`: secret uniform numbers, `secrets.randbelow` outside of simulations.
    """

    def __init__(
        self,
        bank_key: bytes,
        epochs: Sequence[Epoch],
        *,
        length: int,
        randbelow: Callable[[int], int],
    ) -> None:
        if not 0 < len(epochs) <= EPOCHS_MAX:
            raise Misconfigured("code.epochs", limit=EPOCHS_MAX)
        keyed_tag(bank_key, b"")  # refuses a key of the wrong length now, not at the first code
        self._bank_key = bank_key
        self._epochs = tuple(epochs)
        self._length = length
        self._randbelow = randbelow

    def tag(self, text: str) -> str | None:
        """The tag (hex) of what somebody typed, in the current epoch; None when it is no code."""
        tags = self._tags(text, self._epochs[:1])
        return tags[0] if tags else None

    def tags(self, text: str) -> tuple[str, ...]:
        """The tags of what somebody typed in every epoch, the current one first; () for no code."""
        return self._tags(text, self._epochs)

    def draw(self, is_taken: Callable[[str], bool]) -> tuple[str, str]:
        """A fresh code and its tag.

        `is_taken` says whether a tag belongs to a live or a buried code of any kind. Raises
        `Unavailable("code.space_full")`.
        """
        code = draw_free_code(
            self._length,
            self._randbelow,
            lambda drawn: any(is_taken(tag) for tag in self.tags(drawn)),
        )
        return code, self._tag(code, self._epochs[0])

    def _tags(self, text: str, epochs: Sequence[Epoch]) -> tuple[str, ...]:
        """The stretch runs whatever was typed, so that its time tells nothing."""
        code = typed_code(text)
        tags = tuple(self._tag(code or "0" * self._length, epoch) for epoch in epochs)
        return tags if code is not None else ()

    def _tag(self, code: str, epoch: Epoch) -> str:
        return keyed_tag(self._bank_key, epoch.stretch.stretch(code, epoch.salt))
