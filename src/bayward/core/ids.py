"""Typed ids: a prefix that names the kind, then 128 bits in lower-case Crockford base32.

An id is a `str` (it goes into JSON, SQL and URLs as it is), but a `ParcelId` is not a
`GrantId`, neither for mypy nor at run time: `parse` refuses a foreign prefix. The random
bytes come from outside, so that a simulated world can repeat itself.
"""

from __future__ import annotations

from typing import ClassVar, Self, TypeAlias

from bayward.core.errors import Invalid

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_BYTES = 16
_ID_CHARS = 26
LABEL_PREFIX = "ITM-"
_VALUES = {char: value for value, char in enumerate(ALPHABET)}


def base32(raw: bytes) -> str:
    """Write bytes as lower-case Crockford base32, most significant bits first, unpadded."""
    bits = len(raw) * 8
    chars = -(-bits // 5)
    number = int.from_bytes(raw, "big") << (chars * 5 - bits)
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(chars)))


def from_base32(text: str, length: int) -> bytes:
    """Read exactly `length` bytes back; raises `Invalid` on any other spelling of them."""
    chars = -(-length * 8 // 5)
    if len(text) != chars or any(char not in _VALUES for char in text):
        raise Invalid("id.malformed")
    number = 0
    for char in text:
        number = number << 5 | _VALUES[char]
    spare = chars * 5 - length * 8
    if number & ((1 << spare) - 1):
        raise Invalid("id.malformed")
    return (number >> spare).to_bytes(length, "big")


class Id(str):
    """An id of one kind; make one with `of` (16 random bytes) or `parse` (untrusted text)."""

    __slots__ = ()
    prefix: ClassVar[str] = ""

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """The id for 16 bytes."""
        if len(raw) != ID_BYTES:
            raise Invalid("id.malformed")
        return cls(f"{cls.prefix}_{base32(raw)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read untrusted text; raises `Invalid("id.malformed")` on another kind or spelling."""
        head, _, tail = text.partition("_")
        if head != cls.prefix or len(tail) != _ID_CHARS:
            raise Invalid("id.malformed", expected=cls.prefix)
        from_base32(tail, ID_BYTES)
        return cls(text)

    @property
    def raw(self) -> bytes:
        """The 16 bytes."""
        return from_base32(self.partition("_")[2], ID_BYTES)


class TenantId(Id):
    """An organisation; everything else belongs to exactly one."""

    __slots__ = ()
    prefix = "ten"


class SiteId(Id):
    """A building."""

    __slots__ = ()
    prefix = "site"


class BankId(Id):
    """One installation of lockers with one controller."""

    __slots__ = ()
    prefix = "bank"

    @property
    def public_code(self) -> str:
        """Ten base32 characters (50 bits): the audience of passes, short enough for a QR."""
        return self.partition("_")[2][:10]


class CompartmentId(Id):
    """One door and the space behind it."""

    __slots__ = ()
    prefix = "cmp"


class PersonId(Id):
    """A resident, courier or member of staff."""

    __slots__ = ()
    prefix = "prs"


class PartyId(Id):
    """Somebody outside who is named in custody and does not sign in: a court, an owner."""

    __slots__ = ()
    prefix = "pty"


Subject: TypeAlias = PersonId | PartyId
"""Somebody who has a key of his own, and can be erased."""


class ParcelId(Id):
    """One parcel in our custody."""

    __slots__ = ()
    prefix = "prc"


class ItemId(Id):
    """One thing whose custody is kept: evidence, medicine, a parcel."""

    __slots__ = ()
    prefix = "itm"

    @property
    def label(self) -> str:
        """What is written on it (48 bits): typed at a kiosk as its tracking number."""
        return f"{LABEL_PREFIX}{self.partition('_')[2][-10:].upper()}"


class GrantId(Id):
    """One permission to open."""

    __slots__ = ()
    prefix = "grt"


class CommandId(Id):
    """One order from the control plane to a bank, or one unlock inside it."""

    __slots__ = ()
    prefix = "cmd"


class IncidentId(Id):
    """One thing that went wrong and needs a person."""

    __slots__ = ()
    prefix = "inc"
