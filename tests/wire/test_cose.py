from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bayward.core.errors import Denied, Invalid
from bayward.wire.cbor import Cbor, encode
from bayward.wire.cose import es256, read1, sign1

AAD = b"bayward/test/1"
KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
ISSUERS = {7: KEY.public_key()}


def test_a_signed_object_is_read_and_verified() -> None:
    signed = read1(sign1({1: "one"}, aad=AAD, key_id=7, sign=es256(KEY)), aad=AAD)
    signed.verify(ISSUERS)
    assert signed.payload == {1: "one"}
    assert signed.key_id == 7


def test_the_signature_covers_the_structure_of_rfc_9052() -> None:
    """RFC 9052 section 4.4, written out by hand."""
    signed = read1(sign1("x", aad=AAD, key_id=7, sign=es256(KEY)), aad=AAD)
    by_hand = b"\x84\x6aSignature1\x46\xa2\x01\x26\x04\x41\x07\x4e" + AAD + b"\x42\x61x"
    assert signed.signed_bytes == by_hand
    r, s = (int.from_bytes(half, "big") for half in (signed.signature[:32], signed.signature[32:]))
    KEY.public_key().verify(encode_dss_signature(r, s), by_hand, ec.ECDSA(hashes.SHA256()))


def test_signing_twice_gives_the_same_bytes() -> None:
    one, two = (sign1(1, aad=AAD, key_id=7, sign=es256(KEY)) for _ in range(2))
    assert one == two


def test_a_signature_for_another_context_is_refused() -> None:
    signed = read1(sign1(1, aad=b"another", key_id=7, sign=es256(KEY)), aad=AAD)
    with pytest.raises(Denied, match=r"cose\.signature"):
        signed.verify(ISSUERS)


@pytest.mark.parametrize(
    "issuers",
    [
        {},
        {8: KEY.public_key()},
        {7: ec.derive_private_key(0xC0FFEE, ec.SECP384R1()).public_key()},
    ],
)
def test_an_unknown_key_or_curve_is_refused(issuers: dict[int, ec.EllipticCurvePublicKey]) -> None:
    signed = read1(sign1(1, aad=AAD, key_id=7, sign=es256(KEY)), aad=AAD)
    with pytest.raises(Denied, match=r"cose\.key"):
        signed.verify(issuers)


def test_signatures_of_zero_and_of_the_order_are_refused() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for r, s in [(0, 0), (0, 1), (1, 0), (order, 1), (1, order), (2**256 - 1, 2**256 - 1)]:
        forged: Callable[[bytes], bytes] = lambda _, r=r, s=s: (  # type: ignore[misc] # noqa: E731 - defaults bind the loop
            r.to_bytes(32, "big") + s.to_bytes(32, "big")
        )
        signed = read1(sign1(1, aad=AAD, key_id=7, sign=forged), aad=AAD)
        with pytest.raises(Denied, match=r"cose\.signature"):
            signed.verify(ISSUERS)


def test_a_signer_that_answers_in_der_is_refused() -> None:
    with pytest.raises(Invalid, match=r"cose\.signature_length"):
        sign1(1, aad=AAD, key_id=7, sign=lambda m: KEY.sign(m, ec.ECDSA(hashes.SHA256())))


@pytest.mark.parametrize("key_id", [-1, 256])
def test_a_key_id_is_one_byte(key_id: int) -> None:
    with pytest.raises(Invalid, match=r"cose\.key_id"):
        sign1(1, aad=AAD, key_id=key_id, sign=es256(KEY))


GOOD = encode({1: -7, 4: b"\x07"})


@pytest.mark.parametrize(
    "value",
    [
        1,
        [],
        [GOOD, {}, encode(1)],
        [GOOD, {}, encode(1), bytes(64), 0],
        [GOOD, {4: b"\x07"}, encode(1), bytes(64)],  # an unprotected key id
        [GOOD, [], encode(1), bytes(64)],
        [GOOD, {}, "text", bytes(64)],
        [GOOD, {}, encode(1), bytes(63)],
        [GOOD, {}, encode(1), bytes(65)],
        [b"", {}, encode(1), bytes(64)],
        [encode({4: b"\x07"}), {}, encode(1), bytes(64)],
        [encode({1: -7}), {}, encode(1), bytes(64)],
        [encode({1: -7, 4: b"\x07\x07"}), {}, encode(1), bytes(64)],
        [encode({1: -7, 4: 7}), {}, encode(1), bytes(64)],
        [encode({1: "ES256", 4: b"\x07"}), {}, encode(1), bytes(64)],
        [encode({1: -7, 2: [1], 4: b"\x07"}), {}, encode(1), bytes(64)],
        [GOOD, {}, b"", bytes(64)],
        [GOOD, {}, b"\x00\x00", bytes(64)],
        [GOOD + b"\x00", {}, encode(1), bytes(64)],
    ],
)
def test_another_form_is_refused(value: Cbor) -> None:
    with pytest.raises(Invalid):
        read1(encode(value), aad=AAD)


@pytest.mark.parametrize("algorithm", [-8, -35, -257, 5, 0])
def test_another_algorithm_is_refused_by_name(algorithm: int) -> None:
    header = encode({1: algorithm, 4: b"\x07"})
    with pytest.raises(Invalid, match=r"cose\.algorithm"):
        read1(encode([header, {}, encode(1), bytes(64)]), aad=AAD)


def test_a_tagged_object_is_refused() -> None:
    data = sign1(1, aad=AAD, key_id=7, sign=es256(KEY))
    with pytest.raises(Invalid):
        read1(b"\xd2" + data, aad=AAD)
