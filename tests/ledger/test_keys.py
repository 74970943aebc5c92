from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st

import ed25519_oracle as curve
from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import (
    COSIGNATURE,
    COSIGNATURE_MLDSA,
    ECDSA_P256,
    ED25519,
    Signer,
    VerifierKey,
    check_name,
    cosigner,
    ecdsa_signer,
    parse_vkey,
)
from bayward.ledger.strict import base64_text
from ledger_bench import (
    IMPOSTOR,
    LOG,
    ORIGIN,
    TPM_LOG,
    WITNESS,
    attempt,
    ed25519_key,
    refused,
    witness,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "ledger" / "ed25519.json"
TEXT = b"a text\n"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# Examples of c2sp.org/signed-note and of golang.org/x/mod/sumdb/note.
PUBLISHED = [
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
]


def spki(private: ec.EllipticCurvePrivateKey, compressed: bool = False) -> bytes:
    public = private.public_key()
    if not compressed:
        return public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    return head + point


@pytest.mark.parametrize("vkey", PUBLISHED)
def test_published_vkeys_go_there_and_back(vkey: str) -> None:
    key = parse_vkey(vkey)
    assert key.vkey == vkey
    assert key.kind == ED25519


def test_no_part_and_no_bent_form_of_a_vkey_is_one() -> None:
    """The manglings of golang.org/x/mod: every substring, every byte raised by one."""
    vkey = PUBLISHED[1]
    bad = {vkey[a:b] for a in range(len(vkey)) for b in range(a + 1, len(vkey) + 1)} - {vkey}
    bad |= {vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))}
    bad |= {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        vkey.replace("c74f20a3", "C74F20A3"),
        "PeterNeumann+c74f20a3+",
    }
    for one in sorted(bad):
        with pytest.raises(Malformed):
            parse_vkey(one)


def test_key_ids() -> None:
    """SHA-256(name ‖ newline ‖ type ‖ key), but of SPKI alone for ECDSA."""
    raw = LOG.key.public
    assert LOG.key.id == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
    assert VerifierKey(ORIGIN, COSIGNATURE, raw).id != LOG.key.id
    assert TPM_LOG.key.id == hashlib.sha256(TPM_LOG.key.public).digest()[:4]
    assert parse_vkey(TPM_LOG.key.vkey) == TPM_LOG.key
    assert parse_vkey(witness().key.vkey) == witness().key


@pytest.mark.parametrize("signer", [LOG, TPM_LOG])
def test_signatures_of_logs(signer: Signer) -> None:
    signature = signer.sign_text(TEXT)
    assert signature == signer.sign_text(TEXT), "signing needs no randomness"
    assert signer.key.verify(TEXT, signature) is None
    for text, bad in (
        (TEXT + b"\n", signature),
        (TEXT, signature[:-1]),
        (TEXT, signature + b"\0"),
        (TEXT, b""),
        (TEXT, bytes([signature[0] ^ 1]) + signature[1:]),
        (TEXT, signature[:-1] + bytes([signature[-1] ^ 1])),
    ):
        with refused(Unverified, "signature"):
            signer.key.verify(text, bad)


def test_cosignatures_carry_their_time() -> None:
    signer = witness(1679315147)
    signature = signer.sign_text(TEXT)
    assert signature[:8] == (1679315147).to_bytes(8, "big")
    assert signer.key.verify(TEXT, signature) == 1679315147
    later = (1679315148).to_bytes(8, "big") + signature[8:]
    with refused(Unverified, "signature.invalid"):
        signer.key.verify(TEXT, later)
    with refused(Unverified, "signature.time"):
        signer.key.verify(TEXT, b"\xff" * 8 + signature[8:])
    with refused(Unverified, "signature.form"):
        signer.key.verify(TEXT, b"")
    for time in (-1, 2**63):
        with refused(Malformed, "signature.time"):
            cosigner(WITNESS, ed25519_key("witness"), time)


def test_audit_07_a_cosignature_is_not_a_signature_of_a_log() -> None:
    private = ed25519_key("one key, two roles")
    as_log = VerifierKey("x", ED25519, private.public_key().public_bytes_raw())
    signature = cosigner("x", private, 1).sign_text(TEXT)
    for bad in (signature, signature[8:]):
        with pytest.raises(Unverified):
            as_log.verify(TEXT, bad)
    as_witness = VerifierKey("x", COSIGNATURE, as_log.public)
    with pytest.raises(Unverified):
        as_witness.verify(TEXT, bytes(8) + private.sign(TEXT))


def test_audit_06_same_name_and_key_id_but_another_key() -> None:
    """Four bytes can be collided; a verifier holds the key and is not misled by its id."""

    class Collided(VerifierKey):
        @property
        def id(self) -> bytes:
            return LOG.key.id

    forged = IMPOSTOR.sign_text(TEXT)
    collided = Collided(ORIGIN, ED25519, IMPOSTOR.key.public)
    assert (collided.name, collided.id) == (LOG.key.name, LOG.key.id)
    with refused(Unverified, "signature.invalid"):
        LOG.key.verify(TEXT, forged)
    with refused(Malformed, "key.id"):
        parse_vkey(collided.vkey)


