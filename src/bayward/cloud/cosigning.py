"""The keys that a witness and a mirror cosign with: PEM files that only they can read.

Ed25519 (0x04) always, ML-DSA-44 (0x06) beside it when asked for. The signed bytes of the first
kind do not hold the witness's name, so a key belongs to one name for ever; the mirror of the
same program has keys of its own, since its signature says something else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from bayward.core.errors import Misconfigured
from bayward.ledger.keys import Signer, cosigner, ed25519_signer, mldsa_cosigner

_OTHERS = 0o077
AnyPrivate = ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey


class CosigningKeys:
    """What cosigns under one name; `is_new` when a key has just been made."""

    def __init__(self, name: str, privates: Sequence[AnyPrivate], *, is_new: bool = False) -> None:
        self.name = name
        self.is_new = is_new
        self._privates = tuple(privates)

    @classmethod
    def open(
        cls, directory: Path, name: str, stem: str, *, is_young: bool = False
    ) -> CosigningKeys:
        """Read `<stem>.pem` (and `<stem>-mldsa.pem`), made when they are not there.

        Raises `Misconfigured` when one is malformed or readable by others.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_new = not (directory / f"{stem}.pem").exists()
        privates: list[AnyPrivate] = [_open(directory / f"{stem}.pem", ed25519.Ed25519PrivateKey)]
        if is_young:
            privates.append(_open(directory / f"{stem}-mldsa.pem", mldsa.MLDSA44PrivateKey))
        return cls(name, privates, is_new=is_new)

    def signers(self, time: int) -> list[Signer]:
        """Cosigners of this moment (POSIX seconds)."""
        return [
            cosigner(self.name, one, time)
            if isinstance(one, ed25519.Ed25519PrivateKey)
            else mldsa_cosigner(self.name, one, time)
            for one in self._privates
        ]

    def log_signers(self) -> list[Signer]:
        """Sign checkpoints as the log of this name, with the keys that a log can have."""
        each = (one for one in self._privates if isinstance(one, ed25519.Ed25519PrivateKey))
        return [ed25519_signer(self.name, one) for one in each]

    @property
    def vkeys(self) -> list[str]:
        """The public keys, as people put them into their policy."""
        return [one.key.vkey for one in self.signers(1)]


def _open(path: Path, kind: type[AnyPrivate]) -> AnyPrivate:
    try:
        _make(path, kind)
    except FileExistsError:
        pass
    except OSError as error:
        raise Misconfigured("keys.unreadable", file=path.name) from error
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise Misconfigured("keys.unreadable", file=path.name) from error
    if mode & _OTHERS:
        raise Misconfigured("keys.readable_by_others", file=path.name)
    try:
        found = serialization.load_pem_private_key(content, password=None)
    except ValueError as error:
        raise Misconfigured("keys.malformed", file=path.name) from error
    if not isinstance(found, kind):
        raise Misconfigured("keys.malformed", file=path.name)
    return found


def _make(path: Path, kind: type[AnyPrivate]) -> None:
    """Write a new key, durably; `FileExistsError` when there is one."""
    if path.exists():
        raise FileExistsError(path)
    pem = kind.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
