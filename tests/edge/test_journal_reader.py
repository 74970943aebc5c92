from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.journal import Journal, JournalSetup, SealedLetter
from bayward.edge.journal_reader import event_of
from bayward.ledger.errors import OutOfRange
from bayward.ledger.merkle import EMPTY_ROOT, leaf_hash, verify_consistency

SetupMaker = Callable[..., JournalSetup]
NOON = Instant(1_795_000_000_000)
TAG = "c0ffee" * 10


def opened(number: int) -> Event:
    return Event(type=EventType.DOOR_OPENED, time=NOON, compartment=f"cmp_{number}")


def issued(tag: str | None = TAG) -> Event:
    return Event(
        type=EventType.GRANT_ISSUED,
        time=NOON,
        grant="grt_1",
        parcel="prc_1",
        compartment="cmp_1",
        recipient="prs_1",
        not_after=NOON + 1,
        tag=tag,
    )


def test_local_fields_replay_here_and_are_never_in_what_is_uploaded(
    make_setup: SetupMaker,
) -> None:
    journal = Journal.open(make_setup())
    journal.append([issued()])
    (entry,) = journal.reader().entries(0, 1)
    uploaded = event_of(entry.leaf, entry.disclosures)
    assert uploaded.tag is None
    assert uploaded.grant == "grt_1"
    (replayed,) = journal.events()
    assert replayed.tag == TAG
    journal.close()


def test_consistency_proofs_hold_between_any_two_sizes(make_setup: SetupMaker) -> None:
    journal = Journal.open(make_setup())
    for number in range(11):
        journal.append([opened(number)])
    reader = journal.reader()
    for old in range(1, 12):
        for new in range(old, 12):
            proof = reader.consistency_proof(old, new)
            if old < new:
                verify_consistency(old, new, reader.root(old), reader.root(new), proof)
            else:
                assert proof == []
    assert reader.consistency_proof(0, 11) == []
    assert reader.root(0) == EMPTY_ROOT
    with pytest.raises(OutOfRange):
        reader.consistency_proof(1, 12)
    journal.close()


def test_a_reader_does_not_move_when_the_log_grows(make_setup: SetupMaker) -> None:
    journal = Journal.open(make_setup())
    journal.append([opened(1)])
    reader = journal.reader()
    root = reader.root()
    journal.append([opened(2)], [SealedLetter("pickup", "grt_1", b"sealed")])
    assert reader.root() == root
    assert len(list(reader.events())) == 1
    assert reader.letters(9) == []
    with pytest.raises(OutOfRange):
        reader.entries(0, 2)
    journal.close()


def test_identity_13_the_file_holds_no_local_field_outside_its_table(
    make_setup: SetupMaker,
) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([issued()])
    journal.close()
    with sqlite3.connect(setup.path) as connection:
        dump = "\n".join(line for line in connection.iterdump() if "local_field" not in line)
    connection.close()
    assert "grt_1" not in dump  # disclosures are base64: search decoded ones, too
    leaf, public = next(
        iter(sqlite3.connect(setup.path).execute("SELECT leaf, disclosures FROM entry"))
    )
    assert TAG not in str(event_of(leaf, tuple(public.split("~"))))
    assert leaf_hash(leaf) == Journal.open(setup).reader().root(1)


def test_storage_that_does_not_answer_is_told_in_our_words(make_setup: SetupMaker) -> None:
    """The uplink reads while the card fails; a raw error of SQLite would have ended it."""
    journal = Journal.open(make_setup())
    journal.append([opened(1)])
    reader = journal.reader()
    journal.close()
    with pytest.raises(Unavailable, match=r"journal\.not_readable"):
        reader.entries(0, 1)
    with pytest.raises(Unavailable, match=r"journal\.not_readable"):
        reader.root(1)
