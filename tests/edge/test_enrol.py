from __future__ import annotations

import hashlib
import os
import ssl
import stat
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.cloud.fleet.pki import identity_uri, issue_device
from bayward.core.clock import Instant
from bayward.core.errors import BaywardError, Conflict, Denied, Invalid, Unavailable
from bayward.core.ids import BankId, TenantId
from bayward.edge.enrol import enrol
from bayward.edge.identity import Identity, Trust
from bayward.edge.state_dir import StateDir
from bayward.edge.tenant_log import FILE, Doubt, Memory
from bayward.ledger.keys import cosigner, ecdsa_signer, parse_vkey
from bayward.sim.certificates import Deployment, deploy, p256
from bayward.wire.enrolment import EnrolAnswer, EnrolRequest, Ticket
from bayward.wire.messages import Issuer
from bayward.wire.trust import enrolment_context

BANK = BankId.of(b"bank-of-the-test")
TENANT = TenantId.of(b"tenant of a test")
TOKEN = "0" * 32
TENANT_VKEY = ecdsa_signer("bayward.test/tenant/t", p256()).key.vkey
WITNESS_VKEY = cosigner(
    "bayward.test/witness", Ed25519PrivateKey.from_private_bytes(bytes(32)), 1
).key.vkey


class Authority:
    """The other end: a real HTTPS server that signs what it is asked for, and keeps requests."""

    def __init__(self, folder: Path) -> None:
        now = Instant(1_795_000_000_000)
        self.deployment: Deployment = deploy("bayward.test", folder, now)
        self.server_certificate = self.deployment.server()
        self.requests: list[EnrolRequest] = []
        self.status = 200
        self.changes: dict[str, object] = {}
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, authority.anchor_pem())

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                self.answer(authority.status, authority.enrolled(raw))

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = enrolment_context(self.server_certificate.files)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.faults: list[BaseException | None] = []
        self.http.handle_error = lambda *_: self.faults.append(sys.exception())  # type: ignore[method-assign]  # not on stderr
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def anchor_pem(self) -> bytes:
        return self.deployment.root.certificate.public_bytes(Encoding.PEM)

    def enrolled(self, raw: bytes) -> bytes:
        request = msgspec.json.decode(raw, type=EnrolRequest)
        self.requests.append(request)
        csr = x509.load_pem_x509_csr(request.csr.encode())
        assert csr.is_signature_valid
        uri = identity_uri("bayward.test", TENANT, BANK)
        issuing = self.deployment.issuing
        leaf = issue_device(issuing, csr.public_key(), uri, now=self.deployment.now, serial=77)  # type: ignore[arg-type]  # the edge asks with P-256
        pems = [one.public_bytes(Encoding.PEM).decode() for one in (leaf, issuing.certificate)]
        answer = EnrolAnswer(
            tenant=TENANT,
            deployment="bayward.test",
            certificate="".join(pems),
            anchor=self.anchor_pem().decode(),
            link_url="wss://127.0.0.1:1",
            pins=["A" * 43 + "=", self.server_certificate.pin],
            issuers=[Issuer(kid=1, spki=b"spki")],
            notifier_key=b"key",
            tenant_vkey=TENANT_VKEY,
            witness_vkeys=[WITNESS_VKEY],
            now=self.deployment.now,
        )
        changed = msgspec.structs.replace(answer, **self.changes)
        return msgspec.json.encode(changed, enc_hook=str)

    def ticket(self, **changes: object) -> str:
        der = self.deployment.root.certificate.public_bytes(Encoding.DER)
        told = {
            "url": f"https://127.0.0.1:{self.http.server_port}/enrol",
            "token": TOKEN,
            "bank": BANK,
            "deployment": "bayward.test",
            "anchor": hashlib.sha256(der).digest(),
            "pins": frozenset({self.server_certificate.pin}),
        }
        return Ticket(**{**told, **changes}).encode()  # type: ignore[arg-type]  # one field each

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()
        refused = (ssl.SSLError, ConnectionError)  # handshakes that the edge ended
        assert all(isinstance(fault, refused) for fault in self.faults), self.faults


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    folder = tmp_path / "authority"
    folder.mkdir()
    authority = Authority(folder)
    yield authority
    authority.close()


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state")


def run(ticket: str, state: StateDir, *, is_new_epoch: bool = False) -> Identity:
    return enrol(ticket, state, firmware="0.1", random_bytes=os.urandom, is_new_epoch=is_new_epoch)


