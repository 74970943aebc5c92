"""How tenants, sites and banks come to be, and how a bank's computer gets its certificate.

    created ──a token is shown once──▶ created ──the computer presents it──▶ enrolled ──▶ retired

The token is burned in the transaction that records the certificate, by an update that finds it
only once; whoever comes second is refused, whatever happened to the first answer. Wrong guesses
count against the bank they name, and after `TRIES_MAX` its token is void.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from zoneinfo import available_timezones

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.cloud.fleet import pki, store, tokens
from bayward.cloud.fleet.deployment import Deployment, Issued
from bayward.cloud.fleet.store import Bank, BankState, Site, Tenant
from bayward.cloud.unit import Work
from bayward.core.errors import Conflict, Invalid, NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, PersonId, SiteId, TenantId
from bayward.ledger.errors import Malformed
from bayward.ledger.keys import ECDSA_P256, parse_vkey
from bayward.wire.enrolment import EnrolRequest, Ticket

TRIES_MAX = 10  # a technician who mistypes; 160 bits would stand any number
NAME_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A bank that may connect now; `replaced` is the pin of the computer it had before."""

    bank: Bank
    issued: Issued
    replaced: str | None


def create_tenant(work: Work, name: str, tenant: TenantId | None = None) -> TenantId:
    """A new organisation, whose log begins with this."""
    created = tenant or work.ids.new(TenantId)
    store.insert_tenant(work.tx, Tenant(created, _name(name), work.now))
    event = Event(type=EventType.TENANT_CREATED, time=work.now, subject=created)
    work.emit(event, tenant=created)
    return created


def create_site(
    work: Work, tenant: TenantId, name: str, *, time_zone: str = "UTC", address: str | None = None
) -> SiteId:
    """A new building."""
    if time_zone not in available_timezones():
        raise Invalid("site.time_zone", field="time_zone")
    site = work.ids.new(SiteId)
    store.insert_site(work.tx, Site(tenant, site, _name(name), address, time_zone, work.now))
    return site


def create_bank(
    work: Work, tenant: TenantId, site: SiteId, name: str, *, actor: PersonId
) -> BankId:
    """A new bank, waiting for its computer."""
    if store.find_site(work.tx, tenant, site) is None:
        raise NotFound("site")
    bank = Bank(
        tenant=tenant,
        bank=work.ids.new(BankId),
        site=site,
        name=_name(name),
        state=BankState.CREATED,
        created_at=work.now,
    )
    store.insert_bank(work.tx, bank)
    work.emit(
        Event(type=EventType.BANK_CREATED, time=work.now, actor=actor, bank=bank.bank),
        tenant=tenant,
    )
    return bank.bank


def new_ticket(
    work: Work, tenant: TenantId, bank_id: BankId, deployment: Deployment, *, url: str
) -> Ticket:
    """What somebody carries to the bank; shown once, good for `tokens.LIFE_MS`.

    An older token of the bank is void from now on. A bank that is enrolled keeps its certificate
    until the new computer presents the token.
    """
    bank = _bank(work, tenant, bank_id)
    if bank.state is BankState.QUARANTINED:
        raise Conflict("bank.quarantined", bank=bank_id)
    shown, kept = tokens.issue(bank_id, work.now, work.ids.random)
    store.update_bank(
        work.tx,
        bank,
        enrolment_hash=kept.digest,
        enrolment_until=kept.not_after,
        enrolment_tries=0,
    )
    return Ticket(
        url=url,
        token=shown.replace("-", ""),
        bank=bank_id,
        deployment=deployment.name,
        anchor=deployment.anchor_digest,
        pins=deployment.pins,
    )


def enrol(work: Work, deployment: Deployment, request: EnrolRequest) -> Enrolled | None:
    """Burn the token and issue the certificate; None is a refusal, which has been counted.

    Raises `Invalid` or `Denied` for a request that is malformed; such a one burns nothing.
    """
    digest = tokens.digest_of(request.token)
    origin = _origin(request, deployment)
    key = pki.read_request(der_of(request.csr))
    bank = named(work, request.bank)
    if bank is None or not _burn(work, bank, digest):
        return None
    issued = deployment.issue(bank.tenant, bank.bank, key)
    replaced = None if bank.spki is None else base64.b64encode(bank.spki).decode()
    store.update_bank(
        work.tx,
        bank,
        state=BankState.ENROLLED.value,
        spki=issued.spki,
        certificate=issued.chain,
        certificate_until=issued.not_after,
        origin=origin,
        firmware=request.firmware,
        enrolled_at=work.now,
    )
    work.emit(
        Event(
            type=EventType.BANK_ENROLLED,
            time=work.now,
            bank=bank.bank,
            origin=origin,
            detail=request.log_vkey,
        ),
        tenant=bank.tenant,
    )
    return Enrolled(bank, issued, replaced)


def retire(work: Work, tenant: TenantId, bank_id: BankId, *, actor: PersonId) -> str | None:
    """Take a bank's certificate back; gives the pin to be dropped, None when it had none."""
    bank = _bank(work, tenant, bank_id)
    if bank.state is BankState.RETIRED:
        raise Conflict("bank.retired", bank=bank_id)
    store.update_bank(
        work.tx,
        bank,
        state=BankState.RETIRED.value,
        spki=None,
        certificate=None,
        certificate_until=None,
        enrolment_hash=None,
        enrolment_until=None,
        is_connected=False,
        disconnected_at=work.now,
    )
    work.emit(
        Event(type=EventType.BANK_RETIRED, time=work.now, bank=bank_id, actor=actor), tenant=tenant
    )
    return None if bank.spki is None else base64.b64encode(bank.spki).decode()


def _burn(work: Work, bank: Bank, digest: bytes) -> bool:
    """Whether this was the bank's token; a wrong one counts."""
    known = bank.enrolment_hash
    if known is None or bank.enrolment_tries >= TRIES_MAX:
        return False
    if not hmac.compare_digest(known, digest):
        store.update_bank(work.tx, bank, enrolment_tries=bank.enrolment_tries + 1)
        return False
    return store.burn_token(work.tx, digest, work.now) is not None


def named(work: Work, text: str) -> Bank | None:
    """The bank of that id, whosoever it is."""
    bank = BankId(text)
    tenant = store.tenant_of_bank(work.tx, bank)
    return None if tenant is None else store.find_bank(work.tx, tenant, bank)


def _origin(request: EnrolRequest, deployment: Deployment) -> str:
    """The name of the bank's log; its key is the one kind a bank's hardware can hold."""
    try:
        key = parse_vkey(request.log_vkey)
    except Malformed as error:
        raise Invalid("enrolment.log_vkey", why=error.code) from error
    if key.kind != ECDSA_P256 or not key.name.startswith(f"{deployment.name}/bank/{request.bank}/"):
        raise Invalid("enrolment.log_vkey", why="name")
    return key.name


def der_of(csr: str) -> bytes:
    """A request as bytes; raises `Invalid("csr.malformed")`."""
    try:
        return x509.load_pem_x509_csr(csr.encode()).public_bytes(Encoding.DER)
    except (ValueError, TypeError):
        raise Invalid("csr.malformed") from None


def _bank(work: Work, tenant: TenantId, bank: BankId) -> Bank:
    found = store.find_bank(work.tx, tenant, bank)
    if found is None:
        raise NotFound("bank")
    return found


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise Invalid("field.empty", field="name")
    if len(name) > NAME_CHARS_MAX:
        raise Invalid("field.too_long", field="name", limit=NAME_CHARS_MAX)
    return name
