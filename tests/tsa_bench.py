"""A real time-stamp authority: OpenSSL behind a small web server, and throw-away certificates."""

from __future__ import annotations

import datetime as dt
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)
CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Issuer:
    """A certificate authority of this minute."""

    def __init__(self, now: dt.datetime, text: str = "Root") -> None:
        self.now = now
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self._builder(name(text), self.key, now - DAY, now + 30 * DAY)
        self._name = text

    def _builder(
        self,
        subject: x509.Name,
        key: rsa.RSAPrivateKey,
        start: dt.datetime,
        end: dt.datetime,
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            issuer_name=subject,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=start,
            not_valid_after=end,
        )
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        return builder.add_extension(constraint, critical=True).sign(key, hashes.SHA256())

    def issue(
        self,
        key: rsa.RSAPrivateKey,
        *,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
        end: dt.datetime | None = None,
        listed_at: str | None = None,
    ) -> x509.Certificate:
        """An authority's certificate; `listed_at` is where it says what was revoked."""
        builder = x509.CertificateBuilder(
            issuer_name=self.certificate.subject,
            subject_name=name("Stamps"),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=self.now - 10 * DAY,
            not_valid_after=end or self.now + 10 * DAY,
        )
        if listed_at is not None:
            place = x509.UniformResourceIdentifier(listed_at)
            point = x509.DistributionPoint([place], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def listed(self, *serials: int) -> bytes:
        """What was revoked of it, an hour ago."""
        name_ = self.certificate.subject
        builder = x509.CertificateRevocationListBuilder(name_, self.now - DAY, self.now + DAY)
        for serial in serials:
            one = x509.RevokedCertificateBuilder(serial, self.now - DAY / 24).build()
            builder = builder.add_revoked_certificate(one)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def pem(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.PEM)


class Tsa:
    """The authority on a port of this machine; `swap` makes it answer another query."""

    def __init__(self, folder: Path, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
        self.folder = folder
        self.swap: bytes | None = None
        self.status = 200
        self.listed = b""
        folder.mkdir(exist_ok=True)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "tsa.pem").write_bytes(pem(certificate))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._lock = threading.Lock()

    def reply(self, query: bytes) -> bytes:
        with self._lock:
            (self.folder / "query").write_bytes(self.swap or query)
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query"]
            command += ["-signer", "tsa.pem", "-inkey", "key.pem", "-out", "reply"]
            done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr.decode()
            return (self.folder / "reply").read_bytes()

    def __enter__(self) -> Self:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                body = authority.reply(query)
                self.send_response(authority.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.send_response(authority.status)
                self.end_headers()
                self.wfile.write(authority.listed)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsr"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
