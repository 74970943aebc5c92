"""The logs as static files: who may read them, what they hold, and a whole log read over them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bayward.cloud.audit import service as audit
from bayward.core.roles import Role
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import stored_hash_index
from bayward.ledger.keys import parse_vkey
from bayward.ledger.leaf import parse_leaf
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proven import ProvenReader
from bayward.ledger.tiles import Bundle, Tile, decode_bundle, tiles_between
from cloud_house import Browser, House, Template, World, open_house


def origins(house: House, world: World) -> list[str]:
    return [f"lockers.example.com/tenant/{world.tenant}", world.bank.log.signer.key.name]


async def read_whole(browser: Browser, house: House, world: World, origin: str) -> int:
    """Read every file of a log and prove every entry; gives how many there are."""
    heads = await house.do(lambda work: audit.logs(work, world.tenant))
    key = parse_vkey(next(one.vkey for one in heads if one.origin == origin))
    note = await browser.get(f"/log/{origin}/checkpoint")
    assert note.status_code == 200
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert note.headers["cache-control"] == "no-cache"
    tree = open_checkpoint(note.text, key).checkpoint
    contents = {}
    for tile in tiles_between(0, tree.size):
        answer = await browser.get(f"/log/{origin}/{tile.path}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"].endswith("max-age=31536000, immutable")
        contents[tile] = answer.content

    class Fetched:
        def read_tiles(self, tiles: list[Tile]) -> list[bytes]:
            return [contents[one] for one in tiles]

    reader = ProvenReader(tree.size, tree.root, Fetched())  # type: ignore[arg-type]  # a list is enough here
    assert tree.size < 256
    bundle = await browser.get(f"/log/{origin}/{Bundle(0, tree.size).path}")
    leaves = decode_bundle(bundle.content, tree.size)
    places = [stored_hash_index(0, index) for index in range(tree.size)]
    assert [leaf_hash(one) for one in leaves] == reader.read_hashes(places)
    for leaf in leaves:
        parse_leaf(leaf)
    return tree.size


async def test_staff_read_their_logs_to_the_last_entry(
    house: House, world: World, anne: Browser
) -> None:
    for origin in origins(house, world):
        assert await read_whole(anne, house, world, origin) > 3
        answer = await anne.get(f"/log/{origin}/checkpoint")
        assert "private" not in answer.headers["cache-control"]
        tile = await anne.get(f"/log/{origin}/tile/0/000.p/1")
        assert tile.headers["cache-control"].startswith("private")


async def test_who_may_not_read_a_log_is_told_nothing(
    house: House, world: World, anne: Browser
) -> None:
    other = await house.second_tenant()
    theirs = await house.furnish(other, 2)
    await house.person("Vera", Role.RESIDENT)
    vera = await house.browser().be("Vera")
    for origin in origins(house, world):
        assert (await house.browser().get(f"/log/{origin}/checkpoint")).status_code == 401
        assert (await vera.get(f"/log/{origin}/checkpoint")).status_code == 403
    for origin in (*origins(house, theirs), "lockers.example.com/tenant/x", "nowhere", "a/b"):
        assert (await anne.get(f"/log/{origin}/checkpoint")).status_code == 404
        assert (await anne.get(f"/log/{origin}/tile/0/000.p/1")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/tile/0/000",
        "/tile/0/999",
        "/tile/00/000.p/1",
        "/tile/x",
        "/checkpoints",
        "/tile/",
    ],
)
async def test_what_a_log_does_not_have(
    house: House, world: World, anne: Browser, path: str
) -> None:
    for origin in origins(house, world):
        assert (await anne.get(f"/log/{origin}{path}")).status_code == 404


async def test_a_deployment_can_open_its_logs_to_whoever_knows_their_origin(
    tmp_path: Path, furnished: Template
) -> None:
    async with open_house(tmp_path / "state", furnished, public_logs=True) as house:
        world = furnished.world_in(house)
        stranger = house.browser()
        for origin in origins(house, world):
            assert await read_whole(stranger, house, world, origin) > 3
            tile = await stranger.get(f"/log/{origin}/tile/0/000.p/1")
            assert tile.headers["cache-control"].startswith("public")
        for origin in ("lockers.example.com/tenant/x", "other.example.com/tenant/x", "nowhere"):
            assert (await stranger.get(f"/log/{origin}/checkpoint")).status_code == 404


async def test_a_program_reads_with_its_session(house: House, world: World, anne: Browser) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=house.cloud.app),  # type: ignore[arg-type]  # two spellings of one protocol
        base_url="http://localhost:8000",
        headers={"Authorization": f"Bearer {anne.cookie}"},
    ) as program:
        for origin in origins(house, world):
            assert (await program.get(f"/log/{origin}/checkpoint")).status_code == 200
