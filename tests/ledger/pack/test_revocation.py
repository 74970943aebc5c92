"""Revocation of a time-stamp authority's certificate: one word from all three verifiers."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bayward.ledger.pack.revocation import LIST_BYTES_MAX
from page_bench import Page
from revocation_bench import (
    BEFORE,
    GOOD,
    INVALID,
    LATER,
    OPEN,
    REVOKED,
    SERIAL,
    Judge,
    Reason,
    judge_by,
    listed,
    own,
    pack,
)
from stamp_bench import AT, DAY, Token, ec_key


@pytest.fixture
def judged(page: Page, tmp_path: Path) -> Judge:
    return judge_by(page, tmp_path)


CASES = {
    "nothing revoked": (listed(), GOOD),
    "another one revoked": (listed((1, BEFORE, None), (4712, BEFORE, None)), GOOD),
    "made after the stamp": (listed(since=LATER, until=AT + 9 * DAY), GOOD),
    "old": (listed(since=AT - 9 * DAY, until=AT - 8 * DAY), OPEN),
    "of a part": (listed((SERIAL, BEFORE, None), is_part=True), OPEN),
    "revoked before": (listed((1, BEFORE, None), (SERIAL, BEFORE, Reason.superseded)), REVOKED),
    "revoked at that second": (listed((SERIAL, AT, Reason.superseded)), REVOKED),
    "revoked before, in an old list": (
        listed((SERIAL, AT - 9 * DAY, None), since=AT - 9 * DAY, until=AT - 8 * DAY),
        REVOKED,
    ),
    "superseded after": (listed((SERIAL, LATER, Reason.superseded), until=AT + 9 * DAY), GOOD),
    "out of business after": (listed((SERIAL, LATER, Reason.cessation_of_operation)), GOOD),
    "key lost after": (listed((SERIAL, LATER, Reason.key_compromise)), REVOKED),
    "after, and nobody says why": (listed((SERIAL, LATER, None)), REVOKED),
    "of another issuer": (listed(issuer="Toor"), INVALID),
    "signed by somebody else": (listed(root=ec_key(384)), INVALID),
    "bent": (listed()[:-1] + b"\0", INVALID),
    "nonsense": (b"nonsense", INVALID),
    "too long": (b"\x30" + bytes(LIST_BYTES_MAX), INVALID),
}


@pytest.mark.parametrize("what", CASES)
def test_audit_17_what_a_list_says_of_the_certificate_of_a_stamp(judged: Judge, what: str) -> None:
    crl, expected = CASES[what]
    assert judged(pack(crl)) == expected


def test_audit_17_a_list_and_a_root_that_are_somebody_elses(judged: Judge) -> None:
    """With the right name: what counts is the key that signed the authority's certificate."""
    other = ec_key(384)
    assert judged(pack(listed(root=other), own(other))) == INVALID


def test_audit_17_any_byte_of_a_list(judged: Judge) -> None:
    crl = listed((SERIAL, BEFORE, Reason.superseded), (9, BEFORE, None))
    rng = random.Random(17)
    for at in rng.sample(range(len(crl)), 40):
        bent = crl[:at] + bytes([crl[at] ^ 1 << rng.randrange(8)]) + crl[at + 1 :]
        faults, _ = judged(pack(bent))
        assert set(faults) <= {"revocation list invalid"}
        issuer = bytearray(own())
        issuer[rng.randrange(len(issuer))] ^= 1
        judged(
            pack(crl, bytes(issuer))
        )  # a root's own signature is nobody's business; all say the same


CONFIG = """
[ca]
default_ca = one
[one]
database = {folder}/index.txt
serial = {folder}/serial
crlnumber = {folder}/crlnumber
new_certs_dir = {folder}
certificate = {folder}/root.pem
private_key = {folder}/root.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = any
crl_extensions = crl
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid:always
[stamping]
extendedKeyUsage = critical,timeStamping
"""


def test_a_list_that_openssl_made(judged: Judge, tmp_path: Path) -> None:
    """`openssl ca -gencrl`, before and after the authority's certificate is revoked."""

    def openssl(*words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def der(file: str, kind: str) -> bytes:
        openssl(kind, "-in", file, "-outform", "DER", "-out", "out.der")
        return (tmp_path / "out.der").read_bytes()

    for file, text in (("index.txt", ""), ("serial", "1001\n"), ("crlnumber", "01\n")):
        (tmp_path / file).write_text(text)
    (tmp_path / "ca.cnf").write_text(CONFIG.format(folder=tmp_path))
    pem = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "tsa.key").write_bytes(pem)
    ca = ("ca", "-config", "ca.cnf", "-batch")
    made = ("-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Root", "-days", "60")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *made)
    openssl("req", "-new", "-key", "tsa.key", "-subj", "/CN=Stamps", "-out", "tsa.csr")
    openssl(*ca, "-in", "tsa.csr", "-out", "tsa.pem", "-extensions", "stamping", "-notext")
    openssl(*ca, "-gencrl", "-out", "good.crl")
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    token = Token(certificates=(der("tsa.pem", "x509"),), time=f"{later:%Y%m%d%H%M%S}Z")
    root = der("root.pem", "x509")
    assert judged(pack(der("good.crl", "crl"), root, token)) == GOOD
    openssl(*ca, "-revoke", "tsa.pem", "-crl_reason", "superseded")
    openssl(*ca, "-gencrl", "-out", "revoked.crl")
    assert judged(pack(der("revoked.crl", "crl"), root, token)) == REVOKED
    older = Token(certificates=token.certificates, time=f"{later - DAY:%Y%m%d%H%M%S}Z")
    assert judged(pack(der("revoked.crl", "crl"), root, older))[0] == [
        "time stamp invalid",
        "time stamp invalid",
    ], "its certificate was not valid yet"
