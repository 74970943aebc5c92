"""The addresses of witness and mirror: what is answered, with which headers, within which limit."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from bayward.cloud.cosigning import CosigningKeys
from bayward.cloud.witness.http import LIMITS, WitnessApp, respond, unzip
from bayward.cloud.witness.memory import WitnessFile
from bayward.cloud.witness.service import Witness
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import subtree_consistency_proof, subtree_hash, tree_hash
from bayward.ledger.proven import ProvenReader
from bayward.ledger.subtree import Request
from bayward.ledger.tiles import Bundle, Tile, decode_bundle
from bayward.ledger.witness import origin_hash
from ledger_bench import LOG, ORIGIN
from mirror_bench import Source

SOURCE = Source(700)
HASH = origin_hash(ORIGIN)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    keys = CosigningKeys.open(tmp_path, "example.com/w", "witness")
    mirror = CosigningKeys.open(tmp_path, "example.com/m", "mirror")
    with closing(WitnessFile(tmp_path / "w.db", "example.com/w")) as file:
        yield Witness(
            file=file,
            logs={ORIGIN: [LOG.key]},
            cosigners=lambda: keys.signers(1_795_000_000),
            mirror_cosigners=lambda: mirror.signers(1_795_000_000),
            secret=b"s" * 32,
        )


@pytest.fixture
def client(witness: Witness) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(WitnessApp(witness))
    return httpx.AsyncClient(transport=transport, base_url="http://w.test")


async def test_a_log_is_witnessed_mirrored_and_read_again(
    client: httpx.AsyncClient, witness: Witness
) -> None:
    assert (await client.get(f"/witness/{HASH}/checkpoint")).status_code == 404
    assert (await client.get(f"/mirror/{HASH}/checkpoint")).status_code == 404
    taken = await client.post("/witness/add-checkpoint", content=SOURCE.request(0, 700))
    assert (taken.status_code, taken.headers["cache-control"]) == (200, "no-store")
    shown = await client.get(f"/witness/{HASH}/checkpoint")
    assert shown.headers["content-type"].startswith("text/plain")
    assert shown.headers["cache-control"] == "no-cache"
    keys = [one.key for one in witness.cosigners()]
    assert open_checkpoint(shown.text, LOG.key, keys).cosignatures == {
        "example.com/w": 1_795_000_000
    }
    assert (await client.get(f"/mirror/{HASH}/checkpoint")).status_code == 404

    upload = gzip.compress(SOURCE.upload(0, 700))
    zipped = {"Content-Encoding": "gzip"}
    kept = await client.post("/mirror/add-entries", content=upload, headers=zipped)
    assert (kept.status_code, kept.headers["accept-encoding"]) == (200, "gzip")
    note = (await client.get(f"/mirror/{HASH}/checkpoint")).text
    mirrors = [one.key for one in (witness.mirror_cosigners or list)()]
    tree = open_checkpoint(note, LOG.key, mirrors).checkpoint

    contents = {}
    for tile in (Tile(0, 0), Tile(0, 1), Tile(0, 2, 188), Tile(1, 0, 2)):
        answer = await client.get(f"/mirror/{HASH}/{tile.path}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        contents[tile] = answer.content

    class Fetched:
        def read_tiles(self, tiles: list[Tile]) -> list[bytes]:
            return [contents[one] for one in tiles]

    assert tree_hash(700, ProvenReader(tree.size, tree.root, Fetched())) == tree.root  # type: ignore[arg-type]  # a list is enough here
    bundle = await client.get(f"/mirror/{HASH}/{Bundle(2, 188).path}")
    assert decode_bundle(bundle.content, 188) == SOURCE.entries[512:]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/witness",
        f"/witness/{HASH.upper()}/checkpoint",
        f"/witness/{HASH[1:]}/checkpoint",
        f"/witness/{HASH}/tile/0/000",
        f"/mirror/{HASH}/tile/0/003",
        f"/mirror/{HASH}/tile/0/002.p/189",
        f"/mirror/{HASH}/tile/0/002",
        f"/mirror/{HASH}/tile/0/00",
        f"/mirror/{HASH}/tile/0/../0/000",
        f"/mirror/{HASH}/tile/3/000",
        f"/mirror/{HASH}/tile/entries/003.p/1",
        f"/mirror/{origin_hash('x')}/tile/0/000",
    ],
)
def test_what_is_not_there(witness: Witness, path: str) -> None:
    assert respond(witness, "POST", "/witness/add-checkpoint", SOURCE.request(0, 700)).status == 200
    assert respond(witness, "POST", "/mirror/add-entries", SOURCE.upload(0, 700)).status == 200
    assert respond(witness, "GET", f"/mirror/{HASH}/tile/0/000", b"").status == 200
    assert respond(witness, "GET", path, b"").status == 404
    assert respond(witness, "POST", path, b"").status == 404
    assert respond(witness, "DELETE", f"/witness/{HASH}/checkpoint", b"").status == 404


async def test_limits(client: httpx.AsyncClient) -> None:
    long = b"x" * (LIMITS["/witness/add-checkpoint"] + 1)
    for content, headers in (
        (long, {}),
        (gzip.compress(long), {"Content-Encoding": "gzip"}),
        (b"no gzip", {"Content-Encoding": "gzip"}),
    ):
        answer = await client.post("/witness/add-checkpoint", content=content, headers=headers)
        assert answer.status_code == 413
    assert (await client.post("/nowhere", content=b"x")).status_code == 413
    head = await client.head(f"/witness/{HASH}/checkpoint")
    assert (head.status_code, head.content) == (404, b"")


async def test_without_ml_dsa_there_are_no_subtrees(client: httpx.AsyncClient) -> None:
    assert (await client.post("/witness/add-checkpoint", content=SOURCE.request(0, 700))).is_success
    root = subtree_hash(256, 300, SOURCE)
    proof = subtree_consistency_proof(256, 300, 700, SOURCE)
    body = Request(256, 300, root, tuple(proof), SOURCE.note(700)).body
    answer = await client.post("/witness/sign-subtree", content=body)
    assert (answer.status_code, answer.text) == (404, "this witness signs no subtrees\n")


def test_a_bomb_does_not_grow() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert unzip(bomb, 1000) is None
    assert unzip(gzip.compress(b"abc"), 3) == b"abc"
    assert unzip(gzip.compress(b"abcd"), 3) is None


def test_storage_that_fails_is_no_cosignature(witness: Witness) -> None:
    witness.file.close()
    answer = respond(witness, "POST", "/witness/add-checkpoint", SOURCE.request(0, 700))
    assert answer.status == 503
    assert b"\xe2\x80\x94" not in answer.body


def test_a_mere_witness_keeps_no_entries(witness: Witness) -> None:
    mere = Witness(
        file=witness.file,
        logs=witness.logs,
        cosigners=witness.cosigners,
        mirror_cosigners=None,
        secret=witness.secret,
    )
    assert respond(mere, "POST", "/mirror/add-entries", SOURCE.upload(0, 700)).status == 403
