from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.cloud.fleet import enrolment, pki, renewal, store
from bayward.cloud.fleet.deployment import Deployment
from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import Denied, Invalid
from bayward.core.events import EventType
from bayward.core.ids import BankId, PersonId
from bayward.ledger.keys import ecdsa_signer
from bayward.wire.enrolment import EnrolRequest, RenewRequest
from people_bench import Bench, Numbers

ANNE = PersonId.of(b"a" * 16)
KEY = ec.derive_private_key(4711, ec.SECP256R1())
LOG = ec.derive_private_key(4712, ec.SECP256R1())


def csr(key: ec.EllipticCurvePrivateKey, *more: x509.ExtensionType) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for one in more:
        builder = builder.add_extension(one, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class ThatClock:
    """The bench's time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def now(self) -> Instant:
        return self._bench.now

    def monotonic_ms(self) -> int:
        return self._bench.now


@pytest.fixture
def deployment(bench: Bench, tmp_path: Path) -> Deployment:
    return Deployment.create(tmp_path, "bayward.test", ["localhost"], ThatClock(bench), Numbers())


@pytest.fixture
def bank(bench: Bench, deployment: Deployment) -> BankId:
    """Enrolled just now."""
    site = enrolment.create_site(bench.work, bench.tenant, "Northgate")
    bank = enrolment.create_bank(bench.work, bench.tenant, site, "Lobby", actor=ANNE)
    enrol(bench, deployment, bank, KEY)
    return bank


def enrol(
    bench: Bench, deployment: Deployment, bank: BankId, key: ec.EllipticCurvePrivateKey
) -> None:
    ticket = enrolment.new_ticket(bench.work, bench.tenant, bank, deployment, url="https://x/enrol")
    origin = f"bayward.test/bank/{bank}/1"
    request = EnrolRequest(
        token=ticket.token,
        bank=bank,
        csr=csr(key),
        log_vkey=ecdsa_signer(origin, LOG).key.vkey,
        firmware="0.1.0",
    )
    assert enrolment.enrol(bench.work, deployment, request) is not None


def until(bench: Bench, bank: BankId) -> Instant:
    found = store.find_bank(bench.work.tx, bench.tenant, bank)
    assert found is not None
    assert found.certificate_until is not None
    return found.certificate_until


def ask(
    bench: Bench, deployment: Deployment, bank: str, key: ec.EllipticCurvePrivateKey = KEY
) -> str | None:
    return renewal.renew(bench.work, deployment, RenewRequest(bank=bank, csr=csr(key)))


def test_after_a_third_it_gets_another_for_the_same_key(
    bench: Bench, deployment: Deployment, bank: BankId
) -> None:
    first = until(bench, bank)
    bench.wait(30 * DAY_MS)
    chain = ask(bench, deployment, bank)
    assert chain is not None
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    identity = pki.identity_of(leaf, "bayward.test")
    assert (identity.tenant, identity.bank) == (bench.tenant, bank)
    assert leaf.public_key() == KEY.public_key()
    assert until(bench, bank) == first + 30 * DAY_MS
    [told] = bench.events(EventType.BANK_RENEWED)
    assert (told.bank, told.not_after) == (bank, until(bench, bank))


def test_asking_often_makes_nothing(bench: Bench, deployment: Deployment, bank: BankId) -> None:
    chains = {ask(bench, deployment, bank) for _ in range(5)}
    assert len(chains) == 1
    assert None not in chains
    assert bench.events(EventType.BANK_RENEWED) == []


@pytest.mark.parametrize(("days", "is_renewed"), [(90 + 179, True), (90 + 181, False)])
def test_identity_98_after_months_without_a_cable_it_still_works_and_not_for_ever(
    bench: Bench, deployment: Deployment, bank: BankId, days: int, is_renewed: bool
) -> None:
    bench.wait(days * DAY_MS)
    assert (ask(bench, deployment, bank) is not None) is is_renewed


def test_identity_98_a_retired_bank_gets_none(
    bench: Bench, deployment: Deployment, bank: BankId
) -> None:
    enrolment.retire(bench.work, bench.tenant, bank, actor=ANNE)
    assert ask(bench, deployment, bank) is None


def test_only_the_key_that_counts_today_gets_one(
    bench: Bench, deployment: Deployment, bank: BankId
) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    bench.wait(60 * DAY_MS)
    assert ask(bench, deployment, bank, other) is None
    assert ask(bench, deployment, BankId.of(b"?" * 16)) is None
    enrol(bench, deployment, bank, other)  # a new computer in the wall
    assert ask(bench, deployment, bank, KEY) is None
    assert ask(bench, deployment, bank, other) is not None


def test_a_request_that_asks_for_more_or_is_none_is_refused(
    bench: Bench, deployment: Deployment, bank: BankId
) -> None:
    greedy = csr(KEY, x509.BasicConstraints(ca=True, path_length=None))
    with pytest.raises(Denied, match=r"csr\.extensions"):
        renewal.renew(bench.work, deployment, RenewRequest(bank=bank, csr=greedy))
    with pytest.raises(Invalid, match=r"csr\.malformed"):
        renewal.renew(bench.work, deployment, RenewRequest(bank=bank, csr="x"))
