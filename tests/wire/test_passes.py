from __future__ import annotations

import hashlib
import hmac
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace

import cbor2
import pytest
import segno
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import DAY_MS, HOUR_MS, SECOND_MS, Instant, after
from bayward.core.errors import Denied, Invalid
from bayward.core.ids import BankId, GrantId, ParcelId
from bayward.core.throttle import Wait, attempt, failed, fresh
from bayward.wire import base45
from bayward.wire.cbor import Cbor, encode
from bayward.wire.cose import es256, sign1
from bayward.wire.passes import (
    AAD,
    DEPOSIT_BYTES,
    PREFIX,
    QR_CHARS_MAX,
    Pass,
    PassFlag,
    Purpose,
    deposit_prefix,
    sign_pass,
    verify_pass,
)

NOON = Instant(1_800_000_000_000)
BANK = BankId.of(bytes(range(16)))
OTHER_BANK = BankId.of(bytes(range(16, 32)))
GRANT = GrantId.of(bytes(range(100, 116)))
KEY = ec.derive_private_key(0xBA77, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(0xBA78, ec.SECP256R1())
KEY_ID = 3
ISSUERS = {KEY_ID: KEY.public_key()}
CLAIMS = Pass(
    audience=BANK.public_code,
    grant=GRANT,
    purpose=Purpose.PICKUP,
    not_before=NOON,
    not_after=after(NOON, 7 * DAY_MS),
)
GOOD = sign_pass(CLAIMS, key_id=KEY_ID, key=KEY)


def verify(
    text: str,
    issuers: Mapping[int, ec.EllipticCurvePublicKey] = ISSUERS,
    audience: str = BANK.public_code,
    purpose: Purpose = Purpose.PICKUP,
    now: Instant = NOON,
) -> Pass:
    return verify_pass(text, issuers, audience=audience, purpose=purpose, now=now)


def pass_of(payload: Cbor, aad: bytes = AAD) -> str:
    return PREFIX + base45.encode(sign1(payload, aad=aad, key_id=KEY_ID, sign=es256(KEY)))


PAYLOAD: dict[int | str, Cbor] = {
    3: BANK.public_code,
    4: CLAIMS.not_after // SECOND_MS,
    5: NOON // SECOND_MS,
    7: GRANT.raw,
    -65537: 1,
}


def test_a_pass_says_what_was_signed() -> None:
    found = verify(GOOD)
    assert replace(found, digest=b"") == CLAIMS
    assert len(found.digest) == 32
    assert pass_of(PAYLOAD) == GOOD


def test_a_signer_outside_the_process_gives_the_same_pass() -> None:
    assert sign_pass(CLAIMS, key_id=KEY_ID, key=es256(KEY)) == GOOD


def test_every_optional_claim_survives() -> None:
    parcel = ParcelId.of(bytes(range(16)))
    claims = replace(
        CLAIMS,
        flags=PassFlag.SUPERSEDES | PassFlag.NEEDS_SECOND_FACTOR,
        deposit=deposit_prefix(parcel),
    )
    found = verify(sign_pass(claims, key_id=KEY_ID, key=KEY))
    assert replace(found, digest=b"") == claims


@given(st.integers(0, 10**8 - 1))
def test_rotating_digits_are_told_from_the_signed_part(number: int) -> None:
    digits = f"{number:08d}"
    for claims in (CLAIMS, replace(CLAIMS, deposit=bytes(DEPOSIT_BYTES))):  # even and odd lengths
        text = sign_pass(claims, key_id=KEY_ID, key=KEY)
        assert verify(text).rotating is None
        assert verify(text + digits).rotating == digits
        assert verify(text + digits).digest == verify(text).digest


def test_a_rotating_pass_without_digits_is_refused() -> None:
    claims = replace(CLAIMS, flags=PassFlag.ROTATING_REQUIRED)
    text = sign_pass(claims, key_id=KEY_ID, key=KEY)
    assert verify(text + "00000000").rotating == "00000000"
    with pytest.raises(Denied, match=r"pass\.rotating_missing"):
        verify(text)


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        replace(CLAIMS, flags=PassFlag.ROTATING_REQUIRED),
        replace(CLAIMS, flags=PassFlag.SUPERSEDES, deposit=bytes(DEPOSIT_BYTES)),
    ],
)
def test_the_picture_stays_within_version_8_at_level_m(claims: Pass) -> None:
    text = sign_pass(claims, key_id=KEY_ID, key=KEY)
    if PassFlag.ROTATING_REQUIRED in claims.flags:
        text += "12345678"
    picture = segno.make(text, error="m", boost_error=False, micro=False)
    assert picture.mode == "alphanumeric"
    assert int(picture.version) <= 8
    assert len(text) <= QR_CHARS_MAX


