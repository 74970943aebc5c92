"""Leaf v1: an entry of the log is a set of salted commitments, in the manner of RFC 9901.

    leaf         {"_sd":["<43 characters>",…in ascending order…],"v":1}
    disclosure   base64url( ["<24-character salt>","<name>",<value>] )
    digest       base64url( SHA-256( the disclosure's characters ) )

The leaf alone tells nothing, not even to somebody who can enumerate all values, since every
field has its own 144-bit salt. Whoever holds the disclosure of a field can show that field,
and only that one. Destroy a disclosure and the field is gone, while leaf, tree and every
proof stay valid.

Verification hashes bytes as they are stored; it never writes them anew to hash them. But each
has only one permitted spelling, and another one is refused, so that no two readers can see
two different things in the same bytes. The values are JSON without floats: strings, integers
that every JSON reader holds exactly, true, false, null, and lists and objects of these.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as _spell_text
from operator import ge, itemgetter
from typing import cast

from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.plain import PLAIN, RESERVED, plain_fields, plain_value
from bayward.ledger.strict import (
    base64url_ascii,
    base64url_bytes,
    base64url_lines,
    base64url_text,
)

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]

SALT_BYTES = 18
"""144 bits; RFC 9901 §9.3 recommends 128 or more, and 18 bytes need no padding."""
SALT_CHARS = SALT_BYTES // 3 * 4
DECOY_BYTES = 32
DIGESTS_MAX = 256
"""Fields of one leaf: ten times what an event has, and 12 of the 64 KiB an entry may have."""
DISCLOSURE_CHARS_MAX = 8192
"""One field; photos and files are never in a leaf, only their hashes."""
DEPTH_MAX = 4
INTEGER_MAX = 2**53 - 1
"""Beyond it, readers in other languages round (RFC 8259 §6)."""
NAMES_MAX = 1024
"""Names remembered as checked."""
NOTHING = b'{"_sd":[],"v":1}'
"""The leaf without a field."""

_NAME = re.compile(r"[a-z_]{1,64}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_SALT = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)
_DIGEST = r'"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"'
"""Of 43 characters the last one has two bits to spare; they are zero."""
_LEAF = re.compile(rf'\{{"_sd":\[((?:{_DIGEST}(?:,{_DIGEST})*)?)\],"v":1\}}', re.ASCII)
_parse_json = json.JSONDecoder().decode
_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field and the salt that hides it."""

    salt: str
    name: str
    value: Value

    def encode(self) -> str:
        """The one spelling; raises `Malformed` when the field is outside the profile."""
        _check_salt(self.salt)
        text = base64url_ascii(_spell(self.salt, self.name, self.value))
        _check_length(self.name, text)
        return text.decode("ascii")

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Read a disclosure; raises `Malformed` on anything but its one spelling."""
        return cls(*_read(text))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A leaf to be logged, and what opens it: one disclosure per field, in the given order."""

    leaf: bytes
    disclosures: tuple[str, ...]


def digest(disclosure: str) -> str:
    """The commitment to a disclosure as it stands in the leaf (RFC 9901 §4.2.3)."""
    return digests_of([disclosure.encode("ascii", "replace")])[0].decode("ascii")


def seal(fields: Mapping[str, Value], salts: bytes, decoys: Sequence[bytes] = ()) -> Sealed:
    """Commit to fields; `salts` are `SALT_BYTES` fresh random bytes for each, drawn in one go.

    `decoys` (random, 32 bytes each) add digests that nothing opens, to hide how many fields
    there are. Raises `Malformed` for a name or value outside the profile, or when the salts
    are not as many as the fields, or one of them repeats another.
    """
    leaf, lines = seal_lines(fields, salts, decoys)
    return Sealed(leaf, tuple(lines.decode("ascii").split()))


