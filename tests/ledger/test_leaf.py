from __future__ import annotations

import base64
import hashlib
import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.leaf import (
    DIGESTS_MAX,
    DISCLOSURE_CHARS_MAX,
    INTEGER_MAX,
    SALT_BYTES,
    Disclosure,
    Sealed,
    Value,
    _read_any,
    digest,
    open_leaf,
    parse_leaf,
    seal,
    seal_each,
    seal_lines,
)
from ledger_bench import attempt, refused, salts

FIELDS: dict[str, Value] = {
    "type": "parcel.collected",
    "time": "2026-11-20T13:37:00Z",
    "actor": None,
    "seq": 41,
    "forced": False,
    "reason": 'Straße "7"\n\x7f\u2028😀',
    "photo": {"ct": "c", "pt": "p", "n": 3, "boxes": [1, [2, True]]},
}


def sealed(fields: dict[str, Value] = FIELDS, seed: str = "leaf") -> Sealed:
    return seal(fields, salts(seed, len(fields)))


def disclosure_of(text: str) -> str:
    """Any text, encoded as a disclosure would be."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def leaf_with(*disclosures: str) -> bytes:
    """A correct leaf over these disclosures, whatever they are."""
    digests = sorted({digest(one) for one in disclosures})
    return json.dumps({"_sd": digests, "v": 1}, separators=(",", ":")).encode()


def test_the_exact_bytes() -> None:
    salt = bytes(range(18))
    one = seal({"actor": "Ann"}, salt)
    raw = b'["AAECAwQFBgcICQoLDA0ODxAR","actor","Ann"]'
    assert one.disclosures == (base64.urlsafe_b64encode(raw).decode().rstrip("="),)
    hashed = hashlib.sha256(one.disclosures[0].encode()).digest()
    expected = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
    assert one.leaf == b'{"_sd":["%s"],"v":1}' % expected.encode()


def test_the_digest_of_rfc_9901() -> None:
    """RFC 9901 §4.2.3, its first example."""
    given_name = "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert digest(given_name) == "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY"


def test_all_some_or_no_fields_can_be_opened() -> None:
    one = sealed()
    assert open_leaf(one.leaf, one.disclosures) == FIELDS
    assert open_leaf(one.leaf, one.disclosures[3:5]) == {"seq": 41, "forced": False}
    assert open_leaf(one.leaf, one.disclosures[::-1]) == FIELDS
    assert open_leaf(one.leaf, []) == {}
    assert len(parse_leaf(one.leaf)) == len(FIELDS)


def test_a_leaf_without_fields() -> None:
    assert seal({}, b"").leaf == b'{"_sd":[],"v":1}'
    assert open_leaf(b'{"_sd":[],"v":1}', []) == {}


@pytest.mark.parametrize("count", [0, 1, 2, len(FIELDS)])
def test_lines_are_the_same_leaf_and_disclosures(count: int) -> None:
    some, drawn = dict(list(FIELDS.items())[:count]), salts("lines", count)
    leaf, lines = seal_lines(some, drawn)
    assert Sealed(leaf, tuple(lines.decode().split())) == seal(some, drawn)
    assert lines == "\n".join(seal(some, drawn).disclosures).encode()


def test_several_events_are_sealed_as_each_is() -> None:
    events: list[dict[str, Value]] = [FIELDS, {}, {"one": 1}, FIELDS | {"reason": "x" * 3_000}]
    drawn = salts("each", sum(map(len, events)))
    at, each = 0, list[tuple[bytes, bytes]]()
    for fields in events:
        end = at + SALT_BYTES * len(fields)
        each.append(seal_lines(fields, drawn[at:end]))
        at = end
    assert seal_each(events, drawn) == each
    assert seal_each([], b"") == []


TOO_MANY = [f"{one}{two}" for one in "abcdefghijklmnopq" for two in "abcdefghijklmnopq"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"A": 1}, "disclosure.name"),
        ({"a": 1.5}, "disclosure.value"),
        ({"a": "x" * 9_000}, "disclosure.length"),
        (dict.fromkeys(TOO_MANY, 1), "leaf.length"),
    ],
)
def test_several_events_are_refused_for_one(bad: dict[str, Value], code: str) -> None:
    events: list[dict[str, Value]] = [FIELDS, bad, FIELDS]
    drawn = salts("each", sum(map(len, events)))
    with refused(Malformed, code):
        seal_each(events, drawn)


def test_salts_of_several_events_are_fresh_and_enough() -> None:
    good = salts("each", 2)
    for bad in (b"", good[:18], good[:18] * 2, good[:-1], salts("each", 3)):
        with refused(Malformed, "disclosure.salt"):
            seal_each([{"a": 1}, {"a": 1}], bad)


def test_equal_fields_seal_to_different_leaves() -> None:
    assert sealed(seed="a").leaf != sealed(seed="b").leaf
    assert not set(parse_leaf(sealed(seed="a").leaf)) & set(parse_leaf(sealed(seed="b").leaf))


def test_audit_12_decoys_open_nothing() -> None:
    decoys = [hashlib.sha256(b"decoy %d" % n).digest() for n in range(5)]
    one = seal({"a": 1}, salts("x", 1), decoys)
    assert len(parse_leaf(one.leaf)) == 6
    assert open_leaf(one.leaf, one.disclosures) == {"a": 1}
    assert seal({"a": 1}, salts("x", 1), decoys * 2) == one
    with refused(Malformed, "leaf.decoy"):
        seal({"a": 1}, salts("x", 1), [b"short"])


def test_salts_are_fresh_long_and_enough() -> None:
    good = salts("x", 2)
    for bad in (b"", good[:18], good[:18] * 2, good[:-1], good + b"\0", salts("x", 3)):
        with refused(Malformed, "disclosure.salt"):
            seal({"a": 1, "b": 2}, bad)


@pytest.mark.parametrize(
    "name", ["", "A", "a1", "a-b", "a b", "ä", "a\n", "_sd", "v", "_sd_alg", "x" * 65]
)
def test_audit_12_names(name: str) -> None:
    with refused(Malformed, "disclosure.name"):
        seal({name: 1}, salts("x", 1))


def too_deep() -> Value:
    found: Value = 1
    for _ in range(5):
        found = [found]
    return found


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        INTEGER_MAX + 1,
        -INTEGER_MAX - 1,
        b"bytes",
        (1, 2),
        {"a b": 1},
        {1: 2},
        {"a": {"b": 2.5}},
        [1, 2.0],
        "\ud800",
        ["\udfff"],
        too_deep(),
        {"a": {"b": {"c": {"d": {"e": 1}}}}},
    ],
)
def test_values_outside_the_profile(value: Any) -> None:
    with refused(Malformed, "disclosure.value"):
        seal({"a": value}, salts("x", 1))


def test_limits() -> None:
    with refused(Malformed, "disclosure.length"):
        seal({"reason": "x" * DISCLOSURE_CHARS_MAX}, salts("x", 1))
    most = Disclosure("A" * 24, "reason", "x" * (DISCLOSURE_CHARS_MAX // 4 * 3 - 40)).encode()
    assert len(most) == DISCLOSURE_CHARS_MAX
    several: dict[str, Value] = {name: Disclosure.parse(most).value for name in ("reason", "rest")}
    one = seal(several, salts("x", 2))
    assert open_leaf(one.leaf, one.disclosures) == several
    with refused(Malformed, "disclosure.length"):
        Disclosure.parse("A" * (DISCLOSURE_CHARS_MAX + 1))
    names = ["a" + "".join(chr(97 + int(d)) for d in str(n)) for n in range(DIGESTS_MAX + 1)]
    fields: dict[str, Value] = dict.fromkeys(names, 1)
    with refused(Malformed, "leaf.length"):
        seal(fields, salts("x", len(fields)))
    fields.popitem()
    with refused(Malformed, "leaf.length"):
        seal(fields, salts("x", len(fields)), [bytes(32)])
    one = seal(fields, salts("x", len(fields)))
    assert len(open_leaf(one.leaf, one.disclosures)) == DIGESTS_MAX


def test_a_disclosure_goes_there_and_back() -> None:
    text = sealed().disclosures[0]
    found = Disclosure.parse(text)
    assert (found.name, found.value) == ("type", "parcel.collected")
    assert found.encode() == text
    with refused(Malformed, "disclosure.salt"):
        Disclosure("short", "a", 1).encode()


SALT = "AAECAwQFBgcICQoLDA0ODxAR"
OTHER_SPELLINGS = {
    "a space": f'["{SALT}", "a",1]',
    "a newline behind": f'["{SALT}","a",1]\n',
    "an escape that need not be": f'["{SALT}","a","\\u0041"]',
    "an escaped slash": f'["{SALT}","a","\\/"]',
    "a number with a fraction": f'["{SALT}","a",1.0]',
    "a number with an exponent": f'["{SALT}","a",1e0]',
    "minus zero": f'["{SALT}","a",-0]',
    "a large number": f'["{SALT}","a",9007199254740993]',
    "not a number": f'["{SALT}","a",NaN]',
    "keys out of order": f'["{SALT}","a",{{"b":1,"a":2}}]',
    "a key twice": f'["{SALT}","a",{{"a":1,"a":1}}]',
    "a byte order mark": f'\ufeff["{SALT}","a",1]',
    "a lone surrogate": f'["{SALT}","a","\\ud800"]',
    "two elements (an array's item in RFC 9901)": f'["{SALT}",1]',
    "four elements": f'["{SALT}","a",1,2]',
    "an object": '{"salt":1}',
    "a name that is no text": f'["{SALT}",1,1]',
    "a salt that is no text": '[1,"a",1]',
    "a short salt": f'["{SALT[:-1]}","a",1]',
    "a long salt": f'["{SALT}A","a",1]',
    "a salt of the other alphabet": f'["{SALT[:-1]}+","a",1]',
    "a reserved name": f'["{SALT}","_sd",[]]',
    "a name in capitals": f'["{SALT}","Actor",1]',
    "no JSON": "a",
    "nothing": "",
    "deep": "[" * 3000,
}


@pytest.mark.parametrize("what", OTHER_SPELLINGS)
def test_audit_12_a_disclosure_has_one_spelling(what: str) -> None:
    text = disclosure_of(OTHER_SPELLINGS[what])
    with refused(Malformed, "disclosure"):
        open_leaf(leaf_with(text), [text])


def test_audit_12_a_disclosure_that_is_no_base64url_or_utf8() -> None:
    good = sealed().disclosures[0]
    not_utf8 = base64.urlsafe_b64encode(b'["' + SALT.encode() + b'","a","\xff"]').decode()
    for bad in (good + "=", good + "\n", good + "!", not_utf8.rstrip("="), "\ud800", "ä"):
        with refused(Malformed, "disclosure"):
            open_leaf(leaf_with(bad), [bad])


def test_audit_12_wrong_salt() -> None:
    one = sealed()
    found = Disclosure.parse(one.disclosures[0])
    other = Disclosure("B" + found.salt[1:], found.name, found.value).encode()
    with refused(Unverified, "disclosure.foreign"):
        open_leaf(one.leaf, [other])


def test_audit_12_changed_value() -> None:
    one = sealed()
    found = Disclosure.parse(one.disclosures[3])
    with refused(Unverified, "disclosure.foreign"):
        open_leaf(one.leaf, [Disclosure(found.salt, "seq", 42).encode()])


def test_audit_12_disclosure_moved_to_another_record() -> None:
    a, b = sealed(seed="a"), sealed(seed="b")
    with refused(Unverified, "disclosure.foreign"):
        open_leaf(a.leaf, b.disclosures[:1])


def test_audit_12_extra_disclosure() -> None:
    one = sealed()
    extra = Disclosure(SALT, "role", "admin").encode()
    with refused(Unverified, "disclosure.foreign: role"):
        open_leaf(one.leaf, [*one.disclosures, extra])


def test_audit_12_duplicate_names() -> None:
    one = sealed()
    with refused(Unverified, "disclosure.twice"):
        open_leaf(one.leaf, [one.disclosures[0], one.disclosures[0]])
    twice = [Disclosure(f"{n}{SALT[1:]}", "actor", f"person {n}").encode() for n in range(2)]
    with refused(Unverified, "disclosure.twice: actor"):
        open_leaf(leaf_with(*twice), twice)


A = digest("a")
B = digest("b")
LOW, HIGH = sorted((A, B))
OTHER_LEAVES = {
    "nothing": b"",
    "an object": b"{}",
    "a space": b'{"_sd": [],"v":1}',
    "a newline behind": b'{"_sd":[],"v":1}\n',
    "members in another order": b'{"v":1,"_sd":[]}',
    "another version": b'{"_sd":[],"v":2}',
    "a further member": b'{"_sd":[],"v":1,"x":1}',
    "a member before": b'{"_sd":[],"actor":"x","v":1}',
    "digests out of order": f'{{"_sd":["{HIGH}","{LOW}"],"v":1}}'.encode(),
    "a digest twice": f'{{"_sd":["{A}","{A}"],"v":1}}'.encode(),
    "a short digest": f'{{"_sd":["{A[:-1]}"],"v":1}}'.encode(),
    "a digest with surplus bits": f'{{"_sd":["{A[:-1]}B"],"v":1}}'.encode(),
    "a comma behind": f'{{"_sd":["{A}",],"v":1}}'.encode(),
    "no comma": f'{{"_sd":["{LOW}""{HIGH}"],"v":1}}'.encode(),
    "an escape": f'{{"_s\\u0064":["{A}"],"v":1}}'.encode(),
    "not ASCII": '{"_sd":[],"v":\uff11}'.encode(),
    "not UTF-8": b'{"_sd":[],"v":1}\xff',
}


@pytest.mark.parametrize("what", OTHER_LEAVES)
def test_audit_12_a_leaf_has_one_spelling(what: str) -> None:
    with refused(Malformed, "leaf"):
        open_leaf(OTHER_LEAVES[what], [])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[A-Za-z0-9_]{1,9}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.from_regex(r"[a-z_]{1,20}", fullmatch=True).filter(lambda name: name not in {"v", "_sd"})


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_whatever_is_sealed_opens(fields: dict[str, Value]) -> None:
    one = attempt(partial(seal, fields, salts("x", len(fields))), "disclosure.value")
    if one is None:
        return
    opened = open_leaf(one.leaf, one.disclosures)
    assert opened == fields
    assert json.dumps(opened) == json.dumps({name: _sorted(v) for name, v in fields.items()})


NEARLY_PLAIN = st.one_of(
    st.text(st.sampled_from('aZ ~"\\\x7f\n/é'), max_size=6).map(lambda text: f'"{text}"'),
    st.text(st.sampled_from("0123456789-+.e_ "), max_size=17),
    st.sampled_from(["-0", "007", str(INTEGER_MAX), str(INTEGER_MAX + 1), "true", '""', ""]),
)


@given(
    st.sampled_from(["A" * 24, "A" * 23, "A" * 23 + "+"]),
    st.sampled_from(["actor", "_sd", "Actor", "v", ""]),
    NEARLY_PLAIN,
)
def test_audit_12_the_short_way_reads_what_the_long_way_reads(
    salt: str, name: str, value: str
) -> None:
    """Plain fields are not spelled again to be compared; nothing else may get through by it."""
    raw = f'["{salt}","{name}",{value}]'
    short = attempt(partial(Disclosure.parse, disclosure_of(raw)), "disclosure.")
    long = attempt(partial(_read_any, raw), "disclosure.")
    assert repr(short) == repr(long and Disclosure(*long))


def _sorted(value: Value) -> object:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


@given(st.binary(), st.text())
def test_any_bytes_are_a_leaf_or_refused(leaf: bytes, text: str) -> None:
    for one in (leaf, b'{"_sd":["' + leaf + b'"],"v":1}'):
        shown = [text, disclosure_of(text.encode("utf-8", "replace").decode())]
        attempt(partial(open_leaf, one, shown), "leaf.", "disclosure.")


@given(st.integers(0, 50), st.integers(1, 255))
def test_audit_01_no_byte_of_a_leaf_can_change(at: int, change: int) -> None:
    one = seal({"a": 1}, salts("x", 1))
    bent = bytearray(one.leaf)
    bent[at] ^= change
    with pytest.raises(LedgerError):
        open_leaf(bytes(bent), one.disclosures)
