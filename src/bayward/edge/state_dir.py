"""Where a bank keeps what it must remember beside its log.

    state/
      keys/            made on the bank (edge.keys)
      identity.json    who it is and to whom it belongs, from enrolment
      certificate.pem  its certificate and the issuing authority's;  anchor.pem  the root's
      journal-1.db     the log of epoch 1
      codes.json       salts of the code book          trust.json      keys the control plane gave
      cosigned.json    what the control plane's witness has last seen of our log
      tenant-log.json  the tenant's log as far as it was proven;  tenant-log-evidence-*.json
      governor.json    pulses of the last ten minutes  directory.json  whom parcels are for
      lock             held by the program that runs

Everything is 0600 in a folder of 0700. Files are replaced whole: written beside, flushed, and
renamed, so a power cut leaves the old one or the new one.
"""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from bayward.core.errors import Invalid, Misconfigured, Unavailable
from bayward.core.ids import Id

LOCK = "lock"  # held while the bank runs
FILE_BYTES_MAX = 8 * 1024 * 1024  # twenty thousand recipients

M = TypeVar("M", bound=msgspec.Struct)


class StateDir:
    """The folder; created when it is not there, refused when others can look into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured("state.unusable", folder=str(path), why=error.strerror) from error
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Misconfigured("state.exposed", folder=str(path), expected="chmod go-rwx")

    def hold(self) -> BinaryIO:
        """Keep every other program out until this is closed; two would forget each other's doors.

        Raises `Misconfigured("state.in_use")` when one is in already.
        """
        try:
            lock = (self.path / LOCK).open("wb")
        except OSError as error:
            raise Unavailable("state.not_writable", file=LOCK, why=error.strerror) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise Misconfigured("state.in_use", folder=str(self.path)) from error
        return lock

    @property
    def keys(self) -> Path:
        """Folder of the bank's own keys."""
        return self.path / "keys"

    @property
    def certificate(self) -> Path:
        """PEM chain of the device certificate."""
        return self.path / "certificate.pem"

    @property
    def anchor(self) -> Path:
        """PEM of the deployment's root."""
        return self.path / "anchor.pem"

    def journal(self, epoch: int) -> Path:
        """The log of one epoch."""
        return self.path / f"journal-{epoch}.db"

    def load(self, name: str, kind: type[M]) -> M | None:
        """Read `<name>.json`, None when there is none; raises `Misconfigured` when it is bent."""
        raw = self.read(f"{name}.json")
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=kind, dec_hook=_id)
        except (msgspec.DecodeError, Invalid) as error:
            raise Misconfigured("state.malformed", file=f"{name}.json", why=str(error)) from error

    def save(self, name: str, value: msgspec.Struct) -> None:
        """Replace `<name>.json` durably; raises `Unavailable("state.not_writable")`."""
        self.write(f"{name}.json", msgspec.json.format(msgspec.json.encode(value, enc_hook=str)))

    def replace(self, name: str, value: msgspec.Struct) -> None:
        """As `save`, for what names people: the file that was is overwritten before it goes.

        A flash disk may keep older blocks all the same; no program can reach those.
        """
        try:
            old = (self.path / f"{name}.json").open("r+b")
        except FileNotFoundError:
            self.save(name, value)
            return
        except OSError as error:
            raise Unavailable("state.not_writable", file=name, why=error.strerror) from error
        with old:
            self.save(name, value)
            try:
                old.write(bytes(os.fstat(old.fileno()).st_size))
                old.flush()
                os.fsync(old.fileno())
            except OSError as error:
                raise Unavailable("state.not_writable", file=name, why=error.strerror) from error

    def journals(self) -> list[Path]:
        """The logs of all epochs that are here."""
        return sorted(self.path.glob("journal-*.db"))

    def read(self, name: str) -> bytes | None:
        """Read a file, None when there is none."""
        try:
            with (self.path / name).open("rb") as file:
                return file.read(FILE_BYTES_MAX)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("state.not_readable", file=name, why=error.strerror) from error

    def write(self, name: str, raw: bytes) -> None:
        """Replace a file durably, 0600."""
        target = self.path / name
        beside = target.with_name(name + ".new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            descriptor = os.open(beside, flags, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        except OSError as error:
            raise Unavailable("state.not_writable", file=name, why=error.strerror) from error


def _id(kind: type, value: object) -> object:
    """Ids are the only kinds msgspec does not know."""
    if issubclass(kind, Id) and isinstance(value, str):
        return kind.parse(value)
    raise NotImplementedError(kind)
