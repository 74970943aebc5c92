"""The deployment as witness and mirror of others' logs, through its own web server."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx

from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.note import add_signatures
from bayward.ledger.witness import origin_hash, parse_kept
from cloud_house import House, Template, open_house
from ledger_bench import LOG, ORIGIN
from mirror_bench import Source

SOURCE = Source(700)
HASH = origin_hash(ORIGIN)


def client(house: House) -> httpx.AsyncClient:
    """A log somewhere else: no cookie, no page."""
    transport = httpx.ASGITransport(app=house.cloud.app)  # type: ignore[arg-type]  # two spellings of one protocol
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_it_witnesses_and_mirrors_what_its_settings_name(
    tmp_path: Path, template: Template
) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {LOG.key.vkey}\nquorum none\n")
    for number, (old, new) in enumerate(((0, 300), (300, 700))):
        state = tmp_path / "state"
        copied = template if number == 0 else None
        async with open_house(state, copied, witness_policy=policy) as house, client(house) as log:
            taken = await log.post("/witness/add-checkpoint", content=SOURCE.request(old, new))
            assert taken.status_code == 200, taken.text
            assert taken.headers["content-type"].startswith("text/plain")
            again = await log.post("/witness/add-checkpoint", content=SOURCE.request(old, new))
            assert (again.status_code, again.text) == (409, f"{new}\n")
            assert again.headers["content-type"] == "text/x.tlog.size"
            keys = [
                house.cloud.unit.house.keys.cosigners(
                    "witness", f"{house.cloud.settings.name}/witness", 1
                )[0].key
            ]
            note = add_signatures(SOURCE.note(new), taken.text.splitlines(keepends=True))
            assert list(open_checkpoint(note, LOG.key, keys).cosignatures) == [keys[0].name]
            shown = await log.get(f"/witness/{HASH}/checkpoint")
            assert parse_kept(shown.text).size == new

            body = gzip.compress(SOURCE.upload(old, new))
            zipped = {"Content-Encoding": "gzip"}
            kept = await log.post("/mirror/add-entries", content=body, headers=zipped)
            assert kept.status_code == 200, kept.text
            mirrored = await log.get(f"/mirror/{HASH}/checkpoint")
            assert parse_kept(mirrored.text).size == new
            assert (await log.get(f"/mirror/{HASH}/tile/entries/000")).status_code == 200
            info = await log.post("/mirror/add-entries", content=SOURCE.upload(0, 5))
            assert info.headers["content-type"] == "text/x.tlog.mirror-info"
            bad = await log.post("/mirror/add-entries", content=b"x", headers=zipped)
            assert bad.status_code == 400


async def test_without_the_setting_there_is_nothing(house: House) -> None:
    async with client(house) as log:
        body = SOURCE.request(0, 300)
        assert (await log.post("/witness/add-checkpoint", content=body)).status_code == 404
        assert (await log.post("/mirror/add-entries", content=b"")).status_code == 404
        assert (await log.get(f"/witness/{HASH}/checkpoint")).status_code == 404
        assert (await log.get(f"/mirror/{HASH}/checkpoint")).status_code == 404