def seal_lines(
    fields: Mapping[str, Value], salts: bytes, decoys: Sequence[bytes] = ()
) -> tuple[bytes, bytes]:
    """The same for who keeps the disclosures as lines: the leaf, and them with newlines between."""
    count, spelled = len(fields), base64url_text(salts)
    fresh = _cutter(count)(spelled) if count > 1 else (spelled,) * count
    if len(salts) != SALT_BYTES * count or len(set(fresh)) != count:
        raise Malformed("disclosure.salt", f"each field needs {SALT_BYTES} fresh random bytes")
    if decoys and {*map(len, decoys)} != {DECOY_BYTES}:
        raise Malformed("leaf.decoy", f"a decoy has {DECOY_BYTES} bytes")
    lines = base64url_lines(_spell_all(fresh, fields, fields.values()))
    disclosures = lines.split()
    if len(lines) > DISCLOSURE_CHARS_MAX:  # else none of them is
        for name, one in zip(fields, disclosures, strict=True):
            _check_length(name, one)
    return leaf_of({*digests_of([*disclosures, *decoys])}), lines[:-1]


def seal_each(events: Sequence[Mapping[str, Value]], salts: bytes) -> list[tuple[bytes, bytes]]:
    """What `seal_lines` gives for each of several events, in six sevenths of the time.

    Raises `Malformed` as that does, if for one of them.
    """
    spelled = base64url_text(salts)
    fresh = [spelled[at : at + SALT_CHARS] for at in range(0, len(spelled), SALT_CHARS)]
    count = sum(map(len, events))
    if len(salts) != SALT_BYTES * count or len(set(fresh)) != count:
        raise Malformed("disclosure.salt", f"each field needs {SALT_BYTES} fresh random bytes")
    names = [name for fields in events for name in fields]
    values = [value for fields in events for value in fields.values()]
    disclosures = base64url_lines(_spell_all(fresh, names, values)).split()
    for name, one in zip(names, disclosures, strict=True):
        if len(one) > DISCLOSURE_CHARS_MAX:
            _check_length(name, one)
    digests, begin, found = digests_of(disclosures), 0, list[tuple[bytes, bytes]]()
    for fields in events:
        end = begin + len(fields)
        leaf = leaf_of({*digests[begin:end]})
        found.append((leaf, b"\n".join(disclosures[begin:end])))
        begin = end
    return found


def parse_leaf(leaf: bytes) -> tuple[str, ...]:
    """The digests of a leaf; raises `Malformed` on anything but the one spelling."""
    try:
        text = leaf.decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("leaf.form", "not ASCII") from None
    found = _LEAF.fullmatch(text)
    if found is None:
        raise Malformed("leaf.form", "not a leaf of version 1")
    digests = tuple(found[1].strip('"').split('","')) if found[1] else ()
    if len(digests) > DIGESTS_MAX:
        raise Malformed("leaf.length", f"{len(digests)} fields")
    if any(map(ge, digests, digests[1:])):
        raise Malformed("leaf.canonical", "digests out of order or repeated")
    return digests


def open_leaf(leaf: bytes, disclosures: Sequence[str]) -> dict[str, Value]:
    """The disclosed fields of a leaf, each proven against it.

    Raises `Malformed` when leaf or a disclosure is not in its one spelling, and `Unverified`
    when a disclosure does not belong to this leaf or two of them bear the same name.
    """
    if not disclosures:
        parse_leaf(leaf)
        return {}
    texts = [text.encode("ascii", "replace") for text in disclosures]
    digests = digests_of(texts)
    plain = plain_fields(texts)
    if plain is not None and has_digests(leaf, digests):
        return plain
    committed = frozenset(parse_leaf(leaf))
    fields: dict[str, Value] = {}
    for text, committing in zip(disclosures, digests, strict=True):
        _, name, value = _read(text)
        if committing.decode("ascii") not in committed:
            raise Unverified("disclosure.foreign", f"{name} is not in this leaf")
        if name in fields:
            raise Unverified("disclosure.twice", name)
        fields[name] = value
    return fields


def digests_of(disclosures: Sequence[bytes]) -> tuple[bytes, ...]:
    """Base64url of the hash of each, all written in one go.

    With a zero byte behind it a hash is 44 whole characters; the first 43 are what it has alone.
    """
    hashes = [sha256(one).digest() for one in disclosures]
    text = base64url_ascii(b"\0".join([*hashes, b""]))
    found: tuple[bytes, ...] = struct.unpack("43sx" * len(hashes), text)
    return found


def has_digests(leaf: bytes, digests: Sequence[bytes]) -> bool:
    """Whether all of them are in the leaf; raises `Malformed` when that is another spelling."""
    if leaf == leaf_of(digests):  # nothing is withheld
        return True
    return frozenset(parse_leaf(leaf)).issuperset([one.decode("ascii") for one in digests])


