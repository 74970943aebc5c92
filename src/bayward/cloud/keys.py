"""The secrets of the control plane, behind one façade.

`Keys` says what can be done with them; that they lie in files, a token or a KMS is nobody
else's business. There are no default keys: `FileKeys.create` makes them once, at set-up, and
`FileKeys.open` refuses a directory where one is missing or that others can read.
"""

from __future__ import annotations

import os
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bayward.core.errors import Invalid, Misconfigured
from bayward.ledger.keys import Signer, ecdsa_signer

SEAL_BYTES = 32  # AES-256
NONCE_BYTES = 12
SIGNERS_MAX = 1_024  # of the logs in use; making one costs as much as signing with it
_LOG_KEY = "log.pem"
_SEAL_KEY = "seal.bin"
_OTHERS = 0o077


class Keys(Protocol):
    """What can be done with the secrets of the control plane."""

    def log_signer(self, origin: str) -> Signer:
        """Sign checkpoints of the log `origin`."""
        ...

    def seal(self, context: str, plain: bytes) -> bytes:
        """Encrypt for the database; `context` is `table.column|row` and is needed to open it."""
        ...

    def unseal(self, context: str, sealed: bytes) -> bytes:
        """Decrypt; raises `Invalid("seal.broken")` for another context or changed bytes."""
        ...


class FileKeys:
    """Keys in files of one directory that nobody else can read."""

    def __init__(self, log: ec.EllipticCurvePrivateKey, seal: bytes) -> None:
        self._seal = AESGCM(seal)
        self._log_signer = lru_cache(maxsize=SIGNERS_MAX)(partial(ecdsa_signer, private=log))

    @classmethod
    def create(cls, directory: Path) -> FileKeys:
        """Make new keys; raises `Misconfigured("keys.exist")` rather than replace any."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write_new(directory / _LOG_KEY, pem)
        _write_new(directory / _SEAL_KEY, os.urandom(SEAL_BYTES))
        return cls.open(directory)

    @classmethod
    def open(cls, directory: Path) -> FileKeys:
        """Read the keys; raises `Misconfigured` when one is missing, malformed or readable."""
        pem = _read_secret(directory / _LOG_KEY)
        try:
            log = serialization.load_pem_private_key(pem, password=None)
        except ValueError as error:
            raise Misconfigured("keys.malformed", file=_LOG_KEY) from error
        if not isinstance(log, ec.EllipticCurvePrivateKey):
            raise Misconfigured("keys.malformed", file=_LOG_KEY)
        seal = _read_secret(directory / _SEAL_KEY)
        if len(seal) != SEAL_BYTES or len(set(seal)) == 1:
            raise Misconfigured("keys.malformed", file=_SEAL_KEY)
        return cls(log, seal)

    def log_signer(self, origin: str) -> Signer:
        """Sign as `origin`: one key, a name for each log."""
        return self._log_signer(origin)

    def seal(self, context: str, plain: bytes) -> bytes:
        """AES-256-GCM with a random nonce; the context is authenticated."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, plain, context.encode())

    def unseal(self, context: str, sealed: bytes) -> bytes:
        """Undo `seal`."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._seal.decrypt(nonce, rest, context.encode())
        except (InvalidTag, ValueError) as error:
            raise Invalid("seal.broken", context=context.partition("|")[0]) from error


def _write_new(path: Path, content: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Misconfigured("keys.exist", file=path.name) from None
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_secret(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except FileNotFoundError:
        raise Misconfigured("keys.missing", file=path.name) from None
    except OSError as error:
        raise Misconfigured("keys.unreadable", file=path.name) from error
    if mode & _OTHERS:
        raise Misconfigured("keys.readable_by_others", file=path.name)
    return content
