from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.journal import Journal, JournalSetup
from bayward.edge.predecessor import LOST, NEW_EPOCH, Predecessor, read

ORIGIN = "example.com/bank/b/1"


def test_a_sound_log_is_told_by_its_size(
    tmp_path: Path, make_setup: Callable[..., JournalSetup]
) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([Event(type=EventType.BANK_STARTED, time=Instant(1), detail="1")])
    journal.close()
    assert read(setup.path, ORIGIN) == Predecessor(ORIGIN, 1, NEW_EPOCH)


def test_audit_04_a_quarantine_is_why(
    tmp_path: Path, make_setup: Callable[..., JournalSetup]
) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    with pytest.raises(Unavailable):
        journal.check_cursor(5, bytes(32))
    journal.close()
    before = setup.path.read_bytes()
    found = read(setup.path, ORIGIN)
    assert found == Predecessor(ORIGIN, 0, "journal.rolled_back")
    assert setup.path.read_bytes() == before
    event = found.recovered(Instant(9))
    assert (event.type, event.origin, event.log_size) == (
        EventType.STORAGE_RECOVERED,
        ORIGIN,
        0,
    )
    assert event.reason == "journal.rolled_back"


@pytest.mark.parametrize("content", [None, b"", b"not a database at all, but as long as one is"])
def test_a_file_that_says_nothing_is_a_lost_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "journal-1.db"
    if content is not None:
        path.write_bytes(content)
    assert read(path, ORIGIN) == Predecessor(ORIGIN, 0, LOST)
