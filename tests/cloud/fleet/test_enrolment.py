from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.cloud.fleet import enrolment, pki, store, tokens
from bayward.cloud.fleet.deployment import Deployment
from bayward.cloud.fleet.store import BankState
from bayward.core.errors import Conflict, Denied, Invalid, NotFound
from bayward.core.ids import BankId, PersonId, SiteId, base32
from bayward.ledger.keys import ecdsa_signer
from bayward.wire.enrolment import EnrolRequest, Ticket
from bayward.wire.pins import pin_of_key
from people_bench import Bench

ANNE = PersonId.of(b"a" * 16)
URL = "https://lockers.example.com:8444/enrol"


def csr_of(key: ec.EllipticCurvePrivateKey) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@dataclass
class Wall:
    """A computer in the wall, with its keys and whatever ticket it was given."""

    key: ec.EllipticCurvePrivateKey
    log: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> Wall:
        return cls(*(ec.generate_private_key(ec.SECP256R1()) for _ in range(2)))

    def request(self, ticket: Ticket, epoch: str = "1", **changed: str) -> EnrolRequest:
        origin = f"{ticket.deployment}/bank/{ticket.bank}/{epoch}"
        request = EnrolRequest(
            token=ticket.token,
            bank=ticket.bank,
            csr=csr_of(self.key),
            log_vkey=ecdsa_signer(origin, self.log).key.vkey,
            firmware="0.1.0",
        )
        return msgspec.structs.replace(request, **changed)


@pytest.fixture
def bank(bench: Bench) -> BankId:
    site = enrolment.create_site(bench.work, bench.tenant, "Northgate", time_zone="Europe/London")
    return enrolment.create_bank(bench.work, bench.tenant, site, "Lobby A", actor=ANNE)


@pytest.fixture
def ticket(bench: Bench, bank: BankId, deployment: Deployment) -> Ticket:
    return enrolment.new_ticket(bench.work, bench.tenant, bank, deployment, url=URL)


def test_a_tenants_log_begins_with_its_creation(bench: Bench) -> None:
    first, second = bench.events("tenant.created")
    assert (first.subject, second.subject) == (bench.tenant, bench.other)
    assert [one.name for one in store.tenants(bench.tx)] == ["Northgate House", "Southgate House"]


def test_names_and_time_zones_are_checked(bench: Bench) -> None:
    for name, zone in (("", "UTC"), ("n" * 81, "UTC"), ("Site", "Mars/Olympus")):
        with pytest.raises(Invalid):
            enrolment.create_site(bench.work, bench.tenant, name, time_zone=zone)


def test_a_bank_stands_in_a_site_of_its_tenant(bench: Bench, bank: BankId) -> None:
    [created] = bench.events("bank.created")
    assert (created.bank, created.actor) == (bank, ANNE)
    for site in (SiteId.of(b"?" * 16), enrolment.create_site(bench.work, bench.other, "Foreign")):
        with pytest.raises(NotFound):
            enrolment.create_bank(bench.work, bench.tenant, site, "Lobby B", actor=ANNE)


def test_a_ticket_leads_to_a_certificate(
    bench: Bench, bank: BankId, ticket: Ticket, deployment: Deployment
) -> None:
    wall = Wall.new()
    done = enrolment.enrol(bench.work, deployment, wall.request(ticket))
    assert done is not None
    found = store.find_bank(bench.tx, bench.tenant, bank)
    assert found is not None
    assert (found.state, found.enrolment_hash) == (BankState.ENROLLED, None)
    assert found.origin == f"lockers.example.com/bank/{bank}/1"
    certificate = x509.load_pem_x509_certificates(done.issued.chain.encode())[0]
    assert pki.identity_of(certificate, deployment.name).bank == bank
    [told] = bench.events("bank.enrolled")
    assert (told.origin, told.detail) == (found.origin, wall.request(ticket).log_vkey)
    assert [one.bank for one in store.enrolled(bench.tx)] == [bank]


def test_the_ticket_is_what_the_console_shows(ticket: Ticket, deployment: Deployment) -> None:
    assert Ticket.parse(ticket.encode()) == ticket
    assert ticket.pins == deployment.pins


def test_nothing_at_rest_is_the_token(bench: Bench, bank: BankId, ticket: Ticket) -> None:
    found = store.find_bank(bench.tx, bench.tenant, bank)
    assert found is not None
    assert ticket.token not in repr(found)
    assert all(ticket.token not in repr(event) for _, event in bench.told)


def test_identity_94_a_token_works_once(
    bench: Bench, ticket: Ticket, deployment: Deployment
) -> None:
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(ticket))
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(ticket)) is None
    assert len(bench.events("bank.enrolled")) == 1


def test_identity_94_a_token_dies_after_a_day(
    bench: Bench, ticket: Ticket, deployment: Deployment
) -> None:
    bench.wait(tokens.LIFE_MS)
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(ticket)) is None


