"""`bayward edge enrol <ticket>`: how a computer in a wall becomes a bank.

The steps are those of `wire.enrolment`. The order matters: the token goes only over a
connection whose server has shown a pinned key, under the root whose fingerprint stood on the
ticket. Nothing is stored before the answer is complete, and a second run with a fresh ticket
starts again with the same keys.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.core.errors import BaywardError, Conflict, Denied, Invalid, Misconfigured, Unavailable
from bayward.edge import keys, tenant_log
from bayward.edge.identity import (
    Identity,
    Trust,
    check_certificate,
    check_log_keys,
    log_origin,
)
from bayward.edge.state_dir import StateDir
from bayward.ledger.keys import ecdsa_signer
from bayward.wire.enrolment import PEM_CHARS_MAX, EnrolAnswer, EnrolRequest, Ticket
from bayward.wire.trust import client_context

TIMEOUT_S = 20.0
ANSWER_BYTES_MAX = 64 * 1024


def enrol(
    ticket_text: str,
    state: StateDir,
    *,
    firmware: str,
    random_bytes: Callable[[int], bytes],
    is_new_epoch: bool = False,
) -> Identity:
    """Enrol this computer with a ticket; gives what it is from now on.

    `is_new_epoch` closes the old log and begins a new one: the way out of quarantine. Raises
    `Invalid` for a bad ticket, `Denied` when the server is not the one on it or refuses,
    `Conflict` when this computer is another bank already, `Unavailable` without a network.
    """
    ticket = Ticket.parse(ticket_text)
    epoch = _epoch(state, ticket, is_new_epoch=is_new_epoch)
    anchor = _fetch_anchor(ticket)
    store = keys.open_or_create(state.keys, random_bytes)
    origin = log_origin(ticket.deployment, ticket.bank, epoch)
    request = EnrolRequest(
        token=ticket.token,
        bank=ticket.bank,
        csr=request_certificate(store.device_key),
        log_vkey=ecdsa_signer(origin, store.log_key).key.vkey,
        firmware=firmware,
    )
    answer = _ask(ticket, anchor, request)
    if answer.deployment != ticket.deployment:
        raise Denied("enrol.other_deployment", found=answer.deployment)
    check_certificate(answer.certificate, answer.anchor, anchor, store.device_key.public_key())
    check_log_keys(answer.tenant_vkey, answer.witness_vkeys)
    return _store(state, ticket, answer, epoch)


def _epoch(state: StateDir, ticket: Ticket, *, is_new_epoch: bool) -> int:
    known = state.load("identity", Identity)
    if known is None:
        return 1
    if known.bank != ticket.bank:
        raise Conflict("enrol.other_bank", found=known.bank, expected=ticket.bank)
    return known.epoch + 1 if is_new_epoch else known.epoch


def _fetch_anchor(ticket: Ticket) -> x509.Certificate:
    """The root, over a connection that proves nothing, proven by its fingerprint."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.minimum_version = ssl.TLSVersion.TLSv1_3
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    raw = exchange(blind, "GET", f"{ticket.url}/anchor", None)
    try:
        anchor = x509.load_pem_x509_certificate(raw[:PEM_CHARS_MAX])
    except ValueError:
        raise Denied("enrol.anchor") from None
    if hashlib.sha256(anchor.public_bytes(Encoding.DER)).digest() != ticket.anchor:
        raise Denied("enrol.anchor")
    return anchor


def _ask(ticket: Ticket, anchor: x509.Certificate, request: EnrolRequest) -> EnrolAnswer:
    context = client_context([anchor], ticket.pins, None)
    raw = exchange(context, "POST", ticket.url, msgspec.json.encode(request, enc_hook=str))
    try:
        return msgspec.json.decode(raw, type=EnrolAnswer)
    except msgspec.DecodeError as error:
        raise Unavailable("enrol.answer", why=str(error)[:200]) from error


def exchange(context: ssl.SSLContext, method: str, url: str, body: bytes | None) -> bytes:
    """One request over TLS as `context` judges it; raises `Denied` or `Unavailable`."""
    if not url.startswith("https://"):
        raise Invalid("ticket.malformed")
    headers = {"content-type": "application/json"} if body is not None else {}
    try:
        with httpx.Client(verify=context, timeout=TIMEOUT_S, trust_env=False) as client:
            answer = client.request(method, url, content=body, headers=headers)
    except httpx.ConnectError as error:
        is_judged = "CERTIFICATE_VERIFY_FAILED" in str(error) or "pins." in str(error)
        if is_judged:
            raise Denied("enrol.wrong_server", why=str(error)[:200]) from error
        raise Unavailable("enrol.unreachable", why=str(error)[:200]) from error
    except httpx.HTTPError as error:
        raise Unavailable("enrol.unreachable", why=type(error).__name__) from error
    if answer.status_code != httpx.codes.OK:
        raise Denied("enrol.refused", status=answer.status_code, why=_code_of(answer))
    if len(answer.content) > ANSWER_BYTES_MAX:
        raise Unavailable("enrol.answer", why="too long")
    return answer.content


def _code_of(answer: httpx.Response) -> str:
    """The stable code in a problem document, if it is one."""
    try:
        told = msgspec.json.decode(answer.content[:4096])
    except msgspec.DecodeError:
        return ""
    kind = told.get("type") or told.get("code") if isinstance(told, dict) else ""
    return str(kind)[-80:]


def request_certificate(key: ec.EllipticCurvePrivateKey) -> str:
    """PKCS#10 with nothing in it but the key: what it is called is the authority's business."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _trust(answer: EnrolAnswer) -> Trust:
    return Trust(
        issuers=tuple(answer.issuers),
        notifier_key=answer.notifier_key,
        witnesses=tuple(answer.witness_vkeys),
        tenant_vkey=answer.tenant_vkey,
    )


def _store(state: StateDir, ticket: Ticket, answer: EnrolAnswer, epoch: int) -> Identity:
    """Identity last: while it is not there, the computer is not enrolled."""
    identity = Identity(
        bank=ticket.bank,
        tenant=answer.tenant,
        deployment=answer.deployment,
        epoch=epoch,
        link_url=answer.link_url,
        enrol_url=ticket.url,
        pins=tuple(answer.pins),
    )
    try:
        state.write(state.certificate.name, answer.certificate.encode())
        state.write(state.anchor.name, answer.anchor.encode())
        state.save("trust", _trust(answer))
        state.save(tenant_log.FILE, tenant_log.Memory())  # what was doubted is begun anew
        state.save("identity", identity)
    except BaywardError as error:
        raise Misconfigured("enrol.not_stored", why=str(error)) from error
    return identity
