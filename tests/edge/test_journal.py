from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import LimitExceeded, Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.journal import Journal, JournalSetup, SealedLetter
from bayward.ledger.checkpoint import open_checkpoint

SetupMaker = Callable[..., JournalSetup]
NOON = Instant(1_795_000_000_000)
TAG = "c0ffee" * 10


def opened(number: int, *, at: int = NOON) -> Event:
    return Event(type=EventType.DOOR_OPENED, time=Instant(at), compartment=f"cmp_{number}")


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


def test_a_receipt_is_verifiable_and_names_what_was_written(make_setup: SetupMaker) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    receipt = journal.append([opened(1), opened(2)], tq="S")
    signed = open_checkpoint(receipt.checkpoint, setup.signer.key).checkpoint
    assert (receipt.first, receipt.size, signed.size) == (0, 2, 2)
    assert signed.root == journal.reader().root() == journal.head.frontier.root
    stamped = replace(opened(2), tq="S", boot=1, mono=0)
    assert receipt.events[1] == stamped
    assert list(journal.events()) == list(receipt.events)
    journal.close()


def test_everything_is_there_again_after_a_restart_and_boots_are_counted(
    make_setup: SetupMaker,
) -> None:
    first = Journal.open(make_setup())
    first.append([opened(1)], [SealedLetter("pickup", "grt_1", b"sealed")])
    first.close()
    second = Journal.open(make_setup())
    receipt = second.append([opened(2)])
    assert receipt.first == 1
    assert [(event.compartment, event.boot) for event in second.events()] == [
        ("cmp_1", 1),
        ("cmp_2", 2),
    ]
    assert [letter.sealed for letter in second.reader().letters(10)] == [b"sealed"]
    second.close()


def test_letters_go_when_their_entries_are_acknowledged(make_setup: SetupMaker) -> None:
    journal = Journal.open(make_setup())
    journal.append([opened(1)], [SealedLetter("pickup", "grt_1", b"one")])
    journal.append([opened(2)], [SealedLetter("pickup", "grt_1", b"two")])
    journal.acknowledge(1)
    assert [letter.sealed for letter in journal.reader().letters(9)] == [b"two"]
    assert journal.head.acked == 1
    journal.acknowledge(2)
    journal.acknowledge(1)
    assert journal.reader().letters(9) == []
    assert journal.head.acked == 2
    with pytest.raises(Unavailable, match="acknowledged_too_much"):
        journal.acknowledge(3)
    journal.close()


def test_time_goes_forward_only_and_is_kept_without_events(make_setup: SetupMaker) -> None:
    journal = Journal.open(make_setup())
    assert journal.head.time is None
    journal.append([opened(1)])
    journal.append([opened(2, at=NOON - 5_000)])
    assert journal.head.watermark == NOON
    journal.keep_time(Instant(NOON + 60_000), 7)
    journal.keep_time(NOON)
    journal.close()
    again = Journal.open(make_setup())
    assert again.head.time == {"watermark": NOON + 60_000, "unconfirmed_ms": 7}
    again.close()


def test_empty_and_oversized_appends_are_refused(make_setup: SetupMaker) -> None:
    journal = Journal.open(make_setup())
    with pytest.raises(LimitExceeded):
        journal.append([])
    with pytest.raises(LimitExceeded):
        journal.append([opened(1)] * 257)
    assert journal.head.size == 0
    journal.close()


def test_two_writers_the_older_one_is_out_for_good(make_setup: SetupMaker) -> None:
    old = Journal.open(make_setup())
    old.append([opened(1)])
    new = Journal.open(make_setup())
    new.append([opened(2)])
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"journal\.superseded"):
            old.append([opened(3)])
    new.append([opened(4)])
    assert [event.compartment for event in new.events()] == ["cmp_1", "cmp_2", "cmp_4"]
    old.close()
    new.close()
