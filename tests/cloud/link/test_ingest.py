from __future__ import annotations

import base64
import hashlib

import msgspec
import pytest
import sqlalchemy as sa

from bayward.cloud.audit import export
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.fleet.store import BankState
from bayward.cloud.incidents import service as incidents
from bayward.cloud.storage import schema as s
from bayward.core.errors import Denied, NotFound, Unavailable
from bayward.core.events import ERASED, EventType
from bayward.core.ids import GrantId, PersonId
from bayward.core.roles import Role
from bayward.ledger.leaf import Disclosure
from bayward.ledger.verify import verify_log
from bayward.wire.messages import DoorReading, DoorState, LetterKind, Readings
from bayward.wire.upload import BadDisclosure, BadSignature, Fork, Gap, Rollback
from cloud_bench import BankTwin, CloudBench, named, notifier_spki
from link_bench import DeviceLog

_T = EventType
CODE = "48219037"


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


@pytest.fixture
async def anne(cloud: CloudBench, bank: BankTwin) -> PersonId:
    return await cloud.person(bank.tenant, "Anne", Role.RESIDENT)


def cloud_grant(number: int) -> str:
    return named(GrantId, number)


async def test_an_upload_is_stored_carried_out_and_acknowledged(
    cloud: CloudBench, bank: BankTwin, anne: PersonId
) -> None:
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    assert await bank.upload(cloud.ingest) == bank.log.size == 3
    assert [row.state for row in cloud.rows(s.parcel)] == ["deposited"]
    assert [row.state for row in cloud.rows(s.compartment)][:2] == ["occupied", "free"]
    assert [row.kind for row in cloud.rows(s.letter)] == ["pickup"]
    assert [row.kind for row in cloud.rows(s.delivery)] == ["parcel_ready"]
    [accepted] = cloud.events(_T.BANK_LOG_ACCEPTED)
    assert (accepted.log_size, accepted.origin) == (3, bank.log.signer.key.name)


async def test_audit_09_a_replay_is_acknowledged_and_changes_nothing(
    cloud: CloudBench, bank: BankTwin, anne: PersonId
) -> None:
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    upload = bank.log.upload(0, 3)
    assert (await cloud.ingest.upload(bank.device, upload)).acked == 3
    before = cloud.dump()
    for _ in range(3):
        assert (await cloud.ingest.upload(bank.device, upload)).acked == 3
    assert cloud.dump() == before


async def test_audit_09_a_gap_is_told_and_is_no_crime(cloud: CloudBench, bank: BankTwin) -> None:
    bank.log.grow(4)
    with pytest.raises(Gap) as caught:
        await cloud.ingest.upload(bank.device, bank.log.upload(2, 4))
    assert caught.value.size == 0
    assert cloud.rows(s.fork_evidence) == cloud.rows(s.incident) == []
    assert (await cloud.ingest.upload(bank.device, bank.log.upload(0, 4))).acked == 4


def twin(bank: BankTwin, seed: int) -> DeviceLog:
    """Another history under the same key: a cloned bank, or a restored disk that went on."""
    return DeviceLog(seed=seed, signer=bank.log.signer)


