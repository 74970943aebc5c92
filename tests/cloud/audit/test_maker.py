from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from bayward.cloud.audit import evidence, maker
from bayward.cloud.audit.evidence import Wanted
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.maker import Maker, stamper_of
from bayward.cloud.audit.stamping import Revoked
from bayward.cloud.jobs import Worker
from bayward.cloud.settings import CloudSettings
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.ids import PersonId
from bayward.ledger.pack import bag
from bayward.ledger.pack.archive import read_zip
from cloud_bench import BankTwin, CloudBench, named, story
from tsa_bench import Issuer, pem

ACTOR = PersonId(named(PersonId, 9))
VERIFIERS = {"verify.py": b"1", "verify.html": b"2"}


async def asked(cloud: CloudBench, bank: BankTwin) -> Evidence:
    wanted = Wanted(origin=bank.log.signer.key.name, authority="a", handed_to="b", reason="c")
    return await cloud.do(evidence.ask, bank.tenant, wanted, ACTOR)


async def run(cloud: CloudBench, made: Maker) -> None:
    await Worker(cloud.unit, made.duties(), lambda: 0.0).run_due()


async def test_progress_is_told_page_by_page(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker, "PAGE_ENTRIES", 4)
    bank = await story(cloud)
    one = await asked(cloud, bank)
    told: list[int] = []
    plain = evidence.progress

    def progress(work: Work, one: Evidence, done: int) -> None:
        told.append(done)
        plain(work, one, done)

    monkeypatch.setattr(evidence, "progress", progress)
    await run(cloud, Maker(cloud.unit, VERIFIERS))
    assert told == list(range(4, one.until, 4))
    done = await cloud.do(evidence.get, bank.tenant, one.name)
    assert (done.state, done.done) == ("ready", one.until)


class Dead:
    """An authority that answers nothing, or a machine that loses power in the middle."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def stamp(self, data: bytes) -> bytes:
        self.failures -= 1
        if self.failures >= 0:
            raise Unavailable("tsa.unreachable")
        return b"stamp of " + data[:4]

    async def revoked(self, token: bytes, data: bytes) -> Revoked | None:
        raise AssertionError(f"{token!r} over {data!r} is none of ours")


async def test_a_pack_that_was_interrupted_is_made_later_and_once(cloud: CloudBench) -> None:
    bank = await story(cloud)
    one = await asked(cloud, bank)
    made = Maker(cloud.unit, VERIFIERS, Dead(2))
    for state in ("working", "working", "ready"):
        await run(cloud, made)
        assert (await cloud.do(evidence.get, bank.tenant, one.name)).state == state
        cloud.wait(5 * MINUTE_MS)
    done = await cloud.do(evidence.get, bank.tenant, one.name)
    files = read_zip(await made.fetch(done))[1]
    assert files[bag.STAMP] == b"stamp of " + files[bag.TAG_MANIFEST][:4]


async def test_a_pack_that_cannot_be_made_says_why(cloud: CloudBench) -> None:
    bank = await story(cloud)
    one = await asked(cloud, bank)
    made = Maker(cloud.unit, VERIFIERS, Dead(99))
    for _ in range(5):
        await run(cloud, made)
        cloud.wait(5 * MINUTE_MS)
    found = await cloud.do(evidence.get, bank.tenant, one.name)
    assert found.state == "failed"
    assert "tsa.unreachable" in str(found.problem)


def test_an_authority_is_used_when_the_settings_name_one(tmp_path: Path) -> None:
    assert stamper_of(CloudSettings(state=tmp_path)) is None
    root = Issuer(dt.datetime.now(dt.UTC)).certificate
    (tmp_path / "ca.pem").write_bytes(pem(root))
    told = CloudSettings(state=tmp_path, tsa_url="http://x", tsa_root=tmp_path / "ca.pem")
    assert stamper_of(told) is not None
    with pytest.raises(Misconfigured):
        stamper_of(CloudSettings(state=tmp_path, tsa_url="http://x", tsa_root=tmp_path / "no"))
    with pytest.raises(Misconfigured):
        CloudSettings(state=tmp_path, tsa_url="http://x")


class Away:
    """Keepers of the anchor of whom one never answers, and one has a full disk."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def settle(self) -> None:
        if self._error is not None:
            raise self._error
        await asyncio.sleep(3_600)


@pytest.mark.parametrize("error", [None, Unavailable("storage.full")])
async def test_a_pack_that_cannot_be_anchored_is_made_and_says_so(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    monkeypatch.setattr(maker, "SETTLE_S", 0.05)
    bank = await story(cloud)
    one = await asked(cloud, bank)
    made = Maker(cloud.unit, VERIFIERS, anchors=Away(error))
    await run(cloud, made)
    done = await cloud.do(evidence.get, bank.tenant, one.name)
    assert done.state == "ready"
    words = read_zip(await made.fetch(done))[1]["README.txt"].decode()
    assert "NOT ANCHORED" in words
