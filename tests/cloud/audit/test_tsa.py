"""Time stamps by a real OpenSSL authority, and the attacks on them."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from bayward.cloud.audit.stamping import Revoked
from bayward.cloud.audit.tsa import Authority, check, fetch, post, read_roots
from bayward.core.errors import Invalid, Misconfigured, Unavailable
from bayward.ledger.pack.revocation import LIST_BYTES_MAX
from pack_bench import VERIFY_PY, PackBench, zipped
from tsa_bench import DAY, Issuer, Tsa, pem

DATA = b"the tag manifest"
NOW = dt.datetime.now(dt.UTC)  # OpenSSL's clock cannot be moved by hand
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ROOT = Issuer(NOW)
CERTIFICATE = ROOT.issue(KEY)


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[Tsa]:
    with Tsa(tmp_path / "tsa", KEY, CERTIFICATE) as one:
        yield one


def query(data: bytes = DATA) -> bytes:
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build().as_bytes()


def refused(raw: bytes, data: bytes = DATA, root: Issuer = ROOT, nonce: int | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        check(raw, data, [root.certificate], nonce=nonce)
    assert caught.value.code == "tsa.token"
    return str(caught.value.facts["detail"])


async def test_a_stamp_is_asked_for_verified_and_kept(tsa: Tsa) -> None:
    authority = Authority(tsa.url, [ROOT.certificate], post)
    raw = await authority.stamp(DATA)
    check(raw, DATA, [ROOT.certificate])
    assert await authority.stamp(DATA) != raw, "each has its own nonce and number"


async def lists(served: dict[str, bytes], url: str) -> bytes:
    if url not in served:
        raise Unavailable("tsa.unreachable", detail="404")
    return served[url]


LISTED = "http://crl.example/root.crl"


async def test_what_its_issuer_has_revoked_is_fetched_from_where_it_says(tmp_path: Path) -> None:
    """Only what the verifiers of a pack would take; else it is left out, and said."""
    certificate = ROOT.issue(KEY, listed_at=LISTED)
    with Tsa(tmp_path / "tsa", KEY, certificate) as tsa:
        served: dict[str, bytes] = {}
        authority = Authority(
            tsa.url,
            [Issuer(NOW, "Toor").certificate, ROOT.certificate],
            post,
            partial(lists, served),
        )
        raw = await authority.stamp(DATA)
    assert await authority.revoked(raw, DATA) is None, "not reachable"
    assert await authority.revoked(raw, b"other") is None
    for wrong in (b"", b"none", Issuer(NOW).listed(), Issuer(NOW, "Toor").listed()):
        served[LISTED] = wrong
        assert await authority.revoked(raw, DATA) is None
    for good in (ROOT.listed(), ROOT.listed(certificate.serial_number)):
        served[LISTED] = good
        issuer = ROOT.certificate.public_bytes(Encoding.DER)
        assert await authority.revoked(raw, DATA) == Revoked(good, issuer)


async def test_a_certificate_that_says_no_place(tsa: Tsa) -> None:
    authority = Authority(tsa.url, [ROOT.certificate], post)
    assert await authority.revoked(await authority.stamp(DATA), DATA) is None


async def test_a_list_comes_over_http_and_is_not_endless(tsa: Tsa) -> None:
    tsa.listed = ROOT.listed()
    assert await fetch(tsa.url) == tsa.listed
    tsa.listed = bytes(LIST_BYTES_MAX + 1)
    for status in (200, 404):
        with pytest.raises(Unavailable):
            await fetch(tsa.url)
        tsa.status = status
    with pytest.raises(Unavailable):
        await fetch("http://127.0.0.1:1/")


async def test_an_authority_that_does_not_answer(tsa: Tsa) -> None:
    tsa.status = 503
    with pytest.raises(Unavailable):
        await Authority(tsa.url, [ROOT.certificate], post).stamp(DATA)
    with pytest.raises(Unavailable):
        await Authority("http://127.0.0.1:1/", [ROOT.certificate], post).stamp(DATA)


def test_audit_17_token_for_another_digest(tsa: Tsa) -> None:
    raw = tsa.reply(query(b"something else"))
    check(raw, b"something else", [ROOT.certificate])
    refused(raw)


async def test_audit_17_nonce_mismatch(tsa: Tsa) -> None:
    """The answer to an older query over the same bytes, replayed."""
    tsa.swap = query()
    with pytest.raises(Invalid, match="Nonce") as caught:
        await Authority(tsa.url, [ROOT.certificate], post).stamp(DATA)
    assert caught.value.code == "tsa.token"
    assert "onc" in refused(tsa.reply(query()), nonce=1)


def test_audit_17_expired_certificate(tmp_path: Path) -> None:
    expired = Tsa(tmp_path / "expired", KEY, ROOT.issue(KEY, end=NOW - DAY))
    refused(expired.reply(query()))


def test_audit_17_another_root_and_an_injected_certificate(tmp_path: Path) -> None:
    """An authority of nobody we know, which brings its own root along in the token."""
    stranger = Issuer(NOW)  # the same name as ours, and another key
    with_own = Tsa(tmp_path / "stranger", KEY, stranger.issue(KEY))
    raw = with_own.reply(query())
    check(raw, DATA, [stranger.certificate])
    refused(raw)
    mine = Tsa(tmp_path / "mine", KEY, CERTIFICATE).reply(query())
    injected = mine.replace(
        CERTIFICATE.public_bytes(Encoding.DER), stranger.issue(KEY).public_bytes(Encoding.DER)
    )
    assert injected != mine
    refused(injected)


def test_audit_17_wrong_extended_key_usage(tmp_path: Path) -> None:
    """Signed by the key of a web server of the same root, dressed up as the authority's."""
    server = ROOT.issue(KEY, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    raw = Tsa(tmp_path / "tsa", KEY, CERTIFICATE).reply(query())
    dressed = raw.replace(CERTIFICATE.public_bytes(Encoding.DER), server.public_bytes(Encoding.DER))
    refused(dressed)


def test_audit_17_any_byte_of_a_token(tsa: Tsa) -> None:
    """A flipped byte is refused; those that are not have to be the same statement."""
    raw = tsa.reply(query())
    accepted = 0
    for at in range(0, len(raw), 7):
        try:
            check(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], DATA, [ROOT.certificate])
            accepted += 1
        except Invalid:
            continue
    assert accepted <= len(raw) // 7 // 10, "only bytes that nothing depends on"
    for broken in (b"", raw[:-1], raw + b"x", bytes(100_000)):
        refused(broken)