def test_a_token_lives_to_the_end_of_its_day(
    bench: Bench, ticket: Ticket, deployment: Deployment
) -> None:
    bench.wait(tokens.LIFE_MS - 1)
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(ticket))


def test_identity_94_a_token_of_another_bank_is_refused(
    bench: Bench, bank: BankId, ticket: Ticket, deployment: Deployment
) -> None:
    site = enrolment.create_site(bench.work, bench.other, "Southgate")
    other = enrolment.create_bank(bench.work, bench.other, site, "Lobby B", actor=ANNE)
    enrolment.new_ticket(bench.work, bench.other, other, deployment, url=URL)
    elsewhere = Ticket(
        url=URL, token=ticket.token, bank=other, deployment=ticket.deployment,
        anchor=ticket.anchor, pins=ticket.pins,
    )  # fmt: skip
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(elsewhere)) is None
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(ticket))
    assert [event.bank for event in bench.events("bank.enrolled")] == [bank]


def test_identity_94_guessing_voids_the_token(
    bench: Bench, ticket: Ticket, deployment: Deployment
) -> None:
    wall = Wall.new()
    for guess in range(enrolment.TRIES_MAX):
        wrong = base32(guess.to_bytes(tokens.TOKEN_BYTES, "big"))
        assert enrolment.enrol(bench.work, deployment, wall.request(ticket, token=wrong)) is None
    assert enrolment.enrol(bench.work, deployment, wall.request(ticket)) is None
    again = enrolment.new_ticket(bench.work, bench.tenant, ticket.bank, deployment, url=URL)
    assert enrolment.enrol(bench.work, deployment, wall.request(again))


def test_an_unknown_bank_is_refused_like_a_wrong_token(
    bench: Bench, ticket: Ticket, deployment: Deployment
) -> None:
    nobody = Ticket(
        url=URL, token=ticket.token, bank=BankId.of(b"?" * 16), deployment=ticket.deployment,
        anchor=ticket.anchor, pins=ticket.pins,
    )  # fmt: skip
    assert enrolment.enrol(bench.work, deployment, Wall.new().request(nobody)) is None


def test_identity_95_a_bad_request_burns_nothing(
    bench: Bench, ticket: Ticket, deployment: Deployment
) -> None:
    wall = Wall.new()
    asks_for_names = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("evil")]), critical=False)
        .sign(wall.key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )
    for changed, error in (
        ({"csr": "no request"}, Invalid),
        ({"csr": asks_for_names}, Denied),
        ({"log_vkey": "name+00000000+AAAA"}, Invalid),
        ({"log_vkey": ecdsa_signer("elsewhere/bank/x/1", wall.log).key.vkey}, Invalid),
    ):
        with pytest.raises(error):
            enrolment.enrol(bench.work, deployment, wall.request(ticket, **changed))
    assert enrolment.enrol(bench.work, deployment, wall.request(ticket))


def test_a_new_computer_replaces_the_old_one_only_when_it_enrols(
    bench: Bench, bank: BankId, ticket: Ticket, deployment: Deployment
) -> None:
    old, new = Wall.new(), Wall.new()
    first = enrolment.enrol(bench.work, deployment, old.request(ticket))
    assert first is not None
    assert first.replaced is None
    again = enrolment.new_ticket(bench.work, bench.tenant, bank, deployment, url=URL)
    kept = store.find_bank(bench.tx, bench.tenant, bank)
    assert kept is not None
    assert kept.spki == first.issued.spki
    with pytest.raises(Conflict, match=r"log\.exists"), bench.tx.begin_nested():
        enrolment.enrol(bench.work, deployment, new.request(again))
    second = enrolment.enrol(bench.work, deployment, new.request(again, epoch="2"))
    assert second is not None
    assert second.replaced == pin_of_key(old.key.public_key())


def test_a_retired_bank_has_no_key_and_no_token(
    bench: Bench, bank: BankId, ticket: Ticket, deployment: Deployment
) -> None:
    wall = Wall.new()
    enrolment.enrol(bench.work, deployment, wall.request(ticket))
    pending = enrolment.new_ticket(bench.work, bench.tenant, bank, deployment, url=URL)
    pin = enrolment.retire(bench.work, bench.tenant, bank, actor=ANNE)
    assert pin == pin_of_key(wall.key.public_key())
    assert store.enrolled(bench.tx) == []
    assert enrolment.enrol(bench.work, deployment, wall.request(pending)) is None
    with pytest.raises(Conflict, match=r"bank\.retired"):
        enrolment.retire(bench.work, bench.tenant, bank, actor=ANNE)


def test_no_tenant_touches_anothers_bank(
    bench: Bench, bank: BankId, deployment: Deployment
) -> None:
    with pytest.raises(NotFound):
        enrolment.new_ticket(bench.work, bench.other, bank, deployment, url=URL)
    with pytest.raises(NotFound):
        enrolment.retire(bench.work, bench.other, bank, actor=ANNE)
