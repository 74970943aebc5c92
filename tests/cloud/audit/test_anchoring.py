from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from bayward.cloud.audit import anchor
from bayward.cloud.audit.anchoring import Anchoring, policy_text, read_witnesses
from bayward.cloud.audit.tsa import Authority, check, post
from bayward.cloud.storage import schema as s
from bayward.core.errors import Misconfigured
from bayward.ledger.keys import cosigner
from bayward.ledger.policy import Party, parse_policy
from cloud_bench import HOUSE, CloudBench, keys
from tsa_bench import Issuer, Tsa

NAME = "example.org/witness"
WITNESS_LOG = keys().log_signer(f"{HOUSE}/anchor").key
WITNESS = cosigner(NAME, ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), 1).key


@pytest.fixture
async def anchored(cloud: CloudBench) -> CloudBench:
    await cloud.platform()
    await cloud.tenant()
    assert await Anchoring(cloud.unit, []).enter() == 1
    return cloud


def answering(response: httpx.Response) -> Callable[[], httpx.AsyncClient]:
    transport = httpx.MockTransport(lambda _: response)
    return lambda: httpx.AsyncClient(transport=transport)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (200, "— example.org/witness AAAAAAAA\n"),
        (200, "nonsense"),
        (200, ""),
        (200, "x" * 100_000),
        (409, "77\n"),  # it has seen more than there is
        (409, "many\n"),
        (500, "no"),
    ],
)
async def test_a_witness_that_lies_or_is_away_stops_nothing(
    anchored: CloudBench, status: int, text: str
) -> None:
    party = Party(WITNESS, "http://w.test")
    keeper = Anchoring(anchored.unit, [party], answering(httpx.Response(status, text=text)))
    await keeper.ask()
    assert await anchored.do(anchor.seen_by, NAME) is None
    assert await keeper.enter() == 0


async def test_a_witness_is_asked_below_its_submission_prefix_as_others_are(
    anchored: CloudBench,
) -> None:
    """What the Go witness of transparency-dev/witness (54dbcdd) takes, and all that it answers."""
    asked: list[httpx.Request] = []
    answers = [(409, "1\n"), (404, ""), (403, ""), (422, ""), (409, ""), (400, ""), (429, "")]

    def answer(request: httpx.Request) -> httpx.Response:
        status, text = answers[len(asked) % len(answers)]
        asked.append(request)
        return httpx.Response(status, text=text)

    def connect() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    for prefix in ("https://w.test", "https://w.test/some/where/"):
        keeper = Anchoring(anchored.unit, [Party(WITNESS, prefix)], connect)
        for _ in answers:
            await keeper.ask()
    assert {one.url.path for one in asked} == {"/add-checkpoint", "/some/where/add-checkpoint"}
    head = await anchored.unit.read(anchor.find)
    assert head is not None
    assert asked[0].method == "POST"
    assert asked[0].content == b"old 0\n\n" + head.note.encode()
    assert await anchored.do(anchor.seen_by, NAME) is None


@pytest.mark.system
async def test_the_witness_of_the_command_line_cosigns_the_anchor(
    anchored: CloudBench, tmp_path: Path
) -> None:
    """`bayward audit witness serve`, as a stranger runs it, over a socket."""
    key = keys().log_signer(f"{HOUSE}/anchor").key
    words = ["audit", "witness", "serve", "--name", NAME, "--key", key.vkey, "--port", "0"]
    with subprocess.Popen(  # noqa: ASYNC220 - the test waits for its first lines
        [sys.executable, "-m", "bayward.cli", *words, "--state", str(tmp_path / "w")],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            vkeys = []
            while (line := process.stdout.readline()) and not line.startswith("listening"):
                vkeys.append(line.strip())
            url = line.split()[2]
            policy = tmp_path / "policy.txt"
            policy.write_text(f"witness w {vkeys[0]} {url}\nquorum w\n")
            keeper = Anchoring(anchored.unit, read_witnesses(policy))
            await keeper.ask()
            await anchored.tenant(2)
            await keeper.enter()
            await keeper.ask()
        finally:
            process.send_signal(signal.SIGTERM)
    seen = await anchored.do(anchor.seen_by, NAME)
    assert seen is not None
    assert seen.checkpoint.size == 2


def test_who_is_asked_is_read_from_a_policy(tmp_path: Path) -> None:
    assert read_witnesses(None) == []
    path = tmp_path / "policy.txt"
    path.write_text(f"witness w {WITNESS.vkey} https://w.example\nquorum w\n")
    [found] = read_witnesses(path)
    assert (found.key.name, found.url) == (NAME, "https://w.example")
    for bad in (f"witness w {WITNESS.vkey}\nquorum w\n", "quorum none\n", "nonsense\n"):
        path.write_text(bad)
        with pytest.raises(Misconfigured):
            read_witnesses(path)
    with pytest.raises(Misconfigured):
        read_witnesses(tmp_path / "none")


def test_the_policy_for_others_names_the_anchor_and_whom_it_asks(tmp_path: Path) -> None:
    alone = parse_policy(policy_text(None, [WITNESS_LOG], "https://x.example/log/a").encode())
    assert ([one.key for one in alone.logs], alone.witnesses) == ([WITNESS_LOG], {})
    path = tmp_path / "policy.txt"
    path.write_text(
        f"# ours\nlog {WITNESS_LOG.vkey}\nwitness w {WITNESS.vkey} https://w.example\n"
        "group g any w\nquorum g\n"
    )
    found = parse_policy(policy_text(path, [WITNESS_LOG], "https://x.example/log/a").encode())
    assert [(one.key, one.url) for one in found.logs] == [(WITNESS_LOG, "https://x.example/log/a")]
    assert (found.witness_keys, found.quorum) == ([WITNESS], b"g")


async def test_an_authority_stamps_the_anchor_once_for_each_state(
    anchored: CloudBench, tmp_path: Path
) -> None:
    """A real OpenSSL authority; what it said can be checked again from what is kept."""
    now = dt.datetime.now(dt.UTC)  # OpenSSL's clock cannot be moved by hand
    root = Issuer(now)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with Tsa(tmp_path / "tsa", key, root.issue(key)) as tsa:
        keeper = Anchoring(anchored.unit, [], stamper=Authority(tsa.url, [root.certificate], post))
        await keeper.stamp()
        await keeper.stamp()
        await anchored.tenant(2)
        await keeper.enter()
        await keeper.stamp()
    await keeper.stamp()  # away, and nothing new anyway
    await anchored.tenant(3)
    await keeper.enter()
    await keeper.stamp()  # away: said, and tried again next time
    rows = anchored.rows(s.anchor_stamp)
    assert [row.size for row in rows] == [1, 2]
    for row in rows:
        check(row.token, row.note.encode(), [root.certificate])
    assert await anchored.do(anchor.stamp) == (2, anchored.clock.at)
    await Anchoring(anchored.unit, []).stamp()  # nobody is asked
