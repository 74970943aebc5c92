"""The secrets of the control plane, behind one façade.

`Keys` says what can be done with them; that they lie in files, a token or a KMS is nobody
else's business. There are no default keys: `FileKeys.create` makes them once, at set-up, and
`FileKeys.open` refuses a directory where one is missing or that others can read.

Beside the keys that last there are those that are made to be destroyed: one KEK (key that
encrypts keys) per tenant and epoch. It never enters a database, so that no backup of a database
can hold it: once an epoch is over and its KEK destroyed, what was wrapped under it is noise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bayward.cloud.cosigning import CosigningKeys
from bayward.core.errors import Invalid, Misconfigured
from bayward.ledger.keys import Signer, ecdsa_signer

SEAL_BYTES = 32  # AES-256
NONCE_BYTES = 12
SIGNERS_MAX = 1_024  # of the logs in use; making one costs as much as signing with it
_LOG_KEY = "log.pem"
_SEAL_KEY = "seal.bin"
_KEKS = "kek"
_KEK_NAME = re.compile(r"([a-z0-9_]+)\.([1-9][0-9]*)\.bin", re.ASCII)
_OTHERS = 0o077

_log = structlog.get_logger()


class Keys(Protocol):
    """What can be done with the secrets of the control plane."""

    def log_signer(self, origin: str) -> Signer:
        """Sign checkpoints of the log `origin`."""
        ...

    def anchor_signer(self, origin: str) -> Signer:
        """Sign the anchor log a second time, with Ed25519: many witnesses know no other kind."""
        ...

    def cosigners(self, role: str, name: str, time: int) -> Sequence[Signer]:
        """Cosign at `time` (POSIX seconds) under `name`, as `witness` or as `mirror`.

        Each role has a key of its own, and a key serves one name for ever.
        """
        ...

    def seal(self, context: str, plain: bytes) -> bytes:
        """Encrypt for the database; `context` is `table.column|row` and is needed to open it."""
        ...

    def unseal(self, context: str, sealed: bytes) -> bytes:
        """Decrypt; raises `Invalid("seal.broken")` for another context or changed bytes."""
        ...

    def make_kek(self, tenant: str, epoch: int) -> None:
        """Make a tenant's KEK of an epoch anew; one that is there was never used and goes."""
        ...

    def wrap(self, tenant: str, epoch: int, context: str, key: bytes) -> bytes:
        """Encrypt a key under a KEK; raises `Invalid("kek.gone")`."""
        ...

    def unwrap(self, tenant: str, epoch: int, context: str, wrapped: bytes) -> bytes:
        """Undo `wrap`; raises `Invalid`: `kek.gone` or `seal.broken`."""
        ...

    def keks(self, tenant: str) -> list[int]:
        """Epochs of which a tenant's KEK exists."""
        ...

    def destroy_kek(self, tenant: str, epoch: int) -> None:
        """Make sure that nobody has this KEK any more; no error when it is gone already."""
        ...


class Shelf(Protocol):
    """Where KEKs lie: they come and go, the other keys stay."""

    def read(self, name: str) -> bytes | None:
        """What lies under this name."""
        ...

    def put(self, name: str, key: bytes) -> None:
        """Lay something there, durably."""
        ...

    def destroy(self, name: str) -> None:
        """Take it away so that it cannot be found again."""
        ...

    def names(self) -> list[str]:
        """Everything that lies there."""
        ...


