"""The anchor with a witness outside: the real one, over its own HTTP interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bayward.cloud.audit import anchor, export
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.anchoring import Anchoring
from bayward.cloud.audit.store import Wanted
from bayward.cloud.cosigning import CosigningKeys
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.inline import InlineStore
from bayward.cloud.unit import OPERATOR
from bayward.cloud.witness.http import WitnessApp
from bayward.cloud.witness.memory import WitnessFile
from bayward.cloud.witness.service import Witness
from bayward.core.clock import HOUR_MS, SECOND_MS, Instant
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.keys import ECDSA_P256, ED25519
from bayward.ledger.leaf import open_leaf
from bayward.ledger.policy import Party
from bayward.ledger.tiles import decode_bundle
from cloud_bench import HOUSE, BankTwin, CloudBench, keys, make, template

NAME = "example.org/witness"
KEY = keys().log_signer(f"{HOUSE}/anchor").key
SEEN_AT = 1_800_000_100


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    await cloud.platform()
    bank = await cloud.bank(await cloud.tenant())
    await upload(cloud, bank)
    return bank


async def upload(cloud: CloudBench, bank: BankTwin) -> None:
    bank.record(EventType.DOOR_OPENED, compartment=bank.door(1))
    await bank.upload(cloud.ingest)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    cosigning = CosigningKeys.open(tmp_path, NAME, "witness")
    with closing(WitnessFile(tmp_path / "w.db", NAME)) as file:
        yield Witness(
            file=file,
            logs={KEY.name: [KEY]},
            cosigners=lambda: cosigning.signers(SEEN_AT),
            mirror_cosigners=None,
            secret=b"s" * 32,
        )


def anchoring(cloud: CloudBench, witness: Witness) -> Anchoring:
    transport = httpx.ASGITransport(WitnessApp(witness))
    party = Party(witness.cosigners()[0].key, "http://w.test/witness/")
    return Anchoring(cloud.unit, [party], lambda: httpx.AsyncClient(transport=transport))


async def test_a_log_that_has_grown_is_entered_once_and_the_anchor_comes_to_rest(
    cloud: CloudBench, bank: BankTwin
) -> None:
    keeper = Anchoring(cloud.unit, [])
    assert await keeper.enter() == 1
    assert await keeper.enter() == 0  # it does not enter itself
    head = await cloud.unit.read(anchor.find)
    assert head is not None
    assert (head.origin, head.size) == (f"{HOUSE}/anchor", 1)
    await upload(cloud, bank)
    assert await keeper.enter() == 1
    verdict = await cloud.do(export.verify, OPERATOR, head.origin)
    assert verdict.ok, verdict.findings
    assert verdict.entries == 2


async def test_a_witness_outside_cosigns_and_goes_on_where_it_was(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    keeper = anchoring(cloud, witness)
    for size in (1, 2, 3):
        await upload(cloud, bank)
        await keeper.enter()
        await keeper.ask()
        seen = await cloud.do(anchor.seen_by, NAME)
        assert seen is not None
        assert (seen.checkpoint.size, seen.time) == (size, SEEN_AT)
        wkey = witness.cosigners()[0].key
        assert open_checkpoint(seen.note, KEY, [wkey]).cosignatures == {NAME: SEEN_AT}
    await keeper.ask()  # nothing new: nobody is asked
    head, witnesses = await cloud.do(anchor.status)
    assert head is not None
    assert witnesses == [(NAME, 3, SEEN_AT * SECOND_MS)]


async def test_a_witness_that_knows_ed25519_only_cosigns_all_the_same(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    """As those built on Go's sumdb/note, the public witness network among them."""
    second = keys().anchor_signer(f"{HOUSE}/anchor").key
    assert (second.kind, KEY.kind) == (ED25519, ECDSA_P256)
    modern = replace(witness, logs={KEY.name: [second]})
    keeper = anchoring(cloud, modern)
    for size in (1, 2):
        await upload(cloud, bank)
        await keeper.enter()
        await keeper.ask()
        seen = await cloud.do(anchor.seen_by, NAME)
        assert seen is not None
        assert seen.checkpoint.size == size
    shown = await cloud.do(anchor.published)
    for key in (KEY, second):
        opened = open_checkpoint(shown, key, [modern.cosigners()[0].key])
        assert opened.cosignatures == {NAME: SEEN_AT}


