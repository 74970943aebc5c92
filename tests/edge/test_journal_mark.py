from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.journal import Journal, JournalSetup
from bayward.ledger.merkle import EMPTY_ROOT

SetupMaker = Callable[..., JournalSetup]
NOON = Instant(1_795_000_000_000)


def opened(number: int) -> Event:
    return Event(type=EventType.DOOR_OPENED, time=NOON, compartment=f"cmp_{number}")


def test_identity_43_an_image_older_than_the_last_acknowledgement_does_not_even_open(
    make_setup: SetupMaker, tmp_path: Path
) -> None:
    setup = make_setup()
    Journal.open(setup).close()
    image = shutil.copyfile(setup.path, tmp_path / "yesterday.db")
    journal = Journal.open(setup)
    journal.append([opened(1)])
    journal.acknowledge(1)
    journal.close()
    shutil.copyfile(image, setup.path)
    with pytest.raises(Misconfigured, match=r"journal\.rolled_back"):
        Journal.open(setup)
    setup.path.unlink()
    with pytest.raises(Misconfigured, match=r"journal\.rolled_back"):
        Journal.open(setup)


def test_audit_09_a_log_that_vanished_before_anybody_saw_it_does_not_begin_again(
    make_setup: SetupMaker,
) -> None:
    """A receipt of it may be out: a second log under its name would contradict that."""
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([opened(1)])
    journal.close()
    Journal.open(setup).close()  # there is nothing wrong with it
    for path in setup.path.parent.glob("journal.db*"):
        if path.suffix != ".mark":
            path.unlink()
    with pytest.raises(Misconfigured, match=r"journal\.lost"):
        Journal.open(setup)


def test_a_first_start_that_was_cut_off_is_a_first_start(make_setup: SetupMaker) -> None:
    """The mark is written after the journal: without a journal there is none."""
    setup = make_setup()
    mark = setup.path.with_name("journal.db.mark")
    assert not mark.exists()
    Journal.open(setup).close()
    assert mark.read_text() == f"0 {EMPTY_ROOT.hex()}\n"
    mark.unlink()  # the plug was pulled between the two
    Journal.open(setup).close()
    assert mark.exists()


def test_a_torn_mark_is_no_objection(make_setup: SetupMaker) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([opened(1)])
    journal.acknowledge(1)
    journal.close()
    mark = setup.path.with_name("journal.db.mark")
    mark.write_text("1 ab")
    again = Journal.open(setup)
    again.append([opened(2)])
    again.acknowledge(2)
    assert mark.read_text() == f"2 {again.head.frontier.root.hex()}\n"
    again.close()


def test_a_mark_that_cannot_be_written_is_told(make_setup: SetupMaker) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([opened(1)])
    setup.path.with_name("journal.db.mark").unlink()
    setup.path.with_name("journal.db.mark").mkdir()
    with pytest.raises(Unavailable, match=r"journal\.not_writable"):
        journal.acknowledge(1)
    journal.close()
