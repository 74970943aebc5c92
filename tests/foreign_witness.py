"""Witnesses that others have written, as processes: litewitness and sigsum-witness, in Go.

`make system` fetches both (`tools/foreign.py`, which says what is odd about them). litewitness
signs with a key in an ssh-agent, so there is a real one beside it. sigsum-witness knows one log,
which has to be named as the Sigsum project names them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.ledger.keys import VerifierKey, parse_vkey

FETCHED = Path(__file__).parent.parent / ".venv" / "foreign" / "bin"
NAME = "witness.example.net/lite"
START_S_MAX = 30
# Debian builds without modules, which Go takes for an old program: no methods in its routes.
ENVIRONMENT = {**os.environ, "GODEBUG": "httpmuxgo121=0"}


def program(name: str) -> str:
    """Where it is; raises `AssertionError` where it is not: `make system` fetches it."""
    found = shutil.which(name) or shutil.which(name, path=str(FETCHED))
    assert found, f"{name} is not here; `make system` fetches it (tools/foreign.py)"
    return found


def run(*words: str | Path, given: str = "") -> str:
    """What a program says that ends by itself; `given` is what it reads."""
    command = [str(one) for one in words]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    """A port that was free a moment ago: these programs do not say which one they were given."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def process(words: Sequence[str | Path], output: Path, port: int | None = None) -> Iterator[None]:
    """A program that runs until the block ends; with `port`, it has begun to listen."""
    with output.open("ab") as said:
        command = [str(one) for one in words]
        running = subprocess.Popen(command, stdout=said, stderr=said, env=ENVIRONMENT)
    try:
        end = monotonic() + START_S_MAX
        while port is not None and not _listens(port):
            assert running.poll() is None, output.read_text()
            assert monotonic() < end, f"it does not listen: {output.read_text()}"
            sleep(0.02)
        yield
    finally:
        running.terminate()
        running.wait(START_S_MAX)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class Litewitness:
    """litewitness on a port of this machine, with its memory in a folder."""

    folder: Path
    agent: Path
    fingerprint: str
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Its submission prefix."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Everything it has written."""
        return (self.folder / "said").read_text()

    @property
    def key(self) -> VerifierKey:
        """The key it says it has."""
        found = re.search(r"vkey=(\S+)", self.said)
        assert found is not None, self.said
        return parse_vkey(found[1])

    def know(self, log: VerifierKey) -> None:
        """Tell it of a log, as its operator does."""
        told = ("-db", self.folder / "db", "-origin", log.name)
        run(program("witnessctl"), "add-log", *told)
        run(program("witnessctl"), "add-key", *told, "-key", log.vkey)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """It runs until the block ends; its memory stays."""
        words = ("-db", self.folder / "db", "-name", NAME, "-key", self.fingerprint)
        where = ("-ssh-agent", self.agent, "-listen", f"127.0.0.1:{self.port}")
        with process([program("litewitness"), *words, *where], self.folder / "said", self.port):
            yield


@contextmanager
def litewitness(*logs: VerifierKey) -> Iterator[Litewitness]:
    """A witness with a new key that knows these logs; it does not run yet."""
    # The path of a socket may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="lw-", dir="/tmp") as name:
        folder = Path(name)
        agent, key = folder / "agent", folder / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        fingerprint = run("ssh-keygen", "-l", "-f", f"{key}.pub").split()[1]
        with process(["ssh-agent", "-D", "-a", agent], folder / "agent.said"):
            end = monotonic() + START_S_MAX
            while not agent.exists():
                assert monotonic() < end, "the agent does not listen"
                sleep(0.02)
            run("env", f"SSH_AUTH_SOCK={agent}", "ssh-add", "-q", key)
            witness = Litewitness(folder, agent, fingerprint)
            for log in logs:
                witness.know(log)
            yield witness


@dataclass
class SigsumWitness:
    """sigsum-witness on a port of this machine, for one log."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Its submission prefix."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> VerifierKey:
        """Its key, under the name it gives itself."""
        words = ("-k", self.folder / "key.pub")
        hashed = run(program("sigsum-key"), "to-hash", *words).strip()
        named = ("-n", f"sigsum.org/v1/witness/{hashed}", "-t", "cosignature/v1")
        return parse_vkey(run(program("sigsum-key"), "to-vkey", *words, *named).strip())

    @contextmanager
    def serving(self) -> Iterator[None]:
        """It runs until the block ends."""
        names = {"-k": "key", "--log-key": "log.pub", "--state-file": "state"}
        words = [part for one, file in names.items() for part in (one, self.folder / file)]
        words = [program("sigsum-witness"), *words, f"127.0.0.1:{self.port}"]
        with process(words, self.folder / "said", self.port):
            yield


@contextmanager
def sigsum_witness(log: VerifierKey) -> Iterator[SigsumWitness]:
    """A witness with a new key that knows this log, see `sigsum_origin`; it does not run yet."""
    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as name:
        folder = Path(name)
        run(program("sigsum-key"), "generate", "-o", folder / "key")
        public = Ed25519PublicKey.from_public_bytes(log.public)
        (folder / "log.pub").write_bytes(
            public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        )
        yield SigsumWitness(folder)


def sigsum_origin(private: Ed25519PrivateKey) -> str:
    """What the Sigsum project calls the log of a key."""
    public = private.public_key().public_bytes_raw()
    return f"sigsum.org/v1/tree/{hashlib.sha256(public).hexdigest()}"
