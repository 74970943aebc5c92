from __future__ import annotations

from collections.abc import Callable

import pytest

from bayward.cloud.audit import receipt_words
from bayward.cloud.privacy import service as privacy
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.errors import NotFound
from bayward.core.events import EventType
from bayward.core.ids import BankId, PersonId
from bayward.core.roles import Role
from bayward.ledger.leaf import Disclosure
from bayward.ledger.verify import verify_receipt
from bayward.wire import receipt_word
from cloud_bench import BankTwin, CloudBench, story

DEPOSITED, COLLECTED = EventType.PARCEL_DEPOSITED, EventType.PARCEL_COLLECTED


def words_of(bank: BankTwin, *kinds: EventType) -> list[str]:
    """What this bank's kiosk shows, in order; worked out from its side of the log."""
    found = []
    for entry in bank.log.entries:
        fields = {one.name: one.value for one in map(Disclosure.parse, entry.disclosures)}
        kind = EventType(str(fields["type"]))
        raw = receipt_word.word_of(kind, bank.log.signer.key.name, entry.disclosures)
        if raw is not None and kind in kinds:
            found.append(receipt_word.spell(raw))
    return found


def refused(bank: BankId, word: str) -> Callable[[Work], None]:
    def read(work: Work) -> None:
        with pytest.raises(NotFound, match="receipt"):
            receipt_words.follow(work, bank, word)

    return read


async def test_the_words_of_the_kiosk_lead_to_receipts_that_verify(cloud: CloudBench) -> None:
    bank = await story(cloud)
    words = words_of(bank, DEPOSITED, COLLECTED)
    assert len(words) == 3
    for word in words:
        found = await cloud.do(receipt_words.follow, bank.id, word)
        receipt = await cloud.do(receipt_words.receipt, found)
        verdict = verify_receipt(receipt.text, [bank.log.signer.key])
        assert verdict.ok
        assert verdict.fields["type"] == found.kind.value
        assert not set(verdict.fields) & {"recipient", "witness", "grant", "tag"}
        told = receipt_word.word_of(found.kind, receipt.key.name, receipt.disclosures)
        assert told is not None
        assert receipt_word.spell(told) == word, "it commits to exactly what it leads to"


async def test_it_is_here_with_the_entry_and_not_before(cloud: CloudBench) -> None:
    bank = await story(cloud)
    bank.deposit(3, recipient=str(PersonId.of(bytes(16))), courier=str(PersonId.of(bytes(16))))
    word = words_of(bank, DEPOSITED)[-1]
    await cloud.unit.read(refused(bank.id, word))
    await bank.upload(cloud.ingest)
    assert (await cloud.do(receipt_words.follow, bank.id, word)).kind is DEPOSITED


async def test_identity_102_guessed_foreign_and_old_words_are_not_found(cloud: CloudBench) -> None:
    bank = await story(cloud)
    other = await cloud.bank(await cloud.tenant(2), 2)
    [word, *_] = words_of(bank, DEPOSITED)
    odd = ["", "x", word.upper(), word[:-1], word + "0", f"{word}\0", "%", word[::-1], "z" * 32]
    for text in odd:
        await cloud.unit.read(refused(bank.id, text))
    await cloud.unit.read(refused(other.id, word))
    await cloud.unit.read(refused(BankId.of(bytes(16)), word))
    cloud.wait(receipt_words.LIFE_MS - 1)
    assert (await cloud.do(receipt_words.follow, bank.id, word)).kind is DEPOSITED
    cloud.wait(1)
    await cloud.unit.read(refused(bank.id, word))


async def test_identity_102_an_entry_of_another_type_has_no_word(cloud: CloudBench) -> None:
    bank = await story(cloud)
    for entry in bank.log.entries:
        for kind in (DEPOSITED, COLLECTED):
            fields = {one.name: one.value for one in map(Disclosure.parse, entry.disclosures)}
            if fields["type"] in {DEPOSITED.value, COLLECTED.value}:
                continue
            raw = receipt_word.word_of(kind, bank.log.signer.key.name, entry.disclosures)
            assert raw is not None
            await cloud.unit.read(refused(bank.id, receipt_word.spell(raw)))


async def test_only_hashes_of_words_are_kept_and_old_ones_go(cloud: CloudBench) -> None:
    bank = await story(cloud)
    words = words_of(bank, DEPOSITED, COLLECTED)
    stolen = cloud.dump()
    for word in words:
        assert word.encode() not in stolen
        assert receipt_word.parse(word) not in stolen
    cloud.wait(receipt_words.LIFE_MS)
    bank.collect(2)
    await bank.upload(cloud.ingest)
    assert len(cloud.rows(s.receipt_word)) == 1


async def test_a_replayed_upload_changes_nothing(cloud: CloudBench) -> None:
    bank = await story(cloud)
    before = cloud.rows(s.receipt_word)
    bank.sent = 0
    await bank.upload(cloud.ingest)
    assert cloud.rows(s.receipt_word) == before


async def test_a_courier_who_was_erased_is_in_no_receipt(cloud: CloudBench) -> None:
    bank = await story(cloud)
    [word, *_] = words_of(bank, DEPOSITED)
    key = bank.log.signer.key
    ida = await cloud.person(bank.tenant, "Ida", Role.ADMIN)
    found = await cloud.do(receipt_words.follow, bank.id, word)
    before = verify_receipt((await cloud.do(receipt_words.receipt, found)).text, [key])
    courier = PersonId(str(before.fields["actor"]))
    await cloud.do(privacy.erase, bank.tenant, courier, basis=privacy.Basis.OBJECTION, actor=ida)
    receipt = await cloud.do(receipt_words.receipt, found)
    assert "actor" not in {Disclosure.parse(one).name for one in receipt.disclosures}
    assert verify_receipt(receipt.text, [bank.log.signer.key]).ok
