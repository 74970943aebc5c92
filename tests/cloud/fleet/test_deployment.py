from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store

from bayward.cloud.fleet import pki
from bayward.cloud.fleet.deployment import RENEW_BEFORE_MS, Deployment
from bayward.core.clock import after
from bayward.core.errors import Misconfigured
from bayward.core.ids import BankId, TenantId
from bayward.wire.pins import pin_of
from people_bench import HandClock

NAME = "lockers.example.com"
HOSTS = [NAME, "127.0.0.1"]


def bytes_of(size: int) -> bytes:
    return bytes(range(7, 7 + size))


@pytest.fixture
def made(tmp_path: Path, clock: HandClock) -> Deployment:
    return Deployment.create(tmp_path / "state", NAME, HOSTS, clock, bytes_of)


def reopened(tmp_path: Path, clock: HandClock, hosts: list[str] | None = None) -> Deployment:
    return Deployment(tmp_path / "state", NAME, hosts or HOSTS, clock, bytes_of)


def leaf(deployment: Deployment) -> x509.Certificate:
    return x509.load_pem_x509_certificates(deployment.server.chain.read_bytes())[0]


def test_the_server_certificate_chains_to_the_anchor_for_each_host(made: Deployment) -> None:
    first, issuing = x509.load_pem_x509_certificates(made.server.chain.read_bytes())
    verifier = (
        PolicyBuilder()
        .store(Store([made.anchor]))
        .time(first.not_valid_before_utc)
        .build_server_verifier(x509.DNSName(NAME))
    )
    assert [one.subject for one in verifier.verify(first, [issuing])][1] == issuing.subject


def test_no_secret_can_be_read_by_others(made: Deployment, tmp_path: Path) -> None:
    del made
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert len(files) == 8
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_what_was_made_is_opened_again_and_never_made_twice(
    made: Deployment, tmp_path: Path, clock: HandClock
) -> None:
    again = reopened(tmp_path, clock)
    assert again.pins == made.pins
    assert again.anchor_digest == made.anchor_digest
    with pytest.raises(Misconfigured, match=r"keys\.exist"):
        Deployment.create(tmp_path / "state", NAME, HOSTS, clock, bytes_of)


@pytest.mark.parametrize("name", ["ca/root.pem", "ca/issuing-key.pem", "link/next-key.pem"])
def test_a_missing_file_is_refused_and_not_made_anew(
    made: Deployment, tmp_path: Path, clock: HandClock, name: str
) -> None:
    del made
    (tmp_path / "state" / name).unlink()
    with pytest.raises(Misconfigured, match=r"deployment\.(key|certificate)"):
        reopened(tmp_path, clock)


def test_a_key_that_others_can_read_is_refused(
    made: Deployment, tmp_path: Path, clock: HandClock
) -> None:
    del made
    (tmp_path / "state/ca/issuing-key.pem").chmod(0o640)
    with pytest.raises(Misconfigured, match=r"keys\.readable_by_others"):
        reopened(tmp_path, clock)


def test_the_roots_key_may_be_taken_off_the_machine(
    made: Deployment, tmp_path: Path, clock: HandClock
) -> None:
    (tmp_path / "state/ca/root-key.pem").unlink()
    assert reopened(tmp_path, clock).anchor == made.anchor


def test_another_name_is_refused_before_a_second_log_begins(
    made: Deployment, tmp_path: Path, clock: HandClock
) -> None:
    with pytest.raises(Misconfigured, match=r"deployment\.renamed") as refused:
        Deployment(tmp_path / "state", "other.example.com", HOSTS, clock, bytes_of)
    assert refused.value.facts["expected"] == made.name == NAME


def test_the_longest_name_fits_into_the_roots_certificate(tmp_path: Path, clock: HandClock) -> None:
    longest = "x" * 48
    assert Deployment.create(tmp_path / "long", longest, HOSTS, clock, bytes_of).name == longest
    with pytest.raises(Misconfigured, match=r"deployment\.name"):
        Deployment.create(tmp_path / "longer", longest + "x", HOSTS, clock, bytes_of)


def test_pins_name_todays_key_and_the_next(made: Deployment) -> None:
    assert len(made.pins) == 2
    assert pin_of(leaf(made)) in made.pins


def test_the_certificate_is_renewed_in_its_last_third_with_the_same_key(
    made: Deployment, tmp_path: Path, clock: HandClock
) -> None:
    before = leaf(made)
    life_ms = pki.SERVER_LIFE_MS - RENEW_BEFORE_MS
    clock.at = after(clock.at, life_ms)
    assert not made.renew()
    clock.at = after(clock.at, 1)
    assert made.renew()
    assert not made.renew()
    renewed = leaf(reopened(tmp_path, clock))
    assert renewed.not_valid_after_utc > before.not_valid_after_utc
    assert pin_of(renewed) == pin_of(before)


def test_another_host_name_brings_another_certificate(
    made: Deployment, tmp_path: Path, clock: HandClock
) -> None:
    del made
    moved = reopened(tmp_path, clock, ["elsewhere.example.com"])
    names = leaf(moved).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["elsewhere.example.com"]


def test_a_bank_gets_a_certificate_that_says_which_bank_it_is(made: Deployment) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    tenant, bank = TenantId.of(b"t" * 16), BankId.of(b"b" * 16)
    issued = made.issue(tenant, bank, key.public_key())
    certificate, _ = x509.load_pem_x509_certificates(issued.chain.encode())
    identity = pki.identity_of(certificate, NAME)
    assert (identity.tenant, identity.bank) == (tenant, bank)
    assert base64.b64encode(issued.spki).decode() == identity.spki_pin


def test_the_anchor_is_recognised_by_its_digest(made: Deployment) -> None:
    der = x509.load_pem_x509_certificate(made.anchor_pem.encode()).public_bytes(Encoding.DER)
    assert hashlib.sha256(der).digest() == made.anchor_digest