def test_version_8_holds_what_we_say_it_holds() -> None:
    def version(chars: int) -> int:
        return int(segno.make("A" * chars, error="m", boost_error=False, micro=False).version)

    assert version(QR_CHARS_MAX) == 8
    assert version(QR_CHARS_MAX + 1) == 9


def test_a_picture_too_fine_to_read_is_not_made() -> None:
    claims = replace(CLAIMS, flags=PassFlag.ROTATING_REQUIRED, deposit=bytes(DEPOSIT_BYTES))
    with pytest.raises(Invalid, match=r"pass\.too_long"):
        sign_pass(claims, key_id=KEY_ID, key=KEY)


@pytest.mark.parametrize(
    "claims",
    [
        replace(CLAIMS, audience="short"),
        replace(CLAIMS, deposit=b"12345678"),
        replace(CLAIMS, not_before=Instant(-2000), not_after=NOON),
    ],
)
def test_claims_no_bank_would_take_are_not_signed(claims: Pass) -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        sign_pass(claims, key_id=KEY_ID, key=KEY)


def test_identity_10_a_throttled_keypad_does_not_stop_a_pass() -> None:
    keypad = fresh(NOON)
    for _ in range(20):
        keypad = failed(keypad, NOON)
    assert isinstance(attempt(keypad, NOON), Wait)
    assert verify(GOOD).grant == GRANT


def test_identity_19_every_flipped_bit_is_refused() -> None:
    raw = bytearray(base45.decode(GOOD.removeprefix(PREFIX)))
    for place in range(len(raw)):
        for bit in range(8):
            raw[place] ^= 1 << bit
            with pytest.raises((Denied, Invalid)):
                verify(PREFIX + base45.encode(bytes(raw)))
            raw[place] ^= 1 << bit
    assert verify(PREFIX + base45.encode(bytes(raw))).grant == GRANT


def test_identity_19_every_changed_character_is_refused() -> None:
    for place in range(len(GOOD)):
        other = "A" if GOOD[place] != "A" else "B"
        with pytest.raises((Denied, Invalid)):
            verify(GOOD[:place] + other + GOOD[place + 1 :])


@pytest.mark.parametrize("algorithm", [0, -8, 5, 4, -35])
def test_identity_20_another_algorithm_is_refused(algorithm: int) -> None:
    """Also HS256 (5) with the public key as the secret."""
    header = encode({1: algorithm, 4: bytes([KEY_ID])})
    content = encode(PAYLOAD)
    to_sign = encode(["Signature1", header, AAD, content])
    secret = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    tag = hmac.digest(secret, to_sign, "sha256")
    for signature in (es256(KEY)(to_sign), tag, tag + tag, tag + bytes(32), b""):
        forged = PREFIX + base45.encode(encode([header, {}, content, signature]))
        with pytest.raises(Invalid, match=r"pass\.malformed"):
            verify(forged)


def test_identity_21_unknown_and_foreign_issuers_are_refused() -> None:
    with pytest.raises(Denied, match=r"pass\.issuer"):
        verify(sign_pass(CLAIMS, key_id=KEY_ID + 1, key=KEY))
    with pytest.raises(Denied, match=r"pass\.signature"):
        verify(sign_pass(CLAIMS, key_id=KEY_ID, key=OTHER_KEY))
    with pytest.raises(Denied, match=r"pass\.issuer"):
        verify(GOOD, issuers={})


def test_identity_22_a_pass_for_another_bank_is_refused() -> None:
    with pytest.raises(Denied, match=r"pass\.audience"):
        verify(GOOD, audience=OTHER_BANK.public_code)


@pytest.mark.parametrize(
    ("ms", "code"),
    [
        (-SECOND_MS, "pass.not_yet"),
        (-1, "pass.not_yet"),
        (0, None),
        (7 * DAY_MS - 1, None),
        (7 * DAY_MS, "pass.expired"),
        (7 * DAY_MS + SECOND_MS, "pass.expired"),
    ],
)
def test_identity_23_a_pass_counts_exactly_within_its_times(ms: int, code: str | None) -> None:
    if code is None:
        assert verify(GOOD, now=after(NOON, ms)).grant == GRANT
    else:
        with pytest.raises(Denied) as refused:
            verify(GOOD, now=after(NOON, ms))
        assert refused.value.code == code


