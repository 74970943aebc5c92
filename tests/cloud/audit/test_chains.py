"""From a bank's entry, a tenant's entry and a bank's checkpoint up to two witnesses outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from bayward.cloud.audit import chains
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.anchoring import Anchoring
from bayward.cloud.cosigning import CosigningKeys
from bayward.cloud.unit import Place
from bayward.cloud.witness.http import WitnessApp
from bayward.cloud.witness.memory import WitnessFile
from bayward.cloud.witness.service import Witness
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.ledger.chain import chain_text, verify_chained
from bayward.ledger.known import read_known
from bayward.ledger.policy import Party
from bayward.ledger.receipt import Receipt
from bayward.ledger.verdict import Trust
from cloud_bench import HOUSE, BankTwin, CloudBench, keys

KEY = keys().log_signer(f"{HOUSE}/anchor").key
NAMES = ("one.example/w", "two.example/w")


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    await cloud.platform()
    found = await cloud.bank(await cloud.tenant())
    await upload(cloud, found)
    return found


async def upload(cloud: CloudBench, bank: BankTwin) -> None:
    bank.record(EventType.DOOR_OPENED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[list[Witness]]:
    with ExitStack() as stack:
        found = []
        for number, name in enumerate(NAMES):
            folder = tmp_path / str(number)
            folder.mkdir()
            cosigning = CosigningKeys.open(folder, name, "witness")
            file = stack.enter_context(closing(WitnessFile(folder / "w.db", name)))
            found.append(
                Witness(
                    file=file,
                    logs={KEY.name: [KEY]},
                    cosigners=lambda cosigning=cosigning: cosigning.signers(1_800_000_100),  # type: ignore[misc]  # bound now
                    mirror_cosigners=None,
                    secret=b"s" * 32,
                )
            )
        yield found


def anchoring(cloud: CloudBench, witnesses: list[Witness]) -> Anchoring:
    hosts = {f"http://w{n}.test": WitnessApp(one) for n, one in enumerate(witnesses)}
    mounts = {url: httpx.ASGITransport(app) for url, app in hosts.items()}
    parties = [
        Party(one.cosigners()[0].key, f"http://w{n}.test/witness")
        for n, one in enumerate(witnesses)
    ]
    return Anchoring(cloud.unit, parties, lambda: httpx.AsyncClient(mounts=mounts))


async def chained(
    cloud: CloudBench, bank: BankTwin, place: Place, shown: frozenset[str] | None = None
) -> list[Receipt]:
    own = await cloud.do(lambda work: audit.receipt(work, bank.tenant, place, shown))
    return await cloud.do(chains.of_receipt, bank.tenant, own)


def policy(witnesses: list[Witness]) -> str:
    lines = [f"log {KEY.vkey}"]
    lines += [f"witness w{n} {one.cosigners()[0].key.vkey}" for n, one in enumerate(witnesses)]
    return "\n".join([*lines, "group both all w0 w1", "quorum both"])


def judged(receipts: list[Receipt], given: str) -> tuple[list[str], Trust]:
    known = read_known(given)
    found = verify_chained(chain_text(receipts), known.keys, known.demand)
    return [str(one.fault) for one in found.findings], found.trust


async def test_any_entry_is_believed_by_who_knows_the_anchor_and_both_witnesses(
    cloud: CloudBench, bank: BankTwin, witnesses: list[Witness]
) -> None:
    keeper, given = anchoring(cloud, witnesses), policy(witnesses)
    await keeper.settle()
    origin = await cloud.do(audit.origin_of, bank.tenant)
    of_bank = Place(bank.log.signer.key.name, 0)
    for place, links in ((of_bank, 2), (Place(origin, 0), 1)):
        found = await chained(cloud, bank, place)
        assert len(found) == 1 + links
        assert judged(found, given) == ([], Trust.TRUSTED)
    found = await cloud.do(chains.of_bank, bank.tenant, bank.id)
    assert judged(found, given) == ([], Trust.TRUSTED)


async def test_a_witness_that_is_away_is_missed(
    cloud: CloudBench, bank: BankTwin, witnesses: list[Witness]
) -> None:
    keeper, given = anchoring(cloud, witnesses), policy(witnesses)
    away = Anchoring(cloud.unit, keeper._witnesses[:1], keeper._connect)
    await away.settle()
    place = Place(bank.log.signer.key.name, 0)
    found = await chained(cloud, bank, place)
    assert judged(found, given) == (["not witnessed"], Trust.TRUSTED)
    await keeper.settle()
    assert judged(await chained(cloud, bank, place), given)[0] == []


async def test_what_is_not_anchored_yet_has_what_there_is(
    cloud: CloudBench, bank: BankTwin, witnesses: list[Witness]
) -> None:
    with pytest.raises(NotFound, match=r"log\.anchor"):
        await cloud.do(chains.of_bank, bank.tenant, bank.id)
    place = Place(bank.log.signer.key.name, 0)
    (own,) = await chained(cloud, bank, place)
    assert await cloud.do(chains.text_of, bank.tenant, own) == own.text
    await anchoring(cloud, witnesses).settle()
    await upload(cloud, bank)  # newer than what is anchored
    await upload(cloud, bank)
    found = await chained(cloud, bank, place)
    assert judged(found, policy(witnesses)) == ([], Trust.TRUSTED)
    assert found[0].proof.checkpoint != own.proof.checkpoint
    newest = Place(bank.log.signer.key.name, bank.log.size - 1)
    assert len(await chained(cloud, bank, newest)) == 1
    old = await cloud.do(chains.of_bank, bank.tenant, bank.id)
    assert len(old) == 2
    assert judged(old, policy(witnesses)) == ([], Trust.TRUSTED)


async def test_what_is_hidden_stays_hidden(
    cloud: CloudBench, bank: BankTwin, witnesses: list[Witness]
) -> None:
    await anchoring(cloud, witnesses).settle()
    origin = await cloud.do(audit.origin_of, bank.tenant)
    for place in (Place(origin, 0), Place(bank.log.signer.key.name, 0)):
        shown = await chained(cloud, bank, place, frozenset({"type"}))
        found = verify_chained(chain_text(shown))
        assert found.ok
        assert "time" not in found.fields
        assert "type" in found.fields