def by_verify_py(tmp_path: Path, raw: bytes, root: Issuer) -> tuple[int, str]:
    """What verify.py says, by openssl, of the stamp of a pack."""
    files = PackBench().files()
    (tmp_path / "ca.pem").write_bytes(pem(root.certificate))
    (tmp_path / "p.zip").write_bytes(zipped({**files, "tagmanifest-sha256.txt.tsr": raw}))
    command = [sys.executable, "-I", "-S", str(VERIFY_PY), "p.zip", "--tsa-ca", "ca.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def test_audit_17_the_same_word_from_verify_py(tmp_path: Path, tsa: Tsa) -> None:
    assert shutil.which("openssl") is not None
    manifest = PackBench().files()["tagmanifest-sha256.txt"]
    good = tsa.reply(query(manifest))
    code, said = by_verify_py(tmp_path, good, ROOT)
    assert (code, "the time stamps:" in said) == (0, False)
    expired = Tsa(tmp_path / "old", KEY, ROOT.issue(KEY, end=NOW - DAY)).reply(query(manifest))
    for raw, root in ((tsa.reply(query(b"x")), ROOT), (good, Issuer(NOW)), (expired, ROOT)):
        code, said = by_verify_py(tmp_path, raw, root)
        assert code == 1
        assert "WRONG     time stamp invalid: tagmanifest-sha256.txt.tsr" in said


def test_roots(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(pem(ROOT.certificate))
    assert read_roots(tmp_path / "ca.pem") == [ROOT.certificate]
    for path in (tmp_path / "none", Path(__file__)):
        with pytest.raises(Misconfigured):
            read_roots(path)
