from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.cloud.fleet.pki import create_root
from bayward.core.clock import Instant
from bayward.core.errors import Denied, Invalid
from bayward.wire.pins import PINS_MAX, check_pin, parse_pins, pin_of, pin_of_key

PIN_CHARS = 44  # base64 of 32 bytes

KEY = ec.derive_private_key(0xF00D, ec.SECP384R1())
CERTIFICATE = create_root(
    "locks.example", KEY, now=Instant(1_800_000_000_000), serial=1
).certificate
OTHER = base64.b64encode(bytes(32)).decode()


def test_a_pin_is_the_hash_of_the_public_key_info() -> None:
    spki = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert pin_of(CERTIFICATE) == base64.b64encode(hashlib.sha256(spki).digest()).decode()
    assert pin_of(CERTIFICATE) == pin_of_key(KEY.public_key())
    assert len(pin_of(CERTIFICATE)) == PIN_CHARS


def test_a_renewed_certificate_keeps_its_pin() -> None:
    later = create_root("locks.example", KEY, now=Instant(1_900_000_000_000), serial=2).certificate
    assert later != CERTIFICATE
    check_pin(later, parse_pins([pin_of(CERTIFICATE), OTHER]))


def test_another_key_is_refused_and_named() -> None:
    with pytest.raises(Denied, match=r"pins\.mismatch") as refused:
        check_pin(CERTIFICATE, parse_pins([OTHER]))
    assert refused.value.facts == {"found": pin_of(CERTIFICATE)}


@pytest.mark.parametrize(
    "pins",
    [
        [],
        [""],
        ["x" * PIN_CHARS],
        [OTHER[:-1]],
        [OTHER + "\n"],
        [OTHER[:-2] + "B="],  # the same bytes, spelt with spare bits
        [base64.b64encode(bytes(31)).decode()],
        [bytes(32).hex()],
        ["é" * PIN_CHARS],
        [base64.b64encode(bytes([n] * 32)).decode() for n in range(PINS_MAX + 1)],
    ],
)
def test_what_is_no_set_of_pins_is_refused(pins: list[str]) -> None:
    with pytest.raises(Invalid, match=r"pins\.malformed"):
        parse_pins(pins)
