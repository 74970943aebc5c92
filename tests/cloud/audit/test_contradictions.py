from __future__ import annotations

import json

import msgspec
import pytest

from bayward.cloud.audit import contradictions
from bayward.cloud.audit.contradictions import Contradiction, Kind
from bayward.core.clock import Instant
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import parse_vkey
from bayward.wire.upload import UploadRefused
from cloud_bench import BankTwin, CloudBench
from link_bench import DeviceLog


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    bank = await cloud.bank(await cloud.tenant())
    for _ in range(5):
        bank.record(EventType.DOOR_OPENED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    return bank


def twin(bank: BankTwin, size: int) -> DeviceLog:
    """Another history under the same key: a restored image that went on, or a cloned key."""
    return DeviceLog(seed=9, signer=bank.log.signer).grow(size)


async def shown(cloud: CloudBench, bank: BankTwin) -> list[Contradiction]:
    return await cloud.do(contradictions.of_bank, bank.tenant, bank.id, Instant(0))


async def greet(cloud: CloudBench, bank: BankTwin, log: DeviceLog, size: int) -> None:
    hello = msgspec.structs.replace(bank.hello, size=size, checkpoint=log.note(size))
    with pytest.raises(UploadRefused):
        await cloud.ingest.hello(bank.device, hello)


async def test_audit_03_a_rolled_back_bank_is_told_by_what_it_lost(
    cloud: CloudBench, bank: BankTwin
) -> None:
    await greet(cloud, bank, bank.log, 3)
    [found] = await shown(cloud, bank)
    assert (found.kind, found.lost, found.is_signed) == (Kind.ROLLBACK, 2, True)
    assert found.accepted is not None
    assert found.shown is not None
    assert (found.accepted.size, found.shown.size) == (5, 3)


async def test_audit_04_an_old_image_that_went_on_leaves_two_signed_checkpoints(
    cloud: CloudBench, bank: BankTwin
) -> None:
    other = twin(bank, 7)
    with pytest.raises(UploadRefused):
        await cloud.ingest.upload(bank.device, other.upload(3, 7))
    [found] = await shown(cloud, bank)
    assert (found.kind, found.is_signed, found.lost) == (Kind.FORK, True, 0)
    told = json.loads(found.text)
    key = parse_vkey(told["vkey"])
    known, offered = (open_checkpoint(told[name], key) for name in ("known", "offered"))
    assert known.checkpoint.origin == offered.checkpoint.origin == told["origin"]
    assert known.checkpoint != offered.checkpoint


async def test_audit_05_equal_sizes_and_other_roots_need_nobodys_word(
    cloud: CloudBench, bank: BankTwin
) -> None:
    await greet(cloud, bank, twin(bank, 5), 5)
    [found] = await shown(cloud, bank)
    assert found.kind is Kind.FORK
    assert found.accepted is not None
    assert found.shown is not None
    assert found.accepted.size == found.shown.size
    assert found.accepted.root != found.shown.root


async def test_audit_09_a_cloned_key_is_refused_and_both_notes_are_kept(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """The same key in two computers: whoever comes second contradicts the first."""
    other = twin(bank, 6)
    with pytest.raises(UploadRefused):
        await cloud.ingest.upload(bank.device, other.upload(5, 6))
    [found] = await shown(cloud, bank)
    assert found.kind is Kind.FORK
    assert found.offered == other.note(6)
    assert open_checkpoint(found.known, bank.log.signer.key).checkpoint.size == 5


async def test_audit_09_a_note_of_nobody_and_leaves_that_do_not_fit(
    cloud: CloudBench, bank: BankTwin
) -> None:
    stranger = DeviceLog(seed=3).grow(6)  # under another key and name
    with pytest.raises(UploadRefused):
        await cloud.ingest.upload(bank.device, stranger.upload(5, 6))
    bank.record(EventType.DOOR_CLOSED, compartment=bank.door(1))
    upload = bank.log.upload(5, 6)
    swapped = msgspec.structs.replace(upload, proof=[bytes(32)])
    with pytest.raises(UploadRefused):
        await cloud.ingest.upload(bank.device, swapped)
    content, signature = await shown(cloud, bank)
    assert (signature.kind, signature.is_signed) == (Kind.SIGNATURE, False)
    assert (content.kind, content.is_signed) == (Kind.CONTENT, True)
    await bank.upload(cloud.ingest)  # neither ends the log


async def test_what_cannot_be_read_is_shown_as_such(cloud: CloudBench, bank: BankTwin) -> None:
    hello = msgspec.structs.replace(bank.hello, checkpoint="nonsense")
    with pytest.raises(UploadRefused):
        await cloud.ingest.hello(bank.device, hello)
    [found] = await shown(cloud, bank)
    assert (found.kind, found.shown, found.is_signed) == (Kind.SIGNATURE, None, False)
    with pytest.raises(LedgerError):
        open_checkpoint(found.offered, parse_vkey(found.vkey))


async def test_identity_62_evidence_of_another_tenant_is_not_found(
    cloud: CloudBench, bank: BankTwin
) -> None:
    await greet(cloud, bank, bank.log, 3)
    [found] = await shown(cloud, bank)
    assert await cloud.do(contradictions.get, bank.tenant, bank.id, found.number) == found
    other = await cloud.tenant(2)
    with pytest.raises(NotFound):
        await cloud.do(contradictions.get, other, bank.id, found.number)
    assert await cloud.do(contradictions.of_bank, bank.tenant, bank.id, Instant(found.at + 1)) == []
