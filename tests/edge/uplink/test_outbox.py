from __future__ import annotations

from collections.abc import Callable

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.journal import Journal, JournalSetup, SealedLetter
from bayward.edge.uplink.outbox import JournalOutbox
from bayward.ledger.checkpoint import open_checkpoint
from bayward.wire import limits
from link_bench import Mirror
from uplink_bench import inline

Make = Callable[..., JournalSetup]


def opened(number: int) -> Event:
    where = f"cmp_{number:026d}"
    return Event(type=EventType.DOOR_OPENED, time=Instant(1), compartment=where)


def rotated(number: int) -> Event:
    return Event(type=EventType.CODE_ROTATED, time=Instant(1), grant=f"grt_{number}", tag="00ff")


@pytest.fixture
def setup(make_setup: Make) -> JournalSetup:
    return make_setup()


@pytest.fixture
def journal(setup: JournalSetup) -> Journal:
    return Journal.open(setup)


@pytest.fixture
def outbox(setup: JournalSetup, journal: Journal) -> JournalOutbox:
    return JournalOutbox(journal, setup.signer, inline)


async def test_a_whole_journal_goes_up_in_parts_that_the_cloud_accepts(
    setup: JournalSetup, journal: Journal, outbox: JournalOutbox
) -> None:
    letters = 0
    for number in range(30):
        journal.append([opened(number)] * 10)
        if number % 2 == 0:
            letter = SealedLetter("pickup", f"grt_{number}", bytes(80))
            journal.append([rotated(number)], [letter])
            letters += 1
    mirror = Mirror(setup.signer.key)
    parts = 0
    while (upload := await outbox.upload(mirror.size)) is not None:
        assert len(upload.entries) <= limits.UPLOAD_ENTRIES_MAX
        mirror.take(upload)
        parts += 1
        if parts == 2:  # what was acknowledged does not go up again
            await outbox.acknowledge(mirror.size)
    head = await outbox.head()
    assert mirror.size == head.size == 315
    assert mirror.note == head.checkpoint
    assert len(mirror.letters) == letters == len({letter.id for letter in mirror.letters})
    await outbox.acknowledge(mirror.size)
    assert journal.reader().letters(10) == []
    assert journal.head.acked == 315
    assert parts >= 315 // limits.UPLOAD_ENTRIES_MAX


async def test_no_field_that_stays_here_goes_up(
    setup: JournalSetup, journal: Journal, outbox: JournalOutbox
) -> None:
    journal.append([rotated(1)])
    upload = await outbox.upload(0)
    assert upload is not None
    mirror = Mirror(setup.signer.key)
    (entry,) = mirror.take(upload).entries
    assert "tag" not in entry.fields
    assert entry.fields["grant"] == "grt_1"


async def test_parts_carry_checkpoints_of_their_own_size(
    setup: JournalSetup, journal: Journal, outbox: JournalOutbox
) -> None:
    journal.append([opened(number) for number in range(200)])
    upload = await outbox.upload(0)
    assert upload is not None
    signed = open_checkpoint(upload.checkpoint, setup.signer.key).checkpoint
    assert signed.size == len(upload.entries) < 200
    assert signed.root == journal.reader().root(signed.size)


async def test_the_control_planes_memory_is_compared(
    journal: Journal, outbox: JournalOutbox
) -> None:
    journal.append([opened(1), opened(2)])
    await outbox.check(1, journal.reader().root(1))
    await outbox.check(2, journal.reader().root(2))
    with pytest.raises(Unavailable, match=r"journal\.rolled_back"):
        await outbox.check(3, bytes(32))
    with pytest.raises(Unavailable, match=r"journal\.quarantined"):
        journal.append([opened(3)])


async def test_an_empty_journal_has_nothing_to_send(outbox: JournalOutbox) -> None:
    assert await outbox.upload(0) is None
    head = await outbox.head()
    assert (head.size, head.boot) == (0, 1)