async def test_what_everybody_is_shown_carries_the_lines_of_all_witnesses(
    cloud: CloudBench, bank: BankTwin, witness: Witness, tmp_path: Path
) -> None:
    """Two witnesses and one that is away; the anchor grows while they are asked."""
    assert cloud.clock.at < SEEN_AT * SECOND_MS
    second = "example.org/second"
    cosigning = CosigningKeys.open(tmp_path / "second", second, "witness", is_young=True)
    with closing(WitnessFile(tmp_path / "second.db", second)) as file:
        other = Witness(
            file=file,
            logs=witness.logs,
            cosigners=lambda: cosigning.signers(SEEN_AT + 5),
            mirror_cosigners=None,
            secret=b"s" * 32,
        )
        apps = {"http://one": WitnessApp(witness), "http://two": WitnessApp(other)}

        def connect() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                mounts={url: httpx.ASGITransport(app) for url, app in apps.items()},
                transport=httpx.MockTransport(lambda _: httpx.Response(503)),
            )

        keys_of = {"http://one": witness, "http://two": other, "http://away": witness}
        parties = [Party(one.cosigners()[0].key, f"{url}/witness") for url, one in keys_of.items()]
        keeper = Anchoring(cloud.unit, parties, connect)
        await keeper.enter()
        plain = await cloud.do(anchor.published)
        assert open_checkpoint(plain, KEY).cosignatures == {}
        await keeper.ask()
    await upload(cloud, bank)
    await keeper.enter()
    known = [one.key for each in (witness, other) for one in each.cosigners()]
    shown = open_checkpoint(await cloud.do(anchor.published), KEY, known)
    assert shown.cosignatures == {NAME: SEEN_AT, second: SEEN_AT + 5}
    assert shown.checkpoint == open_checkpoint(plain, KEY).checkpoint
    assert len(shown.note.verified) == 4  # the log, the first, and the second with both its keys
    cloud.clock.at = Instant(SEEN_AT * SECOND_MS + 2 * HOUR_MS)  # nobody has come since
    alone = open_checkpoint(await cloud.do(anchor.published), KEY, known)
    assert (alone.checkpoint.size, alone.cosignatures) == (2, {})


