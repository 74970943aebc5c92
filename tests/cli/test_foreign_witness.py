"""A control plane as it is deployed, with a witness that others have written, and a pack of it.

Nothing here is put together by hand: `bayward cloud` asks litewitness over a socket, and a pack
that is ordered over the API is believed for the witness's signature alone.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep, time_ns
from zipfile import ZipFile

import httpx
import pytest

from bayward.cloud.people import totp
from bayward.core.clock import Instant
from bayward.ledger.checkpoint import open_checkpoint, parse_text
from bayward.ledger.keys import ED25519, VerifierKey, cosigner
from bayward.ledger.note import split_note
from bayward.ledger.policy import parse_policy
from bayward.ledger.strict import base64_text
from foreign_witness import NAME, free_port, litewitness, program, run
from ledger_bench import ed25519_key
from page_bench import Page

pytestmark = pytest.mark.system

HOUSE = "lockers.example.com"
PASSWORD = "four quiet otters dancing"
SETTINGS = """\
state = "{folder}/state"
name = "{house}"
http_port = {port}
link_port = 0
enrol_port = 0
anchor_policy = "{folder}/anchor.txt"
"""


@dataclass
class Operator:
    """Who runs a control plane in a folder and has set himself up."""

    folder: Path
    url: str
    secret: bytes = b""
    step: int = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        """It runs until the block ends; gives what it said."""
        command = [sys.executable, "-m", "bayward.cli", "cloud"]
        command += ["--settings", str(self.folder / "cloud.toml")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            said = ""
            try:
                while "enrol at" not in said:
                    line = running.stdout.readline()
                    assert line, f"it ended: {said}"
                    said += line
                if not self.secret:
                    while "/setup/" not in said:
                        said += running.stdout.readline()
                yield said
            finally:
                running.terminate()

    def code(self) -> str:
        """A code that was not used before: one step of clock error is forgiven each way."""
        now = totp.step_at(Instant(time_ns() // 1_000_000))
        self.step = max(self.step + 1, now - 1)
        while self.step > totp.step_at(Instant(time_ns() // 1_000_000)) + 1:
            sleep(1)
        return totp.hotp(self.secret, self.step)

    def set_up(self, said: str) -> None:
        """Be the first administrator; a session's token is in the file `token` then."""
        found = re.search(r"http://\S+/setup/\S+", said)
        assert found is not None, said
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        with httpx.Client(headers=headers, trust_env=False, timeout=30) as client:
            told = {"name": "Anne", "email": "anne@example.com", "password": PASSWORD}
            page = client.post(found[0], data=told)
            shown = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", page.text)
            assert shown is not None, page.text
            self.secret = base64.b32decode(shown[1].replace(" ", ""))
            assert client.post(f"{found[0]}/totp", data={"code": self.code()}).is_redirect
            [token] = client.cookies.values()  # the API takes the same
        (self.folder / "token").write_text(token)

    def get(self, path: str) -> httpx.Response:
        """What it answers, to Anne where she has signed in."""
        token = self.folder / "token"
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"} if token.exists() else {}
        return httpx.get(f"{self.url}{path}", headers=headers, trust_env=False, timeout=30)

    def export(self) -> Path:
        """Order a pack of the organisation's own log, and fetch it."""
        [origin] = {one["origin"] for one in self.get("/api/v1/events").json()["rows"]}
        words = ["--origin", origin, "--authority", "Warrant 1", "--handed-to", "Det. Ruiz"]
        words += ["--reason", "theft", "--token-file", str(self.folder / "token")]
        words += ["--code", self.code(), "--out", str(self.folder)]
        said = bayward("audit", "export", self.url, *words)
        return Path(said.partition(",")[0])

    def anchor(self) -> list[VerifierKey]:
        """The keys of the anchor log, as the operator tells his witnesses."""
        policy = self.get(f"/log/{HOUSE}/anchor/policy").text
        return [one.key for one in parse_policy(policy.encode()).logs]


def bayward(*words: str | Path) -> str:
    return run(sys.executable, "-m", "bayward.cli", *words)


def believed(pack: Path, known: str) -> bool:
    """What the command, `verify.py` and `verify.html` say, who knows only this policy."""
    policy = pack.with_name("known.txt")
    policy.write_text(known)
    with ZipFile(pack) as files:
        [name] = [one for one in files.namelist() if one.endswith("/verify.py")]
        script = pack.with_name("verify.py")
        script.write_bytes(files.read(name))
    said = []
    for words in (["-m", "bayward.cli", "verify"], ["-I", "-S", str(script)]):
        command = [sys.executable, *words, str(pack), "--policy", str(policy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        is_missing = "not witnessed" in done.stdout
        assert (done.returncode, is_missing) in {(0, False), (1, True)}, done.stdout + done.stderr
        said.append(done.returncode == 0)
    with Page() as page:
        findings, trust = page.verify(pack.read_bytes(), [], policy=known)
    assert trust == "trusted"
    said.append(not findings)
    assert len(set(said)) == 1, said
    return said[0]


def test_a_pack_is_believed_for_the_word_of_a_witness_that_others_have_written(
    tmp_path: Path,
) -> None:
    port = free_port()
    operator = Operator(tmp_path, f"http://localhost:{port}")
    settings = SETTINGS.format(folder=tmp_path, house=HOUSE, port=port)
    (tmp_path / "cloud.toml").write_text(settings)
    seen = []
    with litewitness() as witness:
        with witness.serving():
            lite = witness.key
            asked = f"witness lite {lite.vkey} {witness.url}\nquorum lite\n"
            (tmp_path / "anchor.txt").write_text(asked)
            with operator.serving() as said:
                operator.set_up(said)
                [key] = [one for one in operator.anchor() if one.kind == ED25519]
                witness.know(key)
                packs = [operator.export()]
                seen.append(operator.get(f"/log/{HOUSE}/anchor/checkpoint").text)
        with witness.serving(), operator.serving():  # both have been away
            packs.append(operator.export())
            seen.append(operator.get(f"/log/{HOUSE}/anchor/checkpoint").text)
            older = parse_text(split_note(seen[0])[0])
            words = (f"{operator.url}/log/{HOUSE}/anchor", key.vkey, str(older.size))
            said = run(program("read-log"), *words, base64_text(older.root))
            assert said.startswith("read "), "Go's checksum database reads it, and believes it"
    first, second = [open_checkpoint(note, key, [lite]) for note in seen]
    assert list(first.cosignatures) == list(second.cosignatures) == [NAME]
    assert first.checkpoint.size < second.checkpoint.size
    other = cosigner("city.example/w", ed25519_key("city"), 1).key
    for pack in packs:
        lines = f"log {key.vkey}\nwitness lite {lite.vkey}\nwitness city {other.vkey}\n"
        assert believed(pack, f"{lines}quorum lite\n")
        assert believed(pack, f"{lines}group one 1 lite city\nquorum one\n")
        assert not believed(pack, f"{lines}group both all lite city\nquorum both\n")
