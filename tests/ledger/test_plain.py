"""All disclosures of an entry at once: they are read as each by itself would be, or not at all."""

from __future__ import annotations

import base64
import re
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger import leaf
from bayward.ledger.errors import LedgerError
from bayward.ledger.leaf import (
    DISCLOSURE_CHARS_MAX,
    INTEGER_MAX,
    Disclosure,
    Value,
    seal,
)
from bayward.ledger.plain import JOINED_CHARS_MAX, RESERVED, are_plain, plain_fields
from ledger_bench import salts

HEX = "0123456789abcdefABCDEF"
SALT = "AAECAwQFBgcICQoLDA0ODxAR"
ONE, TWO, THREE = (f'["{SALT}","{name}","x"]'.encode() for name in ("a", "bb", "ccc"))
ENDINGS = [b"", b"\0", b"\1", b"\2", b"\3", b"\1\1", b"\2\2", b"\3\3", b"\3\3\3", b"\2\2\2", b"A"]


def spelled(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def one_by_one(texts: list[bytes]) -> dict[str, Value] | None:
    """The long way: each through its own base64 and JSON."""
    found: dict[str, Value] = {}
    for text in texts:
        try:
            one = Disclosure.parse(text.decode("ascii", "replace"))
        except LedgerError:
            return None
        if one.name in found:
            return None
        found[one.name] = one.value
    return found


def slowly(texts: list[bytes]) -> dict[str, Value] | None:
    """The same, whatever is plain or not."""
    with patch.object(leaf, "PLAIN", re.compile("(?!)")):
        return one_by_one(texts)


PLAIN_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=30)
    | st.text(st.sampled_from('a"\\/\b\f\n\r\t\x00\x0b\x1f\x7f\u2028'), max_size=9)
)
NAMES = st.from_regex(r"[a-z_]{1,20}", fullmatch=True).filter(lambda name: name not in RESERVED)


@given(st.dictionaries(NAMES, PLAIN_VALUES, max_size=6))
def test_what_is_plain_goes_the_short_way(fields: dict[str, Value]) -> None:
    texts = [one.encode() for one in seal(fields, salts("x", len(fields))).disclosures]
    assert repr(plain_fields(texts)) == repr(fields)
    assert are_plain(texts)


@pytest.mark.parametrize(
    "value", [[], {}, ["a"], {"a": 1}, INTEGER_MAX, -INTEGER_MAX, 10**15, -(10**15)]
)
def test_what_is_unusual_does_not(value: Value) -> None:
    texts = [one.encode() for one in seal({"a": "x", "b": value}, salts("x", 2)).disclosures]
    assert plain_fields(texts) is None
    assert one_by_one(texts) == {"a": "x", "b": value}


def test_audit_12_what_is_escaped_and_how() -> None:
    """Each character behind a backslash, each number; alone and with a text around it."""
    numbers = [f"u{first}{a}{b}" for first in ("00", "20", "d8") for a in HEX for b in HEX]
    for escape in [*map(chr, range(128)), *numbers, "u", "u0", "u000", "u00e9", "é", ""]:
        for text in (f"\\{escape}", f"a\\{escape}b", f"\\{escape}\\{escape}", f"\\\\\\{escape}"):
            texts = [spelled(f'["{SALT}","a","{text}"]'.encode())]
            assert plain_fields(texts) == one_by_one(texts) == slowly(texts)


def test_nothing_is_plain() -> None:
    assert plain_fields([]) == {}


