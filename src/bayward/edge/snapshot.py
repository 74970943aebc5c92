"""The folded state of a bank as bytes, so that a start need not replay years.

A snapshot is a convenience and never an authority: it is dropped, and the log replayed from its
beginning, whenever it was made by another version of the program or does not read back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from bayward.core.bank import BankState, Space
from bayward.core.compartment import Compartment


class _Kept(msgspec.Struct, frozen=True):
    maker: str
    bank: BankState


def encode(bank: BankState, version: str) -> bytes:
    """A snapshot made by this version of the program."""
    return msgspec.json.encode(_Kept(_maker(version), bank), enc_hook=str)


def decode(raw: bytes, layout: Sequence[Compartment], version: str) -> BankState | None:
    """The state again, or None when it is not for this program and this layout."""
    try:
        kept = msgspec.json.decode(raw, type=_Kept, dec_hook=_read)
    except (msgspec.DecodeError, ValueError):
        return None
    bank = kept.bank
    built = {one.id: one for one in layout}
    if kept.maker != _maker(version) or not bank.spaces.keys() <= built.keys():
        return None
    bank.layout = built
    for compartment in built.keys() - bank.spaces.keys():
        bank.spaces[compartment] = Space()
    return bank


def _read(kind: type, value: object) -> object:
    """Ids are the only kinds msgspec does not know; they are text."""
    return kind(value)


def _maker(version: str) -> str:
    """The program's version and the shape of what it keeps."""
    fields = msgspec.inspect.type_info(BankState)
    return f"{version}/{hashlib.sha256(repr(fields).encode()).hexdigest()[:16]}"
