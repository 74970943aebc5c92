from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.cloud.fleet import enrolment, pki, tokens
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.unit import OPERATOR
from bayward.cloud.web import limits
from bayward.core.events import EventType
from bayward.core.ids import BankId, base32
from bayward.ledger.keys import ecdsa_signer
from bayward.wire.enrolment import EnrolAnswer, EnrolRequest, Ticket
from bayward.wire.pins import parse_pins
from cloud_house import ANNE, Browser, House
from step_up_form import confirmed


async def new_ticket(anne: Browser, name: str = "Lobby") -> Ticket:
    """Create a bank in the console and read the ticket off the page."""
    page = await anne.get("/console/banks/new")
    site = re.search(r'value="(site_[^"]+)"', page.text)
    assert site is not None
    form = {"name": name, "site": site[1], "layout": "reported"}
    shown = await confirmed(anne, await anne.post("/console/banks/new", form), ANNE)
    assert shown.status_code == 200, shown.text
    text = re.search(r"bayward edge enrol (BW1[0-9A-Z]+)", shown.text)
    assert text is not None
    return Ticket.parse(text[1])


def body(ticket: Ticket, epoch: str = "1", **changed: str) -> dict[str, object]:
    """What a computer in the wall sends."""
    key, log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = EnrolRequest(
        token=ticket.token,
        bank=str(ticket.bank),
        csr=csr.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(),
        log_vkey=ecdsa_signer(f"{ticket.deployment}/bank/{ticket.bank}/{epoch}", log).key.vkey,
        firmware="0.1.0",
    )
    told: dict[str, object] = msgspec.to_builtins(request) | changed
    return told


async def enrol(house: House, sent: dict[str, object]) -> httpx.Response:
    """As a bank does: no cookie, no origin."""
    transport = httpx.ASGITransport(app=house.cloud.app)  # type: ignore[arg-type]  # two spellings of one protocol
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        return await client.post("/enrol", json=sent)


