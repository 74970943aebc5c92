from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from bayward.core.errors import Invalid
from bayward.core.events import EventType
from bayward.ledger.leaf import SALT_BYTES, Disclosure, Sealed, Value, digest, seal
from bayward.wire.receipt_word import SHOWN, WORD_BYTES, parse, shown, spell, word_of

DEPOSITED, COLLECTED = EventType.PARCEL_DEPOSITED, EventType.PARCEL_COLLECTED
ORIGIN = "lockers.example.com/bank/bank_x/1"
FIELDS: Mapping[str, Value] = {
    "type": DEPOSITED.value,
    "time": 1_800_000_000_000,
    "tq": "S",
    "compartment": "cmp_1",
    "parcel": "prc_1",
    "actor": "prs_courier",
    "recipient": "prs_anna",
    "carrier": "UPS",
    "tracking": "1Z5R89390357567127",
    "size": "M",
    "method": "courier",
    "witness": "prs_second",
}


def sealed(seed: int = 1, **changed: Value) -> Sealed:
    salts = random.Random(seed)
    fields = {**FIELDS, **changed}
    return seal(fields, salts.randbytes(SALT_BYTES * len(fields)))


def names(disclosures: tuple[str, ...]) -> set[str]:
    return {Disclosure.parse(one).name for one in disclosures}


def test_a_word_is_spelt_and_read_back() -> None:
    raw = word_of(DEPOSITED, ORIGIN, sealed().disclosures)
    assert raw is not None
    assert len(raw) == WORD_BYTES
    assert len(spell(raw)) == 32
    assert parse(spell(raw)) == raw


@pytest.mark.parametrize(
    "text", ["", "x", "K" * 32, "k" * 31, "k" * 33, "é" * 32, "k" * 31 + "\0", "../" * 11, "u" * 32]
)
def test_what_cannot_be_a_word_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"id\.malformed"):
        parse(text)


def test_it_leads_to_what_the_courier_saw_and_never_to_the_recipient() -> None:
    told = names(shown(DEPOSITED, sealed().disclosures))
    assert told == set(FIELDS) - {"recipient", "witness"}
    collected = names(shown(COLLECTED, sealed(type=COLLECTED.value, result="empty").disclosures))
    assert collected == {"type", "time", "tq", "compartment", "parcel", "result"}
    for fields in SHOWN.values():
        assert not fields & {"recipient", "witness", "grant", "tag", "command"}


def test_bank_and_control_plane_come_to_the_same_whatever_the_order() -> None:
    there = sealed().disclosures
    assert word_of(DEPOSITED, ORIGIN, there) == word_of(DEPOSITED, ORIGIN, reversed(there))


def test_it_commits_to_every_field_its_salt_and_the_log() -> None:
    base = word_of(DEPOSITED, ORIGIN, sealed().disclosures)
    others = [
        word_of(DEPOSITED, ORIGIN, sealed(seed=2).disclosures),
        word_of(DEPOSITED, "lockers.example.com/bank/bank_y/1", sealed().disclosures),
        *(word_of(DEPOSITED, ORIGIN, sealed(1, **{name: "x"}).disclosures)
          for name in ("compartment", "parcel", "tracking", "carrier", "actor")),
    ]  # fmt: skip
    assert len({base, *others}) == len(others) + 1


def test_other_entries_have_none() -> None:
    for kind in EventType:
        raw = word_of(kind, ORIGIN, sealed(type=kind.value).disclosures)
        assert (raw is not None) is (kind in SHOWN), kind


def test_identity_102_a_published_leaf_or_another_receipt_is_not_enough() -> None:
    """Leaves may be public, and a receipt opens some fields; the word needs the salt of each."""
    whole = sealed()
    raw = word_of(DEPOSITED, ORIGIN, whole.disclosures)
    digests = [digest(one) for one in whole.disclosures]
    assert all(one.encode() in whole.leaf for one in digests)
    for name in SHOWN[DEPOSITED]:
        known = [one for one in whole.disclosures if Disclosure.parse(one).name != name]
        guessed = Disclosure("A" * 24, name, FIELDS[name]).encode()
        assert word_of(DEPOSITED, ORIGIN, [*known, guessed]) != raw, name
        assert word_of(DEPOSITED, ORIGIN, known) != raw, name