@pytest.mark.parametrize("life_s", [-3600, 0, 31 * 86400 + 1, 100 * 366 * 86400, 2**64 - 1 - 2**31])
def test_identity_23_an_impossible_life_is_refused(life_s: int) -> None:
    start = NOON // SECOND_MS
    with pytest.raises(Denied, match=r"pass\.life"):
        verify(pass_of({**PAYLOAD, 4: start + life_s}))
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        sign_pass(
            replace(CLAIMS, not_after=after(NOON, life_s * SECOND_MS)), key_id=KEY_ID, key=KEY
        )


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.PICKUP])
def test_identity_24_a_pass_for_another_purpose_is_refused(purpose: Purpose) -> None:
    other = sign_pass(replace(CLAIMS, purpose=purpose), key_id=KEY_ID, key=KEY)
    with pytest.raises(Denied, match=r"pass\.purpose"):
        verify(other)
    with pytest.raises(Denied, match=r"pass\.purpose"):
        verify(GOOD, purpose=purpose)


@pytest.mark.parametrize("aad", [b"", b"locker-pass/2", b"trust-bundle/1"])
def test_identity_25_a_signature_for_another_context_is_refused(aad: bytes) -> None:
    with pytest.raises(Denied, match=r"pass\.signature"):
        verify(pass_of(PAYLOAD, aad=aad))


BOMBS = {
    "nested 10^4": b"\x81" * 10_000,
    "nested, short": b"\x81" * 300,
    "indefinite": b"\x9f" * 300,
    "endless bytes": b"\x5b" + b"\xff" * 8,
    "endless array": b"\x9b" + b"\xff" * 8,
    "tags": b"\xc5" * 300,
    "shared references": b"\xd8\x1c\x81\xd8\x1d\x00" * 50,
    "tagged pass": b"\xd2" + base45.decode(GOOD.removeprefix(PREFIX)),
    "trailing byte": base45.decode(GOOD.removeprefix(PREFIX)) + b"\x00",
    "big float": cbor2.dumps(cbor2.CBORTag(5, [2**62, 1])),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("where", ["outside", "payload", "header"])
def test_identity_26_cbor_bombs_are_refused(name: str, where: str) -> None:
    bomb, head = BOMBS[name], encode({1: -7, 4: bytes([KEY_ID])})
    match where:
        case "outside":
            data = bomb
        case "payload":
            signature = es256(KEY)(encode(["Signature1", head, AAD, bomb]))
            data = encode([head, {}, bomb, signature])
        case _:
            data = encode([bomb, {}, encode(PAYLOAD), bytes(64)])
    text = PREFIX + base45.encode(data)
    started = time.thread_time()
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(text)
    assert time.thread_time() - started < 0.005, name
    tracemalloc.start()
    with pytest.raises(Invalid):
        verify(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 256 * 1024, name


@pytest.mark.parametrize(
    "text", ["", "L1:", "L1::::", "L1:A", "L1:bb8", "L1:" + "0" * 10_000, "L2:BB8"]
)
def test_identity_27_what_is_not_base45_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(text)


def test_identity_27_lower_case_is_refused() -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(GOOD.lower())
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(PREFIX + GOOD.removeprefix(PREFIX).lower())


def test_identity_28_the_other_signature_is_the_same_pass() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw = base45.decode(GOOD.removeprefix(PREFIX))
    other_s = order - int.from_bytes(raw[-32:], "big")
    twin = PREFIX + base45.encode(raw[:-32] + other_s.to_bytes(32, "big"))
    assert twin != GOOD
    assert verify(twin) == verify(GOOD)
    consumed = {verify(GOOD).digest}
    assert verify(twin).digest in consumed


@pytest.mark.parametrize(
    "change",
    [
        {3: 7},
        {3: b"0001081g81"},
        {3: "0001081g8"},
        {4: "1"},
        {5: -5},
        {7: bytes(15)},
        {7: "0" * 16},
        {-65537: 0},
        {-65537: 99},
        {-65538: 16},
        {-65538: -1},
        {-65538: b""},
        {-65539: bytes(8)},
        {-65539: 7},
        {99: 0},
        {"iss": "x"},
    ],
)
def test_other_claims_are_refused_even_when_signed(change: dict[int | str, Cbor]) -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(pass_of({**PAYLOAD, **change}))


@pytest.mark.parametrize("claim", list(PAYLOAD))
def test_a_missing_claim_is_refused(claim: int) -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(pass_of({key: value for key, value in PAYLOAD.items() if key != claim}))


def test_a_payload_that_is_no_map_is_refused() -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(pass_of([1, 2]))


@given(st.text(max_size=600) | st.text(alphabet=base45.ALPHABET, max_size=600).map(PREFIX.__add__))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(Invalid, match=r"pass\.malformed"):
        verify(text)


def test_the_digest_is_of_the_signed_structure() -> None:
    head = encode({1: -7, 4: bytes([KEY_ID])})
    to_sign = encode(["Signature1", head, AAD, encode(PAYLOAD)])
    assert verify(GOOD).digest == hashlib.sha256(to_sign).digest()
    assert verify(GOOD, now=after(NOON, HOUR_MS)).digest == verify(GOOD).digest