def test_each_is_short_enough_when_all_are() -> None:
    assert JOINED_CHARS_MAX <= DISCLOSURE_CHARS_MAX
    sizes = [SALT[:1] * (JOINED_CHARS_MAX * 3 // 4 - 50), SALT[:1] * JOINED_CHARS_MAX]
    raws = [f'["{SALT}","a","{text}"]'.encode() for text in sizes]
    assert [are_plain([spelled(raw)]) for raw in raws] == [True, False]


SHREDS = [
    ONE, TWO, ONE[:-1], TWO[3:], *ENDINGS, b'["', SALT.encode(), b'","a",', b'"x"', b"1", b"-0",
    b"1.0", b"true", b"NaN", b"]", b"[", b",", b"\n", b" ", b"\xc3", b"\xa9", b"\xff", b'"_sd"',
    b"\\u0041", b'"a"', b"\\n", b"\\", b"\\u000b", b'\\"',
]  # fmt: skip


@given(
    st.lists(st.lists(st.sampled_from(SHREDS), max_size=4).map(b"".join), min_size=1, max_size=3),
    st.sampled_from(["", "", "", "=", "+", "/", "A", "B", "-", "\n"]),
)
def test_audit_12_what_is_read_together_is_read_apart(raws: list[bytes], more: str) -> None:
    texts = [spelled(raw) for raw in raws]
    texts[-1] += more.encode()
    together = plain_fields(texts)
    assert together is None or repr(together) == repr(one_by_one(texts))


def test_audit_12_no_other_cut_makes_fields_of_the_same_bytes() -> None:
    """Two fields with anything between, before or behind that could pass for a filling."""
    for before, between, behind in product(ENDINGS, repeat=3):
        joined = before + ONE + between + TWO + behind
        for at in range(len(joined) + 1):
            raws = [joined[:at], joined[at:]]
            expected = {"a": "x", "bb": "x"} if raws == [ONE, TWO] else None
            assert plain_fields([spelled(raw) for raw in raws]) == expected, (raws, at)


@pytest.mark.parametrize("ending", ENDINGS)
def test_audit_12_two_fields_in_one_disclosure(ending: bytes) -> None:
    assert plain_fields([spelled(ONE + ending + TWO)]) is None
    assert plain_fields([spelled(ONE + ending + TWO), spelled(THREE)]) is None


def test_audit_12_fields_moved_between_disclosures() -> None:
    """As many fields as disclosures, but two of them in one, and none in another."""
    for ending, other in product(ENDINGS, repeat=2):
        for raws in ([ONE + ending + TWO, other], [ONE[:20], ONE[20:] + ending + TWO + other]):
            assert plain_fields([spelled(raw) for raw in raws]) is None
        three = [ONE + ending, TWO + other + THREE, b""]
        assert plain_fields([spelled(raw) for raw in three]) is None


@pytest.mark.parametrize("length", range(3))
def test_audit_12_bits_to_spare_are_zero(length: int) -> None:
    """Each other last character, of a text of each length modulo three."""
    raw = f'["{SALT}","{"a" * (length + 1)}","x"]'.encode()
    text, rest = spelled(raw), spelled(TWO)
    alphabet = bytes(range(128))
    accepted = [last for last in alphabet if are_plain([text[:-1] + bytes([last]), rest])]
    assert accepted == [text[-1]]


def test_audit_12_bits_to_spare_do_not_join_two_disclosures() -> None:
    """With them the first byte behind a disclosure could be a letter, and the text go on."""
    raw = f'["{SALT}","a","x'.encode()
    raw += b"x" * (2 - len(raw) % 3)
    text = spelled(raw)[:-1]
    for last in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        parts = [text + bytes([last]), spelled(b'y"]'), spelled(TWO + b"\1" + THREE)]
        assert plain_fields(parts) is None
        assert plain_fields(parts[:2]) is None


def test_audit_12_the_same_name_twice() -> None:
    again = f'["{SALT}","a","y"]'.encode()
    assert plain_fields([spelled(ONE), spelled(again)]) is None
    assert plain_fields([spelled(ONE), spelled(ONE)]) is None


@pytest.mark.parametrize(
    "raw",
    [
        f'["{SALT[:-1]}","a",1]',
        f'["{SALT}A","a",1]',
        f'["{SALT[:-1]}+","a",1]',
        f'["{SALT[:-1]}é","a",1]',
        f'["{SALT}","",1]',
        f'["{SALT}","A",1]',
        f'["{SALT}","a1",1]',
        f'["{SALT}","{"a" * 65}",1]',
    ],
)
def test_audit_12_other_salts_and_names(raw: str) -> None:
    assert plain_fields([spelled(raw.encode())]) is None


@pytest.mark.parametrize(
    "stray", [b"!!!!", b"====", b"\n", b" ", b"+", b"/", b"=", b"\xff", b"AA=="]
)
def test_audit_12_characters_that_are_not_base64url(stray: bytes) -> None:
    """At each place: put in, and in place of others."""
    text = spelled(f'["{SALT}","a","???>>>"]'.encode())
    assert b"_" in text
    assert b"-" in text
    for at in range(len(text) + 1):
        for rest in (text[at:], text[at + len(stray) :]):
            assert plain_fields([text[:at] + stray + rest]) is None
    for other in (text.replace(b"_", b"/"), text.replace(b"-", b"+")):
        assert plain_fields([other]) is None


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_audit_12_reserved_names(name: str) -> None:
    assert plain_fields([spelled(f'["{SALT}","{name}",1]'.encode())]) is None
    assert plain_fields([spelled(f'["{SALT}","{name}x",1]'.encode())]) == {f"{name}x": 1}
