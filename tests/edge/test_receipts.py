from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bayward.core.compartment import Size
from bayward.core.events import EventType
from bayward.core.ids import CompartmentId
from bayward.edge.agent import BeginDeposit, Leave, MoreTime, PresentCode, ReceiptWord, Stage
from bayward.edge.journal import Receipt
from bayward.edge.receipts import newest_word
from bayward.wire import receipt_word
from edge_bench import ClerkBench
from table_top import ANNA

PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)


@pytest.fixture
def bench(tmp_path: Path) -> ClerkBench:
    bench = ClerkBench(tmp_path / "journal.db")
    bench.start()
    bench.read_all()
    return bench


def word_in_log(bench: ClerkBench, kind: EventType) -> str:
    """The word of the last entry of a type, from what leaves the bank."""
    place = max(at for at, one in enumerate(bench.journal.events()) if one.type is kind)
    [entry] = bench.journal.reader().entries(place, place + 1)
    raw = receipt_word.word_of(kind, bench.journal.origin, entry.disclosures)
    assert raw is not None
    return receipt_word.spell(raw)


def test_a_deposit_and_a_collection_each_have_the_word_of_their_entry(bench: ClerkBench) -> None:
    code, door = bench.deposit(PARCEL)
    view = bench.outcomes[-1].view
    assert view.visit.stage is Stage.DEPOSITED
    assert view.receipt == ReceiptWord(door.id, word_in_log(bench, EventType.PARCEL_DEPOSITED))
    bench.do(PresentCode(code))
    assert bench.outcomes[-1].view.receipt is None
    bench.opens()
    bench.clock.later(4_000)
    bench.read(door, is_closed=True)
    view = bench.outcomes[-1].view
    assert view.visit.stage is Stage.COLLECTED
    assert view.receipt == ReceiptWord(door.id, word_in_log(bench, EventType.PARCEL_COLLECTED))


def test_it_is_shown_to_that_visit_only(bench: ClerkBench) -> None:
    bench.deposit(PARCEL)
    assert bench.do(MoreTime()).view.receipt is not None
    assert bench.do(Leave()).view.receipt is None
    assert bench.restart().view.receipt is None


def test_what_is_neither_has_no_word(bench: ClerkBench) -> None:
    written = bench.journal.append([one.public() for one in bench.journal.events()][:2])
    assert isinstance(written, Receipt)
    assert len(written.disclosures) == len(written.events) == 2
    assert newest_word(written, bench.journal.origin) is None


def test_of_two_in_one_commit_the_last_counts(bench: ClerkBench) -> None:
    bench.deposit(PARCEL)
    events = [one for one in bench.journal.events() if one.type is EventType.PARCEL_DEPOSITED]
    other = CompartmentId.of(bytes(16))
    both = [events[0], replace(events[0], compartment=other)]
    written = bench.journal.append(both)
    found = newest_word(written, bench.journal.origin)
    assert found is not None
    assert found.compartment == other
