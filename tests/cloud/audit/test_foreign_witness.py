"""The anchor before witnesses that others have written, over real sockets (`make system`)."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import cloud_bench
from bayward.cloud.audit import anchor
from bayward.cloud.audit.anchoring import Anchoring
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.keys import VerifierKey, ed25519_signer
from bayward.ledger.policy import Party
from bayward.ledger.witness import Request
from cloud_bench import HOUSE, CloudBench, keys
from foreign_witness import NAME, Litewitness, litewitness, sigsum_origin, sigsum_witness
from ledger_bench import IMPOSTOR, ed25519_key
from mirror_bench import Source

pytestmark = pytest.mark.system

ANCHOR = keys().anchor_signer(f"{HOUSE}/anchor").key
"""The key for witnesses that take Ed25519 only, as these do."""
FIRST_KEY = keys().log_signer(f"{HOUSE}/anchor").key


@pytest.fixture
def witness() -> Iterator[Litewitness]:
    with litewitness(ANCHOR) as one:
        yield one


class Losing(httpx.AsyncHTTPTransport):
    """A network that carries the question and loses the answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await super().handle_async_request(request)
        raise httpx.ReadTimeout("lost", request=request)


def asking(cloud: CloudBench, witness: Litewitness, *, is_lossy: bool = False) -> Anchoring:
    party = Party(witness.key, witness.url)
    if not is_lossy:
        return Anchoring(cloud.unit, [party])
    return Anchoring(cloud.unit, [party], lambda: httpx.AsyncClient(transport=Losing()))


async def begin(cloud: CloudBench) -> None:
    await cloud.platform()


async def grow(cloud: CloudBench, *numbers: int) -> None:
    """An entry of the anchor for each new tenant."""
    for number in numbers:
        await cloud.tenant(number)
        await Anchoring(cloud.unit, []).enter()


async def cosigned(cloud: CloudBench, witness: VerifierKey) -> int:
    """How much of the anchor the witness has signed; each of the anchor's keys shows it."""
    seen = await cloud.do(anchor.seen_by, NAME)
    if seen is None:
        return 0
    for log in (ANCHOR, FIRST_KEY):
        opened = open_checkpoint(seen.note, log, [witness])
        assert opened.cosignatures == {NAME: seen.time}
        assert opened.checkpoint == seen.checkpoint
    return seen.checkpoint.size


async def test_litewitness_cosigns_the_anchor_as_it_grows_and_after_a_restart(
    cloud: CloudBench, witness: Litewitness
) -> None:
    await begin(cloud)
    await grow(cloud, 1)
    with witness.serving():
        keeper = asking(cloud, witness)
        await keeper.ask()
        assert await cosigned(cloud, witness.key) == 1
        await grow(cloud, 2, 3, 4)
        await keeper.ask()
        assert await cosigned(cloud, witness.key) == 4
    await grow(cloud, 5)
    await keeper.ask()
    assert await cosigned(cloud, witness.key) == 4, "it is away, and nothing stops"
    with witness.serving():
        await keeper.ask()
    assert await cosigned(cloud, witness.key) == 5


async def test_audit_16_litewitness_says_what_it_has_seen_when_its_answer_was_lost(
    cloud: CloudBench, witness: Litewitness
) -> None:
    """It answers 409 with the size: the same as ours, and a smaller one."""
    await begin(cloud)
    await grow(cloud, 1, 2)
    with witness.serving():
        await asking(cloud, witness, is_lossy=True).ask()
        assert await cosigned(cloud, witness.key) == 0
        await asking(cloud, witness).ask()
        assert await cosigned(cloud, witness.key) == 2, "it signs the same again"
        await grow(cloud, 3)
        await asking(cloud, witness, is_lossy=True).ask()
        await grow(cloud, 4, 5)
        await asking(cloud, witness).ask()
        assert await cosigned(cloud, witness.key) == 5


async def test_audit_16_litewitness_cosigns_no_other_anchor(
    cloud: CloudBench, witness: Litewitness
) -> None:
    """The same key with another history: shorter, as long, and longer than what it has seen."""
    await begin(cloud)
    await grow(cloud, 1, 2, 3)
    other = cloud_bench.make()
    await begin(other)
    with witness.serving():
        await asking(cloud, witness).ask()
        for number in (11, 12, 13, 14):
            await grow(other, number)
            await asking(other, witness).ask()
            assert await cosigned(other, witness.key) == 0
        await grow(cloud, 4)
        await asking(cloud, witness).ask()
    assert await cosigned(cloud, witness.key) == 4, "and the true one goes on"


SIGSUM = ed25519_signer(sigsum_origin(ed25519_key("sigsum")), ed25519_key("sigsum"))
LOG = Source(300, signer=SIGSUM)
FORK = Source(300, b"another %d", SIGSUM)
STRANGER = Source(300, signer=ed25519_signer(SIGSUM.key.name, ed25519_key("impostor")))
UNKNOWN = Source(300, signer=IMPOSTOR)
PROOF = (bytes(32),)
ASKED = [
    # What is sent, and what the two answer, in this order.
    ("an unknown log", UNKNOWN.request(0, 10), "403", "404"),
    ("a wrong key", STRANGER.request(0, 10), "403", "403"),
    ("the first checkpoint", LOG.request(0, 10), "200", "200"),
    ("the same again", LOG.request(10, 10), "200", "200"),
    ("growth", LOG.request(10, 200), "200", "200"),
    ("as if it knew nothing", LOG.request(0, 300), "409 200", "409 200"),
    ("as if it knew more", LOG.request(250, 300), "409 200", "409 200"),
    ("an old size above the new", Request(200, (), LOG.note(100)).body, "400", "400"),
    ("another tree of that size", Request(200, (), FORK.note(200)).body, "422", "422"),
    ("another tree, larger", FORK.request(200, 300), "422", "422"),
    ("a proof of nothing", Request(200, PROOF, LOG.note(300)).body, "422", "422"),
    ("nonsense", b"nonsense\n", "400", "400"),
    ("growth after all that", LOG.request(200, 300), "200", "200"),
]


@pytest.mark.parametrize("which", ["litewitness", "sigsum-witness"])
def test_both_foreign_witnesses_take_and_refuse_what_ours_does(which: str) -> None:
    """Only for a log it does not know litewitness has another status than the specification."""
    make = litewitness if which == "litewitness" else sigsum_witness
    with make(SIGSUM.key) as witness, witness.serving():
        for what, body, *expected in ASKED:
            answer = httpx.post(f"{witness.url}/add-checkpoint", content=body, trust_env=False)
            told = str(answer.status_code)
            if answer.status_code == httpx.codes.CONFLICT:
                assert answer.headers["content-type"] == "text/x.tlog.size"
                told += f" {int(answer.text)}"
            assert told == expected[which != "litewitness"], what
            if told == "200":
                size = int(body.decode().partition("\n\n")[2].split("\n")[1])
                note = LOG.note(size) + answer.text
                opened = open_checkpoint(note, SIGSUM.key, [witness.key])
                assert list(opened.cosignatures) == [witness.key.name], what