async def test_a_ticket_from_the_console_makes_a_bank(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    answer = await enrol(house, body(ticket))
    assert answer.status_code == 200, answer.text
    told = msgspec.json.decode(answer.content, type=EnrolAnswer)
    assert told.tenant == house.tenant
    assert parse_pins(told.pins) == ticket.pins
    assert told.link_url == house.cloud.link_url
    certificate = x509.load_pem_x509_certificates(told.certificate.encode())[0]
    identity = pki.identity_of(certificate, told.deployment)
    assert identity.bank == ticket.bank
    house.cloud.gate.judge(certificate)  # it may connect from now on
    assert len(told.issuers) == 1
    anchor = x509.load_pem_x509_certificate(told.anchor.encode())
    assert anchor.fingerprint(hashes.SHA256()) == ticket.anchor
    page = await anne.get(f"/console/banks/{ticket.bank}")
    assert "Key fingerprint" in page.text


async def test_the_anchor_is_what_the_ticket_names(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    pem = (await house.browser().get("/enrol/anchor")).text
    found = x509.load_pem_x509_certificate(pem.encode())
    assert found.fingerprint(hashes.SHA256()) == ticket.anchor


async def test_identity_94_the_same_token_twice_is_one_success(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    assert (await enrol(house, body(ticket))).status_code == 200
    again = await enrol(house, body(ticket, "2"))
    assert (again.status_code, again.json()["code"]) == (403, "enrolment.refused")
    assert len(await house.events(EventType.BANK_ENROLLED)) == 1


async def test_identity_94_twenty_at_once_are_one_success(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    sent = [body(ticket, str(number)) for number in range(20)]
    answers = await asyncio.gather(*(enrol(house, one) for one in sent))
    told = sorted(answer.status_code for answer in answers)
    assert told == [200] + [403] * 19
    assert len(await house.events(EventType.BANK_ENROLLED)) == 1


async def test_identity_94_an_expired_token_is_refused(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    house.wait(tokens.LIFE_MS)
    assert (await enrol(house, body(ticket))).status_code == 403


async def test_identity_94_a_token_of_another_bank_is_refused(house: House, anne: Browser) -> None:
    first, second = await new_ticket(anne, "One"), await new_ticket(anne, "Two")
    crossed = body(second, token=first.token)
    assert (await enrol(house, crossed)).status_code == 403
    assert (await enrol(house, body(first))).status_code == 200
    assert (await enrol(house, body(second))).status_code == 200


async def test_identity_94_guessing_is_limited_and_voids_the_token(
    house: House, anne: Browser
) -> None:
    ticket = await new_ticket(anne)
    told = []
    for guess in range(limits.ENROL_FROM.burst + 2):
        wrong = base32(guess.to_bytes(tokens.TOKEN_BYTES, "big"))
        told.append((await enrol(house, body(ticket, token=wrong))).status_code)
    assert told == [403] * limits.ENROL_FROM.burst + [429] * 2
    house.wait(limits.ENROL_FROM.refill_ms)
    assert (await enrol(house, body(ticket))).status_code == 403  # ten guesses voided it
    found = await house.do(lambda work: fleet_store.find_bank(work.tx, house.tenant, ticket.bank))
    assert found.enrolment_tries == enrolment.TRIES_MAX


async def test_what_is_said_of_an_unknown_bank_is_what_is_said_of_a_wrong_token(
    house: House, anne: Browser
) -> None:
    ticket = await new_ticket(anne)
    nobody = str(BankId.of(b"?" * 16))
    vkey = ecdsa_signer(
        f"{ticket.deployment}/bank/{nobody}/1", ec.generate_private_key(ec.SECP256R1())
    ).key.vkey
    unknown = await enrol(house, body(ticket, bank=nobody, log_vkey=vkey))
    wrong = await enrol(house, body(ticket, token=base32(b"x" * tokens.TOKEN_BYTES)))
    strip = {"instance"}
    told = [
        {key: value for key, value in answer.json().items() if key not in strip}
        for answer in (unknown, wrong)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token", ""),
        ("token", "0" * 33),
        ("bank", "prc_" + "0" * 26),
        ("csr", "x" * 5_000),
        ("csr", "no request"),
        ("log_vkey", "name+00000000+AAAA"),
        ("firmware", "x" * 65),
        ("extra", "1"),
        ("tenant", "ten_" + "0" * 26),
    ],
)
async def test_identity_63_a_malformed_request_burns_nothing(
    house: House, anne: Browser, field: str, value: str
) -> None:
    ticket = await new_ticket(anne)
    refused = await enrol(house, body(ticket, **{field: value}))
    assert refused.status_code == 422, refused.text
    assert (await enrol(house, body(ticket))).status_code == 200


async def test_a_retired_bank_is_dropped_from_the_list_at_once(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    answer = await enrol(house, body(ticket))
    certificate = x509.load_pem_x509_certificates(answer.json()["certificate"].encode())[0]
    dropped: list[str] = []
    house.cloud.gate.hold(certificate, lambda: dropped.append("dropped"))
    page = await anne.post(f"/console/banks/{ticket.bank}/retire")
    assert "is cut off at once" in page.text
    assert (await confirmed(anne, page, ANNE)).status_code == 303
    assert dropped == ["dropped"]
    with pytest.raises(Exception, match=r"device\.revoked"):
        house.cloud.gate.judge(certificate)
    [told] = await house.events(EventType.BANK_RETIRED)
    assert told.bank == ticket.bank


async def test_a_new_computer_drops_the_old_one(house: House, anne: Browser) -> None:
    ticket = await new_ticket(anne)
    first = await enrol(house, body(ticket))
    old = x509.load_pem_x509_certificates(first.json()["certificate"].encode())[0]
    shown = await confirmed(anne, await anne.post(f"/console/banks/{ticket.bank}/token"), ANNE)
    text = re.search(r"(BW1[0-9A-Z]+)", shown.text)
    assert text is not None
    assert (await enrol(house, body(Ticket.parse(text[1]), "2"))).status_code == 200
    with pytest.raises(Exception, match=r"device\.revoked"):
        house.cloud.gate.judge(old)


async def test_m45_a_wrong_ticket_is_in_the_log_of_whose_bank_it_names(
    house: House, anne: Browser
) -> None:
    ticket = await new_ticket(anne)
    wrong = base32(b"x" * tokens.TOKEN_BYTES)
    for _ in range(2):
        await enrol(house, body(ticket, token=wrong))
    await enrol(house, body(replace(ticket, bank=BankId.of(b"?" * 16))))
    await house.cloud.strangers.tell(is_everything=True)
    mine = await house.events(EventType.STRANGER_REFUSED)
    told = [(one.bank, one.reason, one.count) for one in mine]
    assert told == [(ticket.bank, "enrolment.refused", 2)]
    [other] = await house.events(EventType.STRANGER_REFUSED, OPERATOR)
    assert (other.bank, other.reason, other.count) == (None, "enrolment.refused", 1)
