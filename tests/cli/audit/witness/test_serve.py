"""`bayward audit witness serve` as a real process, killed again and again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bayward.cli import main
from bayward.cloud.witness.memory import WitnessFile
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import subtree_consistency_proof, subtree_hash
from bayward.ledger.keys import ed25519_signer, parse_vkey
from bayward.ledger.note import add_signatures
from bayward.ledger.subtree import Request as SubtreeRequest
from bayward.ledger.subtree import verify_line
from bayward.ledger.witness import origin_hash, parse_kept
from foreign_witness import program, run, sigsum_origin
from ledger_bench import LOG, ORIGIN, ed25519_key
from mirror_bench import Source

NAME = "example.com/witness"
SOURCE = Source(3000)
WORDS = ("audit", "witness", "serve", "--name", NAME, "--key", LOG.key.vkey, "--port", "0")


@contextmanager
def serving(state: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """A running witness: the process, its URL, its public keys."""
    with subprocess.Popen(
        [sys.executable, "-m", "bayward.cli", *WORDS, "--state", str(state), *more],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        vkeys = []
        try:
            while (line := process.stdout.readline()) and not line.startswith("listening"):
                vkeys.append(line.strip())
            assert line, "it ended"
            yield process, line.split()[2].removesuffix("/witness"), vkeys
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


@pytest.mark.system
def test_a_stranger_runs_a_witness_and_a_mirror(tmp_path: Path) -> None:
    more = ("--post-quantum", "--mirror", "example.com/mirror")
    with serving(tmp_path, *more) as (process, url, vkeys), httpx.Client(base_url=url) as client:
        taken = client.post("/witness/add-checkpoint", content=SOURCE.request(0, 300))
        assert taken.status_code == 200
        note = add_signatures(SOURCE.note(300), taken.text.splitlines(keepends=True))
        keys = [parse_vkey(one) for one in vkeys]
        assert [one.name for one in keys] == [
            NAME,
            NAME,
            "example.com/mirror",
            "example.com/mirror",
        ]
        assert list(open_checkpoint(note, LOG.key, keys).cosignatures) == [NAME]
        root = subtree_hash(256, 300, SOURCE)
        proof = subtree_consistency_proof(256, 300, 300, SOURCE)
        part = SubtreeRequest(256, 300, root, tuple(proof), note)
        signed = client.post("/witness/sign-subtree", content=part.body)
        assert verify_line(signed.text, keys, ORIGIN, 256, 300, root=root) == keys[1]
        shown = client.get(f"/witness/{origin_hash(ORIGIN)}/checkpoint")
        assert parse_kept(shown.text).size == 300
        assert client.post("/mirror/add-entries", content=SOURCE.upload(0, 300)).status_code == 200
        tile = client.get(f"/mirror/{origin_hash(ORIGIN)}/tile/entries/000")
        assert len(tile.content) > 256 * 9
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}


def made_by_others(old: int, new: int, name: str = "sigsum") -> str:
    """A request whose tree, proof and signature the Sigsum project's Go code has made."""
    key = ed25519_key(name).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    words = (program("mk-add-checkpoint-request"), str(old), str(new))
    return run(*words, given=key.decode())


@pytest.mark.system
def test_a_client_of_others_asks_this_witness_and_believes_it(tmp_path: Path) -> None:
    """The Sigsum project's client, in Go: it checks the cosignature, and reads the 409."""
    private = ed25519_key("sigsum")
    log = ed25519_signer(sigsum_origin(private), private).key
    with serving(tmp_path, "--key", log.vkey) as (_, url, vkeys):
        ours = parse_vkey(vkeys[0]).public.hex()

        def told(request: str) -> str:
            return run(program("add-checkpoint"), f"{url}/witness", ours, given=request).strip()

        assert told(made_by_others(0, 3)).startswith("cosigned ")
        assert told(made_by_others(3, 300)).startswith("cosigned ")
        assert told(made_by_others(300, 300)).startswith("cosigned ")
        assert told(made_by_others(0, 400)) == "conflict 300"
        assert told(made_by_others(200, 400)) == "conflict 300"
        assert told(made_by_others(300, 400)).startswith("cosigned ")
        head, _, note = made_by_others(300, 500).partition("\n\n")
        bent = head.replace("old 300", "old 400") + "\n\n" + note
        assert told(bent) == "refused 422"
        assert told(made_by_others(0, 3, "impostor")) == "refused 404"


@dataclass
class Push:
    """A client that pushes the log on until the witness is gone."""

    answered: list[int]
    start: int
    enough: int
    seen: threading.Event

    def run(self, url: str) -> None:
        now = self.start
        with contextlib.suppress(httpx.HTTPError), httpx.Client(base_url=url, timeout=5) as client:
            while True:
                answer = client.post(
                    "/witness/add-checkpoint", content=SOURCE.request(now, now + 1)
                )
                if answer.status_code == 409:
                    now = int(answer.text)
                    continue
                assert answer.status_code == 200, answer.text
                now += 1
                self.answered.append(now)
                if len(self.answered) >= self.enough:
                    self.seen.set()


@pytest.mark.system
def test_audit_16_kill_9_never_takes_a_cosignature_back(tmp_path: Path) -> None:
    """Three clients push the log on; the witness is killed in the middle, five times.

    Whatever size it has cosigned, it still knows after the next start, and it never cosigns a
    smaller one afterwards.
    """
    answered: list[int] = []
    size = 0
    for number in range(5):
        push = Push(answered, size, (number + 1) * 40, threading.Event())
        with serving(tmp_path) as (process, url, _):
            clients = [threading.Thread(target=push.run, args=(url,)) for _ in range(3)]
            for one in clients:
                one.start()
            assert push.seen.wait(60)
            os.kill(process.pid, signal.SIGKILL)
            for one in clients:
                one.join(30)
        with closing(WitnessFile(tmp_path / "witness.db", NAME)) as file:
            note = file.newest(ORIGIN)
            assert note is not None
            size = parse_kept(note).size
            assert size >= max(answered), "an answer was given before it was durable"
    assert len(answered) == len(set(answered)), "one size was cosigned as new twice"
    assert len(answered) >= 200


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--key", "nonsense"), "cannot be read"),
        ((), "no log is known"),
        (("--policy", "none.txt"), "none.txt"),
        (("--key", LOG.key.vkey, "--mirror", NAME), "a name of its own"),
    ],
)
def test_what_it_cannot_start_with(
    words: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ("--state", str(tmp_path / "state"))
    assert main(["audit", "witness", "serve", "--name", NAME, *state, *words]) == 2
    assert why in capsys.readouterr().err


def test_a_name_that_is_none_and_a_port_that_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", "witness", "serve", "--state", str(tmp_path), "--key", LOG.key.vkey]
    assert main([*words, "--name", "a name"]) == 2
    assert "key.name" in capsys.readouterr().err
    assert main([*words, "--name", NAME, "--port", "1", "--host", "203.0.113.1"]) == 2
    assert "port." in capsys.readouterr().err
