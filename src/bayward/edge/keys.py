"""The bank's own keys: made here, never shown, never copied.

Three of them, each in a file that only this program may read: the bank key below every code tag
(32 bytes), the device key for TLS, and the key that signs the log (both P-256). They are made on
the bank at its first start, all at once: a folder with some of them is a damaged one, and making
the rest anew would give the bank a second identity, so the program stops and says so.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bayward.core.codes import KEY_BYTES
from bayward.core.errors import Misconfigured, Unavailable

BANK_KEY, DEVICE_KEY, LOG_KEY = "bank.key", "device.pem", "log.pem"
NAMES = (BANK_KEY, DEVICE_KEY, LOG_KEY)
FILE_BYTES_MAX = 4_096  # a P-256 key as PEM has 241
_DISTINCT_BYTES_MIN = 12  # 32 random bytes have fewer once in 10**24
_SCALAR_BITS_MIN = 128  # a random P-256 scalar is smaller once in 2**128
_PUBLISHED_SCALARS = frozenset({
    # RFC 6979 appendix A.2.5, the example key that is copied most
    0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The keys of one bank; `device_key_file` is for OpenSSL, which reads it by name."""

    bank_key: bytes = field(repr=False)
    device_key: ec.EllipticCurvePrivateKey = field(repr=False)
    log_key: ec.EllipticCurvePrivateKey = field(repr=False)
    device_key_file: Path


def open_or_create(directory: Path, random_bytes: Callable[[int], bytes]) -> KeyStore:
    """The keys in `directory`, made now if it does not exist or is empty.

    Raises `Misconfigured` with `keys.incomplete`, `keys.exposed` (somebody else may read them),
    `keys.malformed` or `keys.weak` (zero, default, published).
    """
    if not directory.exists() or not any(directory.iterdir()):
        try:
            _create(directory, random_bytes)
        except OSError as error:
            raise Unavailable("state.not_writable", file="keys", why=error.strerror) from error
    return open_keys(directory)


def open_keys(directory: Path) -> KeyStore:
    """The keys in `directory`; raises as `open_or_create` does."""
    if not os.path.lexists(directory):
        raise Misconfigured("keys.incomplete", missing=", ".join(NAMES))
    _check_private(directory.lstat(), is_right_kind=stat.S_ISDIR, name=directory.name)
    missing = [name for name in NAMES if not os.path.lexists(directory / name)]
    if missing:
        raise Misconfigured("keys.incomplete", missing=", ".join(missing))
    keys = KeyStore(
        bank_key=_read(directory / BANK_KEY),
        device_key=_p256(directory / DEVICE_KEY),
        log_key=_p256(directory / LOG_KEY),
        device_key_file=directory / DEVICE_KEY,
    )
    check_bank_key(keys.bank_key)
    if keys.device_key.private_numbers() == keys.log_key.private_numbers():
        raise Misconfigured("keys.weak", name=LOG_KEY, why="the same as the device key")
    return keys


def check_bank_key(key: bytes) -> None:
    """Raise `Misconfigured` unless this can be a random key."""
    if len(key) != KEY_BYTES:
        raise Misconfigured("keys.malformed", name=BANK_KEY)
    if len(set(key)) < _DISTINCT_BYTES_MIN or key == bytes(range(KEY_BYTES)) or key.isascii():
        raise Misconfigured("keys.weak", name=BANK_KEY)


def _create(directory: Path, random_bytes: Callable[[int], bytes]) -> None:
    """All or nothing: a power cut leaves no half-filled folder under the real name."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = directory.with_name(directory.name + ".new")
    fresh.mkdir(mode=0o700, exist_ok=True)
    for leftover in fresh.iterdir():
        leftover.unlink()
    _write(fresh / BANK_KEY, random_bytes(KEY_BYTES))
    for name in (DEVICE_KEY, LOG_KEY):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(fresh / name, pem)
    open_keys(fresh)
    _sync(fresh)
    fresh.rename(directory)
    _sync(directory.parent)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    """Check and read one and the same file: whoever swaps it in between gains nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Misconfigured("keys.exposed", name=path.name, why=error.strerror) from error
    with os.fdopen(descriptor, "rb") as file:
        _check_private(os.fstat(descriptor), is_right_kind=stat.S_ISREG, name=path.name)
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise Misconfigured("keys.malformed", name=path.name)
    return content


def _check_private(
    found: os.stat_result, *, is_right_kind: Callable[[int], bool], name: str
) -> None:
    if not is_right_kind(found.st_mode):
        raise Misconfigured("keys.exposed", name=name, why="a link, or no ordinary file")
    if found.st_uid != os.geteuid():
        raise Misconfigured("keys.exposed", name=name, why="owned by somebody else")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise Misconfigured("keys.exposed", name=name, why="others may read it; chmod go-rwx")


def _p256(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        raise Misconfigured("keys.malformed", name=path.name) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Misconfigured("keys.malformed", name=path.name)
    scalar = key.private_numbers().private_value
    if scalar.bit_length() < _SCALAR_BITS_MIN or scalar in _PUBLISHED_SCALARS:
        raise Misconfigured("keys.weak", name=path.name)
    return key