class FileKeys:
    """Keys in files of one directory that nobody else can read; `shelf` holds the KEKs.

    Without a directory there is nothing to cosign with.
    """

    def __init__(
        self,
        log: ec.EllipticCurvePrivateKey,
        seal: bytes,
        shelf: Shelf,
        directory: Path | None = None,
    ) -> None:
        self._directory = directory
        self._seal = AESGCM(seal)
        self._shelf = shelf
        self._cosigning: dict[str, CosigningKeys] = {}
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
        return cls(log, seal, FileShelf(directory / _KEKS), directory)

    def log_signer(self, origin: str) -> Signer:
        """Sign as `origin`: one key, a name for each log."""
        return self._log_signer(origin)

    def anchor_signer(self, origin: str) -> Signer:
        """Ed25519 from `anchor.pem`, which is made when it is first asked for."""
        return self._keys_of("anchor", origin).log_signers()[0]

    def cosigners(self, role: str, name: str, time: int) -> Sequence[Signer]:
        """Ed25519 from `<role>.pem`, which is made when it is first asked for."""
        return self._keys_of(role, name).signers(time)

    def _keys_of(self, role: str, name: str) -> CosigningKeys:
        if self._directory is None:
            raise Misconfigured("keys.missing", file=f"{role}.pem")
        keys = self._cosigning.get(role)
        if keys is None:
            keys = self._cosigning[role] = CosigningKeys.open(self._directory, name, role)
            if keys.is_new:
                _log.info("keys.made", role=role, vkey=keys.vkeys[0])
        assert keys.name == name, "a key serves one name"
        return keys

    def seal(self, context: str, plain: bytes) -> bytes:
        """AES-256-GCM with a random nonce; the context is authenticated."""
        return encrypt(self._seal, context, plain)

    def unseal(self, context: str, sealed: bytes) -> bytes:
        """Undo `seal`."""
        return decrypt(self._seal, context, sealed)

    def make_kek(self, tenant: str, epoch: int) -> None:
        """A new random KEK on the shelf."""
        self.destroy_kek(tenant, epoch)
        self._shelf.put(_kek_name(tenant, epoch), os.urandom(SEAL_BYTES))

    def wrap(self, tenant: str, epoch: int, context: str, key: bytes) -> bytes:
        """As `seal`, under a KEK."""
        return encrypt(self._kek(tenant, epoch), context, key)

    def unwrap(self, tenant: str, epoch: int, context: str, wrapped: bytes) -> bytes:
        """As `unseal`, under a KEK."""
        return decrypt(self._kek(tenant, epoch), context, wrapped)

    def keks(self, tenant: str) -> list[int]:
        """Epochs of which a tenant's KEK lies on the shelf."""
        found = map(_KEK_NAME.fullmatch, self._shelf.names())
        return sorted(int(one[2]) for one in found if one is not None and one[1] == tenant)

    def destroy_kek(self, tenant: str, epoch: int) -> None:
        """Take it off the shelf."""
        self._shelf.destroy(_kek_name(tenant, epoch))

    def _kek(self, tenant: str, epoch: int) -> AESGCM:
        key = self._shelf.read(_kek_name(tenant, epoch))
        if key is None or len(key) != SEAL_BYTES:
            raise Invalid("kek.gone", epoch=epoch)
        return AESGCM(key)


class FileShelf:
    """KEKs as files of one directory.

    Destroying writes over the file before it is unlinked. What a disk keeps of blocks it has
    replaced by itself is beyond us; whoever minds keeps this directory on an encrypted volume.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None when there is none."""
        path = self._directory / name
        return _read_secret(path) if path.exists() else None

    def put(self, name: str, key: bytes) -> None:
        """A new file, on disk with its name when this returns."""
        self._directory.mkdir(exist_ok=True, mode=0o700)
        _write_new(self._directory / name, key)
        self._sync()

    def destroy(self, name: str) -> None:
        """Write over it, then unlink it."""
        path = self._directory / name
        if not path.exists():
            return
        with path.open("r+b") as file:
            file.write(os.urandom(max(SEAL_BYTES, path.stat().st_size)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        self._sync()

    def names(self) -> list[str]:
        """Names of the files."""
        if not self._directory.exists():
            return []
        return sorted(path.name for path in self._directory.iterdir())

    def _sync(self) -> None:
        fd = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def encrypt(
    cipher: AESGCM, context: str, plain: bytes, random: Callable[[int], bytes] = os.urandom
) -> bytes:
    """AES-256-GCM: nonce, ciphertext, tag; the context is authenticated."""
    nonce = random(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, context.encode())


def decrypt(cipher: AESGCM, context: str, sealed: bytes) -> bytes:
    """Undo `encrypt`; raises `Invalid("seal.broken")`."""
    nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return cipher.decrypt(nonce, rest, context.encode())
    except (InvalidTag, ValueError) as error:
        raise Invalid("seal.broken", context=context.partition("|")[0]) from error


def _kek_name(tenant: str, epoch: int) -> str:
    return f"{tenant}.{epoch}.bin"


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