async def test_where_the_anchor_holds_a_log_is_told_by_size(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    with pytest.raises(NotFound):
        await cloud.do(anchor.published)
    keeper = anchoring(cloud, witness)
    sizes = []
    for _ in range(3):
        await upload(cloud, bank)
        await keeper.enter()
        [head] = [one for one in await cloud.do(audit.logs, bank.tenant) if one.kind == "tenant"]
        sizes.append(head.size)
    for after, expected in ((0, sizes), (sizes[0], sizes[1:]), (sizes[2], [])):
        found = await cloud.do(anchor.anchored_since, bank.tenant, after)
        told = [open_leaf(one.leaf, one.disclosures) for one in found]
        assert [one["log_size"] for one in told] == expected
        assert all(one.proof.verify(one.leaf, KEY) is not None for one in found)
    await keeper.ask()
    await upload(cloud, bank)
    await keeper.enter()  # not in what is published yet
    found = await cloud.do(anchor.anchored_since, bank.tenant, 0)
    assert len(found) == 3
    assert await cloud.do(anchor.anchored_since, OPERATOR, 0) == []


async def test_what_it_covers_gets_an_upper_bound_from_outside_the_house(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    keeper = anchoring(cloud, witness)
    await keeper.enter()
    await keeper.ask()
    await upload(cloud, bank)  # not anchored yet
    wanted = Wanted(types=(EventType.BANK_LOG_ACCEPTED,))
    new, old = await cloud.do(audit.happenings, bank.tenant, wanted)
    assert old.bounds.not_after == SEEN_AT * SECOND_MS + 999
    assert new.bounds.not_after is None


async def test_audit_16_a_database_that_was_set_back_learns_what_the_witness_knows(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    keeper = anchoring(cloud, witness)
    await keeper.enter()
    await keeper.ask()
    with cloud.tx.begin():  # what we knew of the witness is lost, the log is not
        cloud.tx.execute(s.cosignature.delete().where(s.cosignature.c.witness == NAME))
    await upload(cloud, bank)
    await keeper.enter()
    await keeper.ask()
    seen = await cloud.do(anchor.seen_by, NAME)
    assert seen is not None
    assert seen.checkpoint.size == 2


async def test_audit_16_a_witness_whose_answer_was_lost_signs_the_same_again(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    class Losing(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await super().handle_async_request(request)
            raise httpx.ReadTimeout("lost")

    party = Party(witness.cosigners()[0].key, "http://w.test/witness/")
    app = WitnessApp(witness)
    losing = Anchoring(cloud.unit, [party], lambda: httpx.AsyncClient(transport=Losing(app)))
    await losing.enter()
    await losing.ask()
    assert await cloud.do(anchor.seen_by, NAME) is None
    await anchoring(cloud, witness).ask()
    seen = await cloud.do(anchor.seen_by, NAME)
    assert seen is not None
    assert seen.checkpoint.size == 1


async def test_audit_04_a_forked_anchor_is_not_cosigned_and_kept_as_evidence(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    """The operator's database was set back and went on with another story, under the same key."""
    keeper = anchoring(cloud, witness)
    await keeper.enter()
    await keeper.ask()
    other = make(InlineStore(template()))
    try:
        await other.platform()
        for number in (2, 3):
            await other.tenant(number)
        forger = anchoring(other, witness)
        assert await forger.enter() == 2
        await forger.ask()
        assert await other.do(anchor.seen_by, NAME) is None
    finally:
        other.store.close()  # type: ignore[attr-defined]  # an `InlineStore`
    [(known, offered)] = witness.file.suspects(KEY.name)
    assert open_checkpoint(known, KEY).checkpoint.size == 1
    assert open_checkpoint(offered, KEY).checkpoint.size == 2


async def test_what_an_authority_is_given_is_what_was_cosigned(
    cloud: CloudBench, bank: BankTwin, witness: Witness
) -> None:
    assert await cloud.do(anchor.to_stamp) is None
    keeper = anchoring(cloud, witness)
    await keeper.settle()
    await upload(cloud, bank)
    await keeper.enter()  # newer than what is cosigned
    note = await cloud.do(anchor.to_stamp)
    assert note is not None
    wkey = witness.cosigners()[0].key
    assert open_checkpoint(note, KEY, [wkey]).cosignatures == {NAME: SEEN_AT}
    await cloud.do(lambda work: anchor.keep_stamp(work, note, b"token"))
    assert await cloud.do(anchor.to_stamp) is None
    assert await cloud.do(lambda work: anchor.stamped(work, note)) == (note, b"token")
    newer = await cloud.do(lambda work: anchor.note_over(work, 1))
    assert await cloud.do(lambda work: anchor.stamped(work, newer)) is None
    with pytest.raises(NotFound, match=r"log\.anchor"):
        await cloud.do(lambda work: anchor.note_over(work, 2))


async def test_an_entry_of_the_anchor_betrays_nobody(cloud: CloudBench, bank: BankTwin) -> None:
    await Anchoring(cloud.unit, []).enter()
    rows = cloud.rows(s.log_segment)
    [packed] = [row.entries for row in rows if row.origin == f"{HOUSE}/anchor"]
    [leaf] = decode_bundle(packed, 1)
    assert bank.tenant.encode() not in leaf
    assert set(leaf[2:5]) == set(b"_sd")
