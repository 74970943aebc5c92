from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core.clock import Instant
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId
from bayward.edge.journal import Journal, JournalSetup
from bayward.ledger.keys import ecdsa_signer

SetupMaker = Callable[..., JournalSetup]
NOON = Instant(1_795_000_000_000)


def opened(number: int) -> Event:
    return Event(type=EventType.DOOR_OPENED, time=NOON, compartment=f"cmp_{number}")


@pytest.mark.parametrize(
    ("damage", "verdict"),
    [
        ("UPDATE entry SET leaf = CAST(replace(leaf, 'v', 'w') AS BLOB) WHERE place = 1", "leaf"),
        ("UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE place = 0) WHERE place = 1", ""),
        ("UPDATE entry SET disclosures = substr(disclosures, 60) WHERE place = 1", "disclosure"),
        ("DELETE FROM entry WHERE place = 1", "journal.gap"),
        ("DELETE FROM entry WHERE place = 2", "journal.gap"),
        ("UPDATE hash SET hash = randomblob(32) WHERE place = 2", "journal"),
        ("DELETE FROM hash WHERE place = 0", "journal.hash_missing"),
        ("UPDATE head SET size = 2", "journal.head"),
        ("UPDATE head SET note = replace(note, char(10) || '3', char(10) || '2')", "note.sign"),
    ],
)
def test_audit_01_damage_to_the_tail_is_found_when_opening(
    make_setup: SetupMaker, damage: str, verdict: str
) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([opened(1), opened(2), opened(3)])
    journal.close()
    with sqlite3.connect(setup.path) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(damage)
    connection.close()
    with pytest.raises(Misconfigured, match=r"journal\.damaged") as caught:
        Journal.open(setup)
    assert verdict in str(caught.value)


def test_a_foreign_bank_key_origin_or_file_is_refused(make_setup: SetupMaker) -> None:
    setup = make_setup()
    Journal.open(setup).close()
    with pytest.raises(Misconfigured, match=r"journal\.foreign_bank"):
        Journal.open(make_setup(bank=BankId.of(b"another-bank-id!")))
    other_key = ec.derive_private_key(7, ec.SECP256R1())
    with pytest.raises(Misconfigured, match=r"journal\.foreign_key"):
        Journal.open(make_setup(signer=ecdsa_signer(setup.signer.key.name, other_key)))
    with pytest.raises(Misconfigured, match=r"journal\.foreign_origin"):
        Journal.open(make_setup(signer=ecdsa_signer("bayward.test/bank/x/2", other_key)))


def test_snapshots_are_taken_up_only_when_this_log_signed_them(make_setup: SetupMaker) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    assert journal.load_snapshot() is None
    journal.append([opened(1), opened(2)])
    journal.save_snapshot(2, b"state")
    assert journal.load_snapshot() == (2, b"state")
    journal.close()
    with sqlite3.connect(setup.path) as connection:
        connection.execute("UPDATE snapshot SET state = ?", (b"one more grant",))
    connection.close()
    again = Journal.open(setup)
    assert again.load_snapshot() is None
    again.close()


def test_identity_43_yesterdays_image_is_found_by_the_clouds_cursor(
    make_setup: SetupMaker, tmp_path: Path
) -> None:
    setup = make_setup()
    journal = Journal.open(setup)
    journal.append([opened(1)])
    journal.close()
    image = shutil.copyfile(setup.path, tmp_path / "yesterday.db")
    journal = Journal.open(setup)
    journal.append([opened(2)])
    seen = (journal.head.size, journal.head.frontier.root)
    journal.check_cursor(*seen)
    journal.close()
    shutil.copyfile(image, setup.path)

    restored = Journal.open(setup)
    with pytest.raises(Unavailable, match=r"journal\.rolled_back"):
        restored.check_cursor(*seen)
    with pytest.raises(Unavailable, match=r"journal\.quarantined"):
        restored.append([opened(3)])
    restored.close()
    rebooted = Journal.open(setup)
    with pytest.raises(Unavailable, match=r"journal\.quarantined"):
        rebooted.append([opened(3)])
    rebooted.close()


def test_audit_04_an_image_that_was_continued_is_a_fork(
    make_setup: SetupMaker, tmp_path: Path
) -> None:
    setup = make_setup()
    Journal.open(setup).close()
    image = shutil.copyfile(setup.path, tmp_path / "yesterday.db")
    journal = Journal.open(setup)
    journal.append([opened(1)])
    seen = (journal.head.size, journal.head.frontier.root)
    journal.close()
    shutil.copyfile(image, setup.path)
    forked = Journal.open(setup)
    forked.append([opened(8)])
    forked.append([opened(9)])
    with pytest.raises(Unavailable, match=r"journal\.forked"):
        forked.check_cursor(*seen)
    assert forked.head.quarantine == "journal.forked"
    forked.close()