def test_a_computer_becomes_a_bank(authority: Authority, state: StateDir) -> None:
    identity = run(authority.ticket(), state)
    assert (identity.bank, identity.tenant, identity.epoch) == (BANK, TENANT, 1)
    assert state.load("identity", Identity) == identity
    trust = state.load("trust", Trust)
    assert trust is not None
    assert trust.notifier_key == b"key"
    assert (trust.tenant_vkey, trust.witnesses) == (TENANT_VKEY, (WITNESS_VKEY,))
    (request,) = authority.requests
    assert request.token == TOKEN
    assert parse_vkey(request.log_vkey).name == f"bayward.test/bank/{BANK}/1" == identity.origin
    for path in state.path.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(state.certificate, state.keys / "device.pem")


def test_enrolling_again_keeps_the_keys_and_the_epoch(
    authority: Authority, state: StateDir
) -> None:
    run(authority.ticket(), state)
    run(authority.ticket(), state)
    renewed = run(authority.ticket(), state, is_new_epoch=True)
    names = [parse_vkey(request.log_vkey).name for request in authority.requests]
    assert names == [f"bayward.test/bank/{BANK}/{epoch}" for epoch in (1, 1, 2)]
    keys = {parse_vkey(request.log_vkey).public for request in authority.requests}
    assert len(keys) == 1
    assert renewed.epoch == 2


def test_enrolling_again_forgets_what_was_doubted(authority: Authority, state: StateDir) -> None:
    """The way out, by somebody who stands there: a control plane cannot take it by itself."""
    doubt = Doubt("tenant_log.rollback", "known", "offered", Instant(1))
    state.save(FILE, Memory(note="newest", doubt=doubt))
    run(authority.ticket(), state)
    assert state.load(FILE, Memory) == Memory()


def test_identity_91_a_server_with_another_key_gets_no_token(
    authority: Authority, state: StateDir
) -> None:
    with pytest.raises(Denied, match=r"enrol\.wrong_server"):
        run(authority.ticket(pins=frozenset({"A" * 43 + "="})), state)
    assert authority.requests == []
    assert state.load("identity", Identity) is None


def test_a_root_that_is_not_on_the_ticket_is_refused(authority: Authority, state: StateDir) -> None:
    with pytest.raises(Denied, match=r"enrol\.anchor"):
        run(authority.ticket(anchor=bytes(32)), state)
    assert authority.requests == []
    assert not state.keys.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deployment": "elsewhere.test"}, "enrol.other_deployment"),
        ({"certificate": "no certificate"}, "enrol.certificate"),
        ({"anchor": ""}, "enrol.certificate"),
        ({"tenant_vkey": "no key"}, "enrol.log_keys"),
        ({"tenant_vkey": WITNESS_VKEY}, "enrol.log_keys"),
        ({"witness_vkeys": [TENANT_VKEY]}, "enrol.log_keys"),
    ],
)
def test_an_answer_that_does_not_fit_is_not_stored(
    authority: Authority, state: StateDir, changes: dict[str, object], code: str
) -> None:
    authority.changes = changes
    with pytest.raises(Denied) as caught:
        run(authority.ticket(), state)
    assert caught.value.code == code
    assert state.load("identity", Identity) is None
    assert not state.certificate.exists()


def test_somebody_elses_certificate_is_not_stored(authority: Authority, state: StateDir) -> None:
    other = authority.deployment.bank(TENANT, BANK)
    authority.changes = {"certificate": other.files.chain.read_text()}
    with pytest.raises(Denied, match=r"enrol\.certificate"):
        run(authority.ticket(), state)
    assert state.load("identity", Identity) is None


def test_identity_94_a_refused_token_is_told_with_the_reason(
    authority: Authority, state: StateDir
) -> None:
    authority.status = 403
    with pytest.raises(Denied, match=r"enrol\.refused .*status=403"):
        run(authority.ticket(), state)


def test_a_computer_that_is_another_bank_stays_it(authority: Authority, state: StateDir) -> None:
    run(authority.ticket(), state)
    with pytest.raises(Conflict, match=r"enrol\.other_bank"):
        run(authority.ticket(bank=BankId.of(bytes(16))), state)


@pytest.mark.parametrize(
    ("ticket", "error"),
    [("", Invalid), ("BW1", Invalid), ("BW1" + "0" * 40, Invalid), ("x" * 2000, Invalid)],
)
def test_a_bad_ticket_is_refused(state: StateDir, ticket: str, error: type[BaywardError]) -> None:
    with pytest.raises(error):
        run(ticket, state)


def test_no_network_is_told_as_such(authority: Authority, state: StateDir) -> None:
    with pytest.raises(Unavailable, match=r"enrol\.unreachable"):
        run(authority.ticket(url="https://127.0.0.1:1/enrol"), state)
    with pytest.raises(Invalid, match=r"ticket\.malformed"):
        run(authority.ticket(url="http://127.0.0.1:1/enrol"), state)
