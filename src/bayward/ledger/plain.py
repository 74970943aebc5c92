"""The short way to read disclosures: all those of an entry at once, when nothing is unusual.

Nearly every field is *plain*: text, an integer well within the bounds, true, false or null, and no
list or object. The long way (`leaf._read`) takes each disclosure through base64 and
JSON by itself; here all go through both together, in less than half the time. What is read here is
what the long way reads. For anything else, wrong or only unusual, there is None, and the caller
goes the long way, which reads it or names what is wrong with it.

How do we know that joining them lets nothing through? Each disclosure is filled up with
characters until its bytes are a multiple of three and end as in PKCS #7 (RFC 5652 §6.3): one
byte 0x01, two bytes 0x02 or three bytes 0x03. (Its last character has no bits to spare that are
not zero, or there is nothing to fill it up with.) Joined and decoded, all must be plain fields
and such endings by turns, nothing between, and as many fields as there are disclosures.

- No field has a byte below 0x20, and each filling has. So no field reaches from one disclosure
  into the next.
- Nor does an ending: what there is of it in the first one would be the whole of that one's
  filling, as it stands behind a field, and a filling has as many bytes as each of them says.
- So each disclosure is one or more fields with their endings; and since there are not more fields
  than disclosures, it is one, and its filling is the ending. That is what the long way wants.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

RESERVED = frozenset({"_sd", "_sd_alg", "v"})
"""Names with a meaning in the leaf itself; a disclosed field may not shadow them."""
JOINED_CHARS_MAX = 8192
"""As long as one disclosure may be: where all together are no longer, none of them is."""

_TEXT = r"[ !#-\[\]-\U0010ffff]*"
_ESCAPE = r'\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))'
"""Of what must be escaped, each in one way; nothing else may be (`json.encoder`)."""
_FIELD = (
    rf'\["[A-Za-z0-9_-]{{24}}","(?!(?:{"|".join(sorted(RESERVED))})")([a-z_]{{1,64}})",'
    rf'(?:"({_TEXT}(?:{_ESCAPE}{_TEXT})*)"|(true|false|null|0|-?[1-9][0-9]{{0,14}}))\]'
)
PLAIN = re.compile(_FIELD)
"""A plain field, in its one spelling: there is no other for such a name and value. Groups: the
name; the text as JSON has it between the quotes, or what else is the value."""
_PLAIN_ENDED = re.compile(_FIELD + r"(?:\x01|\x02\x02|\x03\x03\x03)")
_GROUPS = 4
"""Of a split: what is between two fields, and the groups of a field."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FILLING: tuple[dict[int, bytes], ...] = (
    dict.fromkeys(_ALPHABET, b"AwMD"),
    {},
    dict.fromkeys(b"AQgw", b"IC"),
    dict.fromkeys(b"AEIMQUYcgkosw048", b"B"),
)
"""By length modulo 4, and by the last character, whose bits to spare are zero."""
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")  # what is not base64url becomes what is refused
_WORDS = {"true": True, "false": False, "null": None}
_unescaped = json.JSONDecoder().decode


def plain_fields(disclosures: Sequence[bytes]) -> dict[str, Any] | None:
    """Names and values, or None when a disclosure is not plain, or two have the same name."""
    found = _split(disclosures)
    if found is None:
        return None
    pairs = zip(found[2::_GROUPS], found[3::_GROUPS], strict=True)
    values = [plain_value(text, other) for text, other in pairs]
    return dict(zip(found[1::_GROUPS], values, strict=True))


def are_plain(disclosures: Sequence[bytes]) -> bool:
    """Whether `plain_fields` would give them, for who need not see what they say."""
    return _split(disclosures) is not None


def plain_value(text: str | None, other: str) -> str | int | bool | None:
    """The value of a plain field, of what `PLAIN` has found."""
    if text is not None:
        return text if "\\" not in text else _unescaped(f'"{text}"')
    return _WORDS[other] if other in _WORDS else int(other)


def _split(disclosures: Sequence[bytes]) -> list[str | Any] | None:
    try:
        joined = b"".join([one + _FILLING[len(one) & 3][one[-1]] for one in disclosures])
        if len(joined) > JOINED_CHARS_MAX:
            return None
        raw = binascii.a2b_base64(joined.translate(_FROM_URL), strict_mode=True)
        found = _PLAIN_ENDED.split(raw.decode())
    except (LookupError, ValueError):  # another end than it may have; not base64; not UTF-8
        return None
    names = found[1::_GROUPS]
    if any(found[::_GROUPS]) or not len(set(names)) == len(names) == len(disclosures):
        return None
    return found
