"""ML-DSA-44, written out in verify.py and verify.html, against the library and foreign vectors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayward.ledger.chain import verify_chained
from bayward.ledger.known import read_known
from mldsa_bench import GIVEN, LIMIT, OTHER, YOUNG, chained, made
from pack_bench import by_library, by_script, script, standalone
from page_bench import Page

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors/foreign/mldsa.json").read_text(encoding="utf-8")
)
PRIVATE = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
C_END, Z_END, HINTS_END = 32, 2336, 2416
patient = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def cases() -> Iterator[tuple[dict[str, Any], dict[str, bytes]]]:
    for group in VECTORS["groups"]:
        for test in group["tests"]:
            told = {"key": group["publicKey"], "message": test["msg"], "signature": test["sig"]}
            told["context"] = test.get("ctx", "")
            yield test, {name: base64.b64decode(one) for name, one in told.items()}


def test_audit_06_the_vectors_of_wycheproof(page: Page) -> None:
    holds = standalone().mldsa44_holds
    wrong = []
    for test, told in cases():
        said = {
            "verify.py": holds(told["key"], told["message"], told["signature"], told["context"])
        }
        said["verify.html"] = page.ask("mldsaHolds", **told)
        wrong += [
            (test["tcId"], test["comment"], name)
            for name, one in said.items()
            if one is not (test["result"] == "valid")
        ]
    assert wrong == []
    assert sum(len(group["tests"]) for group in VECTORS["groups"]) == 42


def all_say(page: Page, key: bytes, message: bytes, signature: bytes) -> bool:
    """What the library, verify.py and verify.html agree about."""
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(key).verify(signature, message)
        expected = True
    except InvalidSignature:
        expected = False
    said = [standalone().mldsa44_holds(key, message, signature)]
    said.append(page.ask("mldsaHolds", key=key, message=message, signature=signature))
    assert said == [expected, expected]
    return expected


@patient
@given(
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=300),
    place=st.sampled_from([(0, C_END), (C_END, Z_END), (Z_END, HINTS_END), (HINTS_END, 2420)]),
    data=st.data(),
)
def test_signatures_and_bent_ones(
    page: Page, seed: bytes, message: bytes, place: tuple[int, int], data: st.DataObject
) -> None:
    private = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    key, good = private.public_key().public_bytes_raw(), private.sign(message)
    assert all_say(page, key, message, good)
    at = data.draw(st.integers(place[0], place[1] - 1))
    byte = data.draw(st.integers(0, 255))
    all_say(page, key, message, good[:at] + bytes([byte]) + good[at + 1 :])
    at = data.draw(st.integers(0, len(key) - 1))
    all_say(page, key[:at] + bytes([byte]) + key[at + 1 :], message, good)
    assert not all_say(page, key, message + b"x", good)


def with_hints(signature: bytes, places: list[list[int]]) -> bytes:
    listed = [one for many in places for one in many]
    ends = [sum(map(len, places[: n + 1])) for n in range(4)]
    return signature[:Z_END] + bytes(listed).ljust(80, b"\0") + bytes(ends)


@pytest.mark.parametrize("way", ["reversed", "repeated", "behind", "back", "beyond", "moved"])
def test_audit_06_hints_have_one_spelling(page: Page, way: str) -> None:
    message = b"hints"
    signature = next(one for one in (PRIVATE.sign(message) for _ in range(99)) if one[2417] > 2)
    raw, ends = signature[Z_END:HINTS_END], signature[HINTS_END:]
    bounds = [0, *ends]
    places = [list(raw[bounds[n] : bounds[n + 1]]) for n in range(4)]
    assert with_hints(signature, places) == signature
    if way == "reversed":
        bent = with_hints(signature, [one[::-1] for one in places])
    elif way == "repeated":
        bent = with_hints(signature, [[places[0][0], *places[0]], *places[1:]])
    elif way == "behind":
        bent = signature[: HINTS_END - 1] + b"\x01" + signature[HINTS_END:]
    elif way == "back":
        bent = signature[:HINTS_END] + bytes([ends[1], ends[0], *ends[2:]])
    elif way == "beyond":
        bent = signature[:HINTS_END] + bytes([*ends[:3], 81])
    else:
        bent = with_hints(signature, [places[0] + places[1], [], *places[2:]])
    assert bent != signature
    assert not all_say(page, PUBLIC, message, bent)


ZERO = bytes(range(32)) + bytes(1280)


@pytest.mark.parametrize("at", [0, 255, 256, 1023])
def test_audit_06_the_norm_of_z(page: Page, at: int) -> None:
    """All else holds in each of these: only the norm of `z` says no."""
    for most, expected in ((LIMIT - 1, True), (LIMIT, False), (LIMIT + 1, False)):
        for one in (most, -most):
            signature = made(ZERO, b"norm", [0] * at + [one])
            assert all_say(page, ZERO, b"norm", signature) is expected


@pytest.mark.parametrize("count", [0, 1, 79, 80])
def test_any_number_of_hints(page: Page, count: int) -> None:
    assert all_say(page, ZERO, b"hints", made(ZERO, b"hints", hints=count))


@pytest.mark.parametrize("length", [0, 2419, 2421])
def test_lengths(page: Page, length: int) -> None:
    good = PRIVATE.sign(b"")
    assert not all_say(page, PUBLIC, b"", good[:length].ljust(length, b"\0"))
    for key in (PUBLIC[:-1], PUBLIC + b"\0", b""):
        assert not standalone().mldsa44_holds(key, b"", good)
        assert not page.ask("mldsaHolds", key=key, message=b"", signature=good)


def test_every_verifier_counts_it(page: Page, tmp_path: Path) -> None:
    (tmp_path / "policy").write_text(GIVEN)
    known = read_known(GIVEN)
    for witness, expected in ((YOUNG, []), (OTHER, [("not witnessed", None)])):
        text = chained(witness)
        (tmp_path / "chain.jsonl").write_text(text)
        said = by_library(verify_chained(text, known.keys, known.demand))
        assert said == (expected, "trusted")
        assert page.verify(text.encode(), [], policy=GIVEN) == said
        assert by_script(tmp_path / "chain.jsonl", "--policy", str(tmp_path / "policy")) == said
    (tmp_path / "chain.jsonl").write_text(chained(YOUNG))
    told = script(tmp_path / "chain.jsonl", "--policy", str(tmp_path / "policy"))
    assert told["chain"][1]["cosigned"] == {"young.example/w": 1_795_000_000}
    shown = page.ask("verify", file=chained(YOUNG).encode(), policy=GIVEN)
    assert shown["chain"] == told["chain"]


@pytest.mark.parametrize("place", [12, 2_000, 3_100])
def test_audit_06_a_forged_one_spoils_the_link(page: Page, tmp_path: Path, place: int) -> None:
    """In the time, the middle, the hints of the cosignature."""
    known = read_known(GIVEN)
    text = chained(YOUNG)
    at = text.rindex("young.example/w ") + len("young.example/w ") + place
    bent = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    said = by_library(verify_chained(bent, known.keys, known.demand))
    assert ("signature invalid", 3) in said[0]
    assert page.verify(bent.encode(), [], policy=GIVEN) == said
    (tmp_path / "policy").write_text(GIVEN)
    (tmp_path / "chain.jsonl").write_text(bent)
    assert by_script(tmp_path / "chain.jsonl", "--policy", str(tmp_path / "policy")) == said
