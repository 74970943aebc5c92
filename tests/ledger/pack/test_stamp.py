"""Time stamps, right and wrong (audit.md §9, group 17): one word from all three verifiers."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from bayward.ledger.errors import LedgerError
from bayward.ledger.pack.stamp import TOKEN_BYTES_MAX, Stamp, read_stamp
from pack_bench import standalone
from page_bench import Page
from stamp_bench import AT, DAY, TIME, Token, certificate, ec_key, rsa_key

DATA = b"the tag manifest"
FOREIGN = json.loads((Path(__file__).parents[2] / "vectors/foreign/stamps.json").read_text())
Judge = Callable[..., Stamp | str]


@pytest.fixture
def judged(page: Page) -> Judge:
    """What a token says, or the code of what is wrong; all three must agree."""

    def judge(token: bytes, data: bytes = DATA) -> Stamp | str:
        try:
            said: Stamp | str = read_stamp(token, data)
        except LedgerError as error:
            said = error.code
        tool: Any = standalone()
        try:
            found: Any = tool.read_stamp(token, data)
        except tool.Bad as error:
            found = error.code
        told = page.ask("stamp", file=token, message=data)
        if isinstance(said, str):
            assert isinstance(found, str), found
            assert set(told) == {"error"}, told
            assert said.split(".")[0] in {"stamp", "der", "key"}, said
            return said
        expected = {"time": said.time, "fingerprint": said.fingerprint, "signer": said.signer}
        assert expected == found == told
        return said

    return judge


MAKES = {
    "P-256": Token(),
    "P-384": Token(key=ec_key(384)),
    "P-384 with SHA-512": Token(key=ec_key(384), digest="sha512"),
    "P-256 with SHA-384": Token(digest="sha384", imprint="sha512"),
    "RSA": Token(key=rsa_key()),
    "RSA, told as rsaEncryption": Token(key=rsa_key(), is_bare=True, digest="sha512"),
    "RSA-PSS": Token(key=rsa_key(), salt=32),
    "RSA-PSS without salt": Token(key=rsa_key(), salt=0, digest="sha384"),
    "named by SHA-1": Token(older=True),
    "with a nonce": Token(nonce=2**63 + 1),
    "to the millisecond": Token(time=TIME + ".123Z"),
    "granted with changes": Token(status=1),
}


@pytest.mark.parametrize("make", MAKES)
def test_what_an_authority_says(judged: Judge, make: str) -> None:
    token = MAKES[make]
    expected = hashlib.sha256(certificate(token.key)).hexdigest()
    assert judged(token.over(DATA)) == Stamp(TIME, expected, "Stamps")


@pytest.mark.parametrize("name", FOREIGN["tokens"])
def test_tokens_of_authorities_out_there(judged: Judge, name: str) -> None:
    told = FOREIGN["tokens"][name]
    found = judged(b64decode(told["token"]), told["data"].encode())
    if "code" in told:
        assert found == told["code"]
    else:
        assert found == Stamp(told["time"], told["fingerprint"], told["signer"])


@pytest.mark.parametrize("make", MAKES)
def test_audit_17_token_for_another_digest(judged: Judge, make: str) -> None:
    assert judged(MAKES[make].over(b"something else")) == "stamp.imprint"


OTHER = certificate(ec_key(), name="Other")
WRONG = {
    "refused by the authority": (Token(status=2), "stamp.status"),
    "expired": (Token(certificates=(certificate(ec_key(), end=AT - DAY / 24),)), "stamp.expired"),
    "not valid yet": (Token(certificates=(certificate(ec_key(), start=AT + DAY / 24),)),
                      "stamp.expired"),
    "for web servers": (Token(certificates=(
        certificate(ec_key(), usages=[ExtendedKeyUsageOID.SERVER_AUTH]),)), "stamp.usage"),
    "for web servers too": (Token(certificates=(certificate(ec_key(), usages=[
        ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH]),)), "stamp.usage"),
    "for nothing in particular": (Token(certificates=(certificate(ec_key(), usages=[]),)),
                                  "stamp.usage"),
    "not critical": (Token(certificates=(certificate(ec_key(), critical=False),)), "stamp.usage"),
    "no certificate in it": (Token(certificates=(certificate(ec_key(), serial=1),),
                                   named=certificate(ec_key())), "stamp.certificate"),
    "injected": (Token(certificates=(OTHER,), named=certificate(ec_key())), "stamp.certificate"),
    "another's key": (Token(key=ec_key(384), certificates=(OTHER,)), "stamp.signature"),
    "another's RSA": (Token(key=rsa_key(), certificates=(OTHER,)), "stamp.method"),
    "over another kind of content": (Token(content_type="2a864886f70d010701"),
                                     "stamp.attribute"),
    "local time": (Token(time=TIME + "+0100"), "stamp.time"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_audit_17_wrong_tokens(judged: Judge, name: str) -> None:
    token, code = WRONG[name]
    assert judged(token.over(DATA)) == code


def test_audit_17_an_injected_certificate_beside_the_true_one(judged: Judge) -> None:
    """The same issuer and number: which one is meant, the signature itself says."""
    true = certificate(ec_key())
    for pair in ((OTHER, true), (true, OTHER)):
        found = judged(Token(certificates=pair, named=true).over(DATA))
        assert isinstance(found, Stamp)
        assert found.signer == "Stamps"


def test_audit_17_a_nonce_is_for_who_asked(judged: Judge) -> None:
    """Two answers to two questions are two true stamps for who did not ask."""
    tokens = {replace(Token(), nonce=n).over(DATA) for n in (1, 2)}
    assert len(tokens) == 2
    assert {judged(one) for one in tokens} == {judged(Token().over(DATA))}


@pytest.mark.parametrize("make", ["P-256", "P-384", "RSA", "RSA-PSS"])
def test_audit_17_any_byte_of_a_token(judged: Judge, make: str) -> None:
    """A flipped bit is refused, or it is in nothing that the signature or this reader covers."""
    raw = MAKES[make].over(DATA)
    true = judged(raw)
    for at in range(0, len(raw), 5):
        changed = raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]
        assert isinstance(found := judged(changed), str) or found == true


def test_what_is_no_token(judged: Judge) -> None:
    raw = Token().over(DATA)
    for broken in (b"", b"0", raw[:-1], raw + b"x", raw[9:], b"\x30\x80" + raw[4:], b"\xff" * 40):
        assert isinstance(judged(broken), str)
    assert judged(bytes(TOKEN_BYTES_MAX + 1)) == "stamp.length"