def strict(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        VerifierKey("x", ED25519, key).verify(message, signature)
    except LedgerError:
        return False
    return True


def test_audit_06_ed25519_edge_cases_follow_the_strict_rule() -> None:
    """Low-order and non-canonical keys and R, mixed-order points, residues, s + L."""
    cases = json.loads(VECTORS.read_text())
    accepted = 0
    for key, signature, message, accept in cases:
        found = strict(bytes.fromhex(key), bytes.fromhex(signature), message.encode())
        assert found == accept, (key, signature, message)
        accepted += found
    assert (len(cases), accepted) == (716, 30)


def test_audit_06_every_spelling_of_a_small_order_key_is_refused() -> None:
    for place in curve.places(0):
        with refused(Malformed, "key.public"):
            VerifierKey("x", ED25519, place.encoded)


def test_the_oracle_makes_the_keys_the_library_makes() -> None:
    """The curve of the test is the curve of the world: an honest key, computed by hand."""
    seed = hashlib.sha256(b"oracle").digest()
    half = bytearray(hashlib.sha512(seed).digest()[:32])
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    expected = curve.encode(curve.times(int.from_bytes(half, "little"), curve.BASE))
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    assert private.public_key().public_bytes_raw() == expected


def test_audit_06_ecdsa_is_strict_der() -> None:
    signature = TPM_LOG.sign_text(TEXT)
    r, s = decode_dss_signature(signature)
    long_form = b"\x30\x81" + signature[1:]
    padded = b"\x30" + bytes([signature[1] + 1, 2, signature[3] + 1, 0]) + signature[4:]
    negative = bytes.fromhex("30060201ff020101")
    for bad in (long_form, padded, negative, signature + b"\0", b"\x30\0", signature[2:]):
        with refused(Unverified, "signature"):
            TPM_LOG.key.verify(TEXT, bad)
    for pair in ((0, s), (r, 0), (r + P256_ORDER, s), (r, s + P256_ORDER)):
        with refused(Unverified, "signature"):
            TPM_LOG.key.verify(TEXT, encode_dss_signature(*pair))


def test_both_halves_of_s_are_accepted() -> None:
    """TPMs and HSMs produce either; nothing here takes a signature for an identifier."""
    r, s = decode_dss_signature(TPM_LOG.sign_text(TEXT))
    for half in (s, P256_ORDER - s):
        TPM_LOG.key.verify(TEXT, encode_dss_signature(r, half))


def test_keys_that_are_none() -> None:
    p256 = ec.derive_private_key(7, ec.SECP256R1())
    for kind, public in (
        (ED25519, b""),
        (ED25519, bytes(31)),
        (COSIGNATURE, bytes(32)),
        (COSIGNATURE_MLDSA, bytes(1311)),
        (ED25519, b"\xff" * 32),
        (ECDSA_P256, b""),
        (ECDSA_P256, spki(p256) + b"\0"),
        (ECDSA_P256, spki(p256, compressed=True)),
        (ECDSA_P256, spki(ec.derive_private_key(7, ec.SECP384R1()))),
        (ECDSA_P256, LOG.key.public),
    ):
        with refused(Malformed, "key.public"):
            VerifierKey("x", kind, public)
    for kind in (0, 3, 5, 7, 255):
        with refused(Malformed, "key.kind"):
            VerifierKey("x", kind, LOG.key.public)


def test_an_ed25519_key_in_spki_is_no_p256_key() -> None:
    der = (
        ed25519_key("x")
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with refused(Malformed, "key.public: not on the curve"):
        VerifierKey("x", ECDSA_P256, der)


def test_a_p256_signer_of_another_curve_is_refused() -> None:
    with refused(Malformed, "key.public"):
        ecdsa_signer("x", ec.derive_private_key(7, ec.SECP384R1()))


def test_the_signature_is_over_sha256_of_the_text() -> None:
    private = ec.derive_private_key(9, ec.SECP256R1())
    signature = private.sign(TEXT, ec.ECDSA(hashes.SHA256()))
    assert ecdsa_signer("x", private).key.verify(TEXT, signature) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a+b",
        "a\xa0b",
        "a\u2003b",
        "a\u2028",
        "a\tb",
        "a\x00",
        "a\x85",
        "\ud800",
        "x" * 256,
    ],
)
def test_audit_06_bad_names(name: str) -> None:
    with refused(Malformed, "key.name"):
        check_name(name)


@given(st.text(), st.binary(max_size=80))
def test_any_text_is_a_vkey_or_refused(text: str, raw: bytes) -> None:
    for vkey in (text, f"x+00000000+{base64_text(raw)}"):
        found = attempt(partial(parse_vkey, vkey), "key.")
        assert found is None or found.vkey == vkey


@given(st.binary(max_size=80))
def test_any_bytes_are_a_signature_or_refused(raw: bytes) -> None:
    for key in (LOG.key, TPM_LOG.key, witness().key):
        with pytest.raises(Unverified):
            key.verify(TEXT, raw)