def leaf_of(digests: Collection[bytes]) -> bytes:
    """The leaf of these digests, each given once; raises `Malformed` when they are too many."""
    if len(digests) > DIGESTS_MAX:
        raise Malformed("leaf.length", f"{len(digests)} fields")
    listed = b'","'.join(sorted(digests))
    return b'{"_sd":["%b"],"v":1}' % listed if listed else NOTHING


def _check_salt(salt: str) -> None:
    if _SALT.fullmatch(salt) is None:
        raise Malformed("disclosure.salt", f"not {SALT_BYTES} bytes")


def _check_length(name: str, text: bytes) -> None:
    if len(text) > DISCLOSURE_CHARS_MAX:
        raise Malformed("disclosure.length", f"{name} has {len(text)} characters")


def _read(disclosure: str) -> tuple[str, str, Value]:
    """Salt, name and value of a disclosure in its one spelling."""
    if len(disclosure) > DISCLOSURE_CHARS_MAX:
        raise Malformed("disclosure.length", f"{len(disclosure)} characters")
    try:
        spelled = base64url_bytes(disclosure, "disclosure.base64").decode()
    except UnicodeDecodeError:
        raise Malformed("disclosure.json", "not JSON in UTF-8") from None
    plain = PLAIN.fullmatch(spelled)
    if plain is None:
        return _read_any(spelled)
    name, text, other = plain.groups()
    return spelled[2 : 2 + SALT_CHARS], name, plain_value(text, other)


def _read_any(spelled: str) -> tuple[str, str, Value]:
    """The same, for whatever the profile allows."""
    try:
        parts = _parse_json(spelled)
    except (ValueError, RecursionError):
        raise Malformed("disclosure.json", "not JSON in UTF-8") from None
    match parts:
        case [str(salt), str(name), value]:
            _check_salt(salt)
        case _:
            raise Malformed("disclosure.json", "not [salt, name, value]")
    if _spell(salt, name, value) != spelled.encode():
        raise Malformed("disclosure.canonical", "another spelling of the same field")
    return salt, name, value


def _spell(salt: str, name: str, value: Value) -> bytes:
    return _spell_all([salt], [name], [value])[0]


def _spell_all(
    salts: Sequence[str], names: Collection[str], values: Collection[Value]
) -> list[bytes]:
    text, other = _spell_text, _spell_other
    try:
        return [
            f'["{salt}{name}{text(value) if type(value) is str else other(value)}]'.encode()
            for salt, name, value in zip(salts, map(_named, names), values, strict=True)
        ]
    except UnicodeEncodeError:
        raise Malformed("disclosure.value", "a lone surrogate") from None


@lru_cache(DIGESTS_MAX)
def _cutter(count: int) -> Callable[[str], tuple[str, ...]]:
    """Cuts a text into two salts or more; each is a whole number of its characters."""
    begins = range(0, SALT_CHARS * count, SALT_CHARS)
    return itemgetter(*[slice(at, at + SALT_CHARS) for at in begins])


@lru_cache(NAMES_MAX)  # a log has a few dozen, in every entry
def _named(name: str) -> str:
    if _NAME.fullmatch(name) is None or name in RESERVED:
        raise Malformed("disclosure.name", repr(name))
    return f'","{name}",'


def _spell_other(value: Value) -> str:
    if type(value) is int and abs(value) <= INTEGER_MAX:
        return str(value)
    _check_value(value)
    return _json(value)


def _check_value(value: object, depth: int = 0) -> None:
    match value:
        case None | bool() | str():
            return
        case int() if abs(value) <= INTEGER_MAX:
            return
        case list() if depth < DEPTH_MAX:
            for item in cast("list[object]", value):
                _check_value(item, depth + 1)
        case dict() if depth < DEPTH_MAX:
            for key, item in cast("dict[object, object]", value).items():
                if not isinstance(key, str) or _KEY.fullmatch(key) is None:
                    raise Malformed("disclosure.value", f"the key {key!r}")
                _check_value(item, depth + 1)
        case _:
            raise Malformed("disclosure.value", f"a {type(value).__name__} outside the profile")
