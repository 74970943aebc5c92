from __future__ import annotations

from dataclasses import replace

import pytest

import cloud_bench
from bayward.cloud.audit import mirror
from bayward.cloud.storage import schema as s
from bayward.core.errors import Conflict, Denied, Invalid
from bayward.core.events import Event, EventType
from bayward.ledger.leaf import Value
from bayward.ledger.merkle import EMPTY_ROOT
from bayward.wire.upload import AcceptedEntry, UploadRefused
from cloud_bench import BankTwin, CloudBench


def entry(**fields: Value) -> AcceptedEntry:
    return AcceptedEntry(0, b"leaf", (), fields)


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


async def test_a_log_begins_with_the_enrolment(cloud: CloudBench, bank: BankTwin) -> None:
    origin = bank.log.signer.key.name
    known = await cloud.do(mirror.known, bank.tenant, bank.id, origin)
    assert (known.size, known.root, known.note) == (0, EMPTY_ROOT, "")
    assert known.key == bank.log.signer.key


async def test_only_the_present_sound_log_of_this_bank_counts(
    cloud: CloudBench, bank: BankTwin
) -> None:
    other = await cloud.bank(bank.tenant, 2)
    stranger = await cloud.bank(await cloud.tenant(2), 3)
    mine = bank.log.signer.key.name
    asked = [
        (bank.tenant, other.id, mine),
        (stranger.tenant, bank.id, mine),
        (bank.tenant, bank.id, "nowhere"),
        (bank.tenant, bank.id, None),
    ]
    for tenant, who, origin in asked:
        with pytest.raises(Denied) as caught:
            await cloud.do(mirror.known, tenant, who, origin)
        assert caught.value.code == "log.not_yours"


async def test_a_new_enrolment_closes_the_old_log(cloud: CloudBench, bank: BankTwin) -> None:
    old = bank.log.signer.key.name
    new = old.removesuffix("1") + "2"
    key = replace(bank.log.signer.key, name=new)
    event = Event(
        type=EventType.BANK_ENROLLED,
        time=cloud.clock.at,
        bank=bank.id,
        origin=new,
        detail=key.vkey,
    )
    await cloud.unit.write(lambda work: work.emit(event, tenant=bank.tenant))
    with pytest.raises(Denied) as caught:
        await cloud.do(mirror.known, bank.tenant, bank.id, old)
    assert caught.value.code == "log.closed"
    assert (await cloud.do(mirror.known, bank.tenant, bank.id, new)).key == key


async def test_a_new_certificate_leaves_the_log_as_it_is(cloud: CloudBench, bank: BankTwin) -> None:
    key = bank.log.signer.key
    bank.record(EventType.DOOR_OPENED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)
    event = Event(
        type=EventType.BANK_ENROLLED,
        time=cloud.clock.at,
        bank=bank.id,
        origin=key.name,
        detail=key.vkey,
    )
    await cloud.unit.write(lambda work: work.emit(event, tenant=bank.tenant))
    assert (await cloud.do(mirror.known, bank.tenant, bank.id, key.name)).size == 1
    other = replace(event, detail=cloud_bench.keys().log_signer(key.name).key.vkey)
    with pytest.raises(Conflict, match=r"log\.exists"):
        await cloud.unit.write(lambda work: work.emit(other, tenant=bank.tenant))


async def test_the_bank_of_an_event_is_who_uploaded_it(cloud: CloudBench, bank: BankTwin) -> None:
    other = await cloud.bank(bank.tenant, 2)
    told = entry(type="door.opened", time=1, compartment="c", bank=str(other.id))
    assert mirror.event_of(bank.id, told).bank == bank.id


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "door.opened", "time": 1},  # a field is missing
        {"type": "door.melted", "time": 1},
        {"type": "door.opened", "time": 1, "compartment": ["c"]},
        {"type": "door.opened", "time": "1", "compartment": "c"},
        {"type": "door.opened", "time": 1, "compartment": "c", "colour": "red"},
        {"type": "door.opened", "compartment": "c"},
        {"time": 1},
        {},
    ],
)
def test_what_is_not_of_the_vocabulary_is_no_event(
    fields: dict[str, Value], bank: BankTwin
) -> None:
    with pytest.raises(Invalid):
        mirror.event_of(bank.id, entry(**fields))


@pytest.mark.parametrize(
    "kind", sorted(set(EventType) - mirror.FROM_BANKS), ids=lambda kind: kind.value
)
def test_a_bank_cannot_tell_what_only_the_control_plane_knows(
    kind: EventType, bank: BankTwin
) -> None:
    """A stolen bank key must not create tenants, roles or other banks' logs."""
    every = dict.fromkeys(
        ("actor", "subject", "role", "scope", "method", "reason", "detail", "origin", "command",
         "incident", "bank", "result", "channel", "log_root", "authority", "handed_to",
         "item", "purpose", "compartment", "parcel", "party", "witness", "seal", "photo"), "x",
    )  # fmt: skip
    told = entry(type=kind.value, time=1, log_size=1, not_after=1, count=1, cosigned_at=1, **every)
    with pytest.raises(Invalid) as caught:
        mirror.event_of(bank.id, told)
    assert caught.value.code == "event.not_of_a_bank"


async def test_evidence_is_kept_once_and_never_without_end(
    cloud: CloudBench, bank: BankTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "EVIDENCE_MAX", 3)
    origin = bank.log.signer.key.name
    for number in range(5):
        for _ in range(2):
            known = await cloud.do(mirror.known, bank.tenant, bank.id, origin)
            refused = UploadRefused("upload.signature", known, f"note {number}")
            await cloud.do(mirror.refuse, bank.tenant, bank.id, known, refused)
    assert [row.offered_note for row in cloud.rows(s.fork_evidence)] == [
        "note 0", "note 1", "note 2",
    ]  # fmt: skip
    assert len(cloud.events(EventType.BANK_LOG_REFUSED)) == 3
    assert len(cloud.events(EventType.INCIDENT_OPENED)) == 1