async def test_identity_99_two_banks_with_one_key_are_found_out_and_kept_out(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.log.grow(3)
    await bank.upload(cloud.ingest)
    clone = twin(bank, 99).grow(4)
    with pytest.raises(Fork):
        await cloud.ingest.upload(bank.device, clone.upload(0, 3))
    [evidence] = cloud.rows(s.fork_evidence)
    assert (evidence.known_note, evidence.offered_note) == (bank.log.note(3), clone.note(3))
    [incident] = cloud.rows(s.incident)
    assert (incident.kind, incident.severity) == ("bank_log.refused", "critical")
    bank.log.grow(1)
    with pytest.raises(Denied) as caught:
        await cloud.ingest.upload(bank.device, bank.log.upload(3, 4))
    assert caught.value.code == "log.forked"
    with pytest.raises(Denied) as caught:
        await cloud.ingest.hello(bank.device, bank.hello)
    assert caught.value.code == "bank.quarantined"


async def test_a_reconciled_bank_can_be_enrolled_anew(cloud: CloudBench, bank: BankTwin) -> None:
    bank.log.grow(2)
    await bank.upload(cloud.ingest)
    with pytest.raises(Fork):
        await cloud.ingest.upload(bank.device, twin(bank, 99).grow(2).upload(0, 2))
    found = await cloud.do(fleet.get_bank, bank.tenant, bank.id)
    assert found.state is BankState.QUARANTINED
    [incident] = await cloud.do(incidents.incidents, bank.tenant)
    await cloud.do(
        incidents.close, bank.tenant, incident.id, actor=named(PersonId, 7), reason="new computer"
    )
    found = await cloud.do(fleet.get_bank, bank.tenant, bank.id)
    assert found.state is BankState.ENROLLED
    with pytest.raises(Denied):  # but never again with this log
        await cloud.ingest.hello(bank.device, bank.hello)


async def test_audit_04_a_rolled_back_bank_is_refused_at_hello_and_kept_as_evidence(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.log.grow(5)
    await bank.upload(cloud.ingest)
    older = msgspec.structs.replace(bank.hello, size=3, checkpoint=bank.log.note(3))
    for _ in range(3):
        with pytest.raises(Rollback):
            await cloud.ingest.hello(bank.device, older)
    assert len(cloud.rows(s.fork_evidence)) == 1
    assert len(cloud.events(_T.INCIDENT_OPENED)) == 1
    assert (await cloud.ingest.hello(bank.device, bank.hello)).acked == 5


async def test_a_forged_note_is_evidence_and_nothing_is_stored(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.log.grow(2)
    stranger = await cloud.bank(bank.tenant, 2)
    stranger.log.grow(2)
    with pytest.raises(BadSignature):
        await cloud.ingest.upload(bank.device, stranger.log.upload(0, 2))
    assert [row.reason for row in cloud.rows(s.fork_evidence)] == ["upload.signature"]
    assert [row.size for row in cloud.rows(s.log) if row.kind == "bank"] == [0, 0]


async def test_a_local_field_is_refused_even_when_the_bank_sends_it(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.log.add(type="code.rotated", time=1, grant="g", tag="deadbeef")
    with pytest.raises(BadDisclosure):
        await bank.upload(cloud.ingest)
    assert [row.size for row in cloud.rows(s.log) if row.kind == "bank"] == [0]


async def test_what_is_not_understood_is_stored_as_evidence_all_the_same(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.log.add(type="door.melted", time=1)
    bank.record(_T.DOOR_OPENED, compartment=bank.door(1))
    assert await bank.upload(cloud.ingest) == 2
    origin = bank.log.signer.key.name
    mine = [row for row in cloud.rows(s.happening) if row.origin == origin]
    assert [(row.idx, row.type) for row in mine] == [(1, "door.opened")]
    begun = await cloud.do(export.begin, bank.tenant, origin, named(PersonId, 1))
    lines = [begun.header, *await cloud.do(export.page, bank.tenant, begun, 0)]
    assert verify_log(lines, [bank.log.signer.key]).entries == 2


async def test_what_a_bank_has_forgotten_is_carried_out_without_him(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """Our database was set back; the bank uploads again what it has left."""
    anne, carl = named(PersonId, 1), named(PersonId, 2)
    parcel, _ = bank.deposit(1, recipient=anne, courier=carl)
    for index, entry in enumerate(bank.log.entries):
        kept = [text for text in entry.disclosures if Disclosure.parse(text).value != anne]
        bank.log.entries[index] = msgspec.structs.replace(entry, disclosures=kept)
    assert await bank.upload(cloud.ingest) == 3
    [row] = cloud.rows(s.parcel)
    assert (row.parcel, row.recipient, row.state) == (parcel, ERASED, "deposited")


@pytest.mark.parametrize("who", ["foreign tenant", "other bank", "nobody"])
async def test_identity_96_a_bank_speaks_for_itself_only(
    cloud: CloudBench, bank: BankTwin, who: str
) -> None:
    bank.log.grow(1)
    other = await cloud.bank(bank.tenant, 2)
    stranger = await cloud.tenant(2)
    device = {
        "foreign tenant": DeviceIdentity(stranger, bank.id, "pin"),
        "other bank": other.device,
        "nobody": DeviceIdentity(bank.tenant, type(bank.id)(named(type(bank.id), 99)), "pin"),
    }[who]
    with pytest.raises((NotFound, Denied)):
        await cloud.ingest.hello(device, bank.hello)
    with pytest.raises((NotFound, BadSignature)):
        await cloud.ingest.upload(device, bank.log.upload(0, 1))
    assert all(row.size == 0 for row in cloud.rows(s.log) if row.kind == "bank")


async def test_the_welcome_tells_where_to_go_on(cloud: CloudBench, bank: BankTwin) -> None:
    bank.log.grow(3)
    fresh = await cloud.ingest.hello(bank.device, bank.hello)
    assert (fresh.acked, fresh.needs_layout) == (0, True)
    await bank.upload(cloud.ingest)
    same = msgspec.structs.replace(bank.hello, layout_hash="1" * 64)
    welcome = await cloud.ingest.hello(bank.device, same)
    assert (welcome.acked, welcome.needs_layout) == (3, False)
    assert welcome.root == bank.log.tree.frontier.root
    assert (welcome.tenant, welcome.now) == (bank.tenant, cloud.clock.at)
    assert welcome.notifier_key == notifier_spki()
    assert [issuer.kid for issuer in welcome.issuers] == [1]
    assert welcome.witness_note is not None
    assert welcome.witness_note.startswith(f"lockers.example.com/tenant/{bank.tenant}\n")


@pytest.mark.parametrize("state", ["created", "quarantined", "retired"])
async def test_a_bank_that_must_not_connect_is_told_so(
    cloud: CloudBench, bank: BankTwin, state: str
) -> None:
    await cloud.unit.write(lambda work: work.tx.execute(s.bank.update().values(state=state)))
    with pytest.raises(Denied) as caught:
        await cloud.ingest.hello(bank.device, bank.hello)
    assert caught.value.code == f"bank.{state}"


async def test_presence_belongs_to_the_newest_connection(cloud: CloudBench, bank: BankTwin) -> None:
    async def is_connected() -> bool:
        return (await cloud.do(fleet.get_bank, bank.tenant, bank.id)).is_connected

    await cloud.ingest.connected(bank.device, "one")
    await cloud.ingest.connected(bank.device, "two")
    await cloud.ingest.disconnected(bank.device, "one", "link.replaced")
    assert await is_connected()
    await cloud.ingest.disconnected(bank.device, "two", "link.silent")
    assert not await is_connected()
    assert [one.reason for one in cloud.events(_T.BANK_DISCONNECTED)] == ["link.silent"]
    await cloud.ingest.connected(bank.device, "three")
    await cloud.ingest.start()  # the program was killed and runs again
    assert not await is_connected()
    assert cloud.events(_T.BANK_DISCONNECTED)[-1].reason == "cloud.restarted"


async def test_readings_replace_each_other(cloud: CloudBench, bank: BankTwin) -> None:
    for pending in (3, 0):
        door = DoorReading(compartment=str(bank.door(1)), state=DoorState.OPEN, age_ms=5)
        seen = Readings(doors=[door], is_siren_on=True, lockdowns=["bank"], pending=pending)
        await cloud.ingest.readings(bank.device, seen)
    [row] = cloud.rows(s.readings)
    assert (row.pending, row.is_siren_on, row.lockdowns) == (0, True, '["bank"]')
    assert '"state":"open"' in row.doors


async def test_a_failure_at_any_statement_leaves_nothing_and_the_next_try_is_whole(
    cloud: CloudBench, bank: BankTwin, anne: PersonId
) -> None:
    """The n-th call to the database fails, for every n of an upload with all it causes."""
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    bank.collect(1)
    bank.force()
    upload = bank.log.upload(0, bank.log.size)
    before, left_to_fail, tried = cloud.dump(), 0, 0

    def fail(*_: object) -> None:
        nonlocal left_to_fail
        left_to_fail -= 1
        if left_to_fail == 0:
            raise OSError("the n-th call")

    sa.event.listen(cloud.tx, "before_cursor_execute", fail)
    acked = 0
    while not acked:
        tried += 1
        left_to_fail = tried
        try:
            acked = (await cloud.ingest.upload(bank.device, upload)).acked
        except OSError:
            left_to_fail = 0
            assert cloud.dump() == before, f"call {tried}"
    sa.event.remove(cloud.tx, "before_cursor_execute", fail)
    assert acked == bank.log.size
    assert tried > 60
    assert cloud.rows(s.incident)


async def test_identity_100_a_full_disk_takes_nothing_and_the_bank_sends_again(
    cloud: CloudBench, bank: BankTwin
) -> None:
    bank.log.grow(120)
    pages = cloud.tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    cloud.tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    cloud.tx.rollback()
    with pytest.raises(Unavailable) as caught:
        await bank.upload(cloud.ingest)
    assert caught.value.code == "storage.full"
    cloud.tx.exec_driver_sql("PRAGMA max_page_count=100000")
    cloud.tx.rollback()
    assert (await cloud.ingest.upload(bank.device, bank.log.upload(0, 120))).acked == 120


async def test_identity_13_a_stolen_database_holds_no_code(
    cloud: CloudBench, bank: BankTwin, anne: PersonId
) -> None:
    codes = ["48219037", "55510234", "90817263"]
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2), code=codes[0])
    bank.record(_T.CODE_ROTATED, grant=cloud_grant(1))
    bank.seal(LetterKind.PICKUP, cloud_grant(1), codes[1])
    bank.record(_T.COURIER_ADMITTED, actor=anne, carrier="UPS", not_after=cloud.clock.at + 1)
    bank.seal(LetterKind.COURIER, anne, codes[2])
    await bank.upload(cloud.ingest)
    assert cloud.rows(s.letter)
    stolen = cloud.dump()
    for code in codes:
        digest = hashlib.sha256(code.encode()).digest()
        for form in (
            code.encode(),
            base64.b64encode(code.encode()).rstrip(b"="),
            digest,
            digest.hex().encode(),
            base64.b64encode(digest)[:20],
        ):
            assert form not in stolen


async def test_a_letter_of_a_stranger_is_dropped(
    cloud: CloudBench, bank: BankTwin, anne: PersonId
) -> None:
    """A bank writes to recipients of its own live grants and to its own couriers only."""
    other = await cloud.bank(bank.tenant, 2)
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2))
    await bank.upload(cloud.ingest)
    other.record(_T.BANK_STARTED, detail="1.0")
    other.seal(LetterKind.PICKUP, cloud_grant(1), CODE)  # another bank's grant
    other.seal(LetterKind.PICKUP, cloud_grant(9), CODE)  # nobody's
    other.seal(LetterKind.COURIER, anne, CODE)  # no courier of this bank
    await other.upload(cloud.ingest)
    assert [row.bank for row in cloud.rows(s.letter)] == [bank.id]
    assert len(cloud.rows(s.delivery)) == 1
