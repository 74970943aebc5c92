from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.core.errors import Denied, Invalid, Misconfigured
from bayward.core.ids import BankId, GrantId, PersonId
from bayward.wire.letters import open_letter, seal

BANK, OTHER_BANK = BankId.of(bytes(16)), BankId.of(b"\x01" * 16)
GRANT, OTHER_GRANT = GrantId.of(bytes(16)), GrantId.of(b"\x01" * 16)
KEY = ec.derive_private_key(0x1E77E4, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(0x1E77E5, ec.SECP256R1())
LETTER = seal("01234567", KEY.public_key(), BANK, GRANT)


def test_a_letter_is_opened_by_whom_it_is_for() -> None:
    assert open_letter(LETTER, KEY, BANK, GRANT) == "01234567"
    courier = PersonId.of(bytes(16))
    assert open_letter(seal("7", KEY.public_key(), BANK, courier), KEY, BANK, courier) == "7"


def test_a_letter_does_not_show_the_code_and_is_never_the_same() -> None:
    assert b"01234567" not in LETTER
    assert seal("01234567", KEY.public_key(), BANK, GRANT) != LETTER


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    block, out = b"", b""
    for count in range(1, 3):
        block = hmac.digest(key, block + info + bytes([count]), "sha256")
        out += block
    return out[:length]


def test_a_letter_is_plain_rfc_9180() -> None:
    """Opened by a second implementation, written from sections 4, 4.1 and 5.1."""
    kem = b"KEM\x00\x10"
    suite = b"HPKE\x00\x10\x00\x01\x00\x02"

    def extract(suite_id: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + ikm, "sha256")

    def expand(suite_id: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
        return _expand(
            prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + info, length
        )

    enc, ciphertext = LETTER[:65], LETTER[65:]
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
    ours = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    eae = extract(kem, b"", b"eae_prk", KEY.exchange(ec.ECDH(), ephemeral))
    shared = expand(kem, eae, b"shared_secret", enc + ours, 32)
    info = b"bayward/letter/1 " + BANK.encode() + b" " + GRANT.encode()
    context = (
        b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    )
    secret = extract(suite, shared, b"secret", b"")
    key = expand(suite, secret, b"key", context, 32)
    nonce = expand(suite, secret, b"base_nonce", context, 12)
    assert AESGCM(key).decrypt(nonce, ciphertext, b"") == b"01234567"


@pytest.mark.parametrize(
    ("key", "bank", "grant"),
    [(OTHER_KEY, BANK, GRANT), (KEY, OTHER_BANK, GRANT), (KEY, BANK, OTHER_GRANT)],
)
def test_a_letter_for_another_key_bank_or_grant_stays_shut(
    key: ec.EllipticCurvePrivateKey, bank: BankId, grant: GrantId
) -> None:
    with pytest.raises(Denied, match=r"letter\.sealed"):
        open_letter(LETTER, key, bank, grant)


def test_identity_14_a_letter_in_a_stolen_outbox_stays_shut() -> None:
    """The thief has the letter, everything public, and a key of his own."""
    thief = ec.derive_private_key(int.from_bytes(hashlib.sha256(LETTER).digest()), ec.SECP256R1())
    with pytest.raises(Denied, match=r"letter\.sealed"):
        open_letter(LETTER, thief, BANK, GRANT)


def test_a_changed_bit_is_refused() -> None:
    for place in range(len(LETTER)):
        changed = LETTER[:place] + bytes([LETTER[place] ^ 1]) + LETTER[place + 1 :]
        with pytest.raises((Denied, Invalid)):
            open_letter(changed, KEY, BANK, GRANT)


@pytest.mark.parametrize(
    "sealed",
    [b"", b"x", LETTER[:64], LETTER[:65], LETTER[:80], bytes(2000)],
    ids=["empty", "a byte", "half a key", "only a key", "no tag", "too long"],
)
def test_what_is_no_letter_is_refused(sealed: bytes) -> None:
    with pytest.raises((Denied, Invalid), match=r"letter\."):
        open_letter(sealed, KEY, BANK, GRANT)


def test_a_key_on_another_curve_is_refused() -> None:
    wrong = ec.derive_private_key(7, ec.SECP384R1())
    with pytest.raises(Misconfigured, match=r"letter\.key"):
        seal("7", wrong.public_key(), BANK, GRANT)
    with pytest.raises(Misconfigured, match=r"letter\.key"):
        open_letter(LETTER, wrong, BANK, GRANT)


def test_a_letter_that_holds_no_text_is_refused() -> None:
    info = b"bayward/letter/1 " + BANK.encode() + b" " + GRANT.encode()
    suite = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    with pytest.raises(Invalid, match=r"letter\.malformed"):
        open_letter(suite.encrypt(b"\xff", KEY.public_key(), info), KEY, BANK, GRANT)
