"""Somebody is taken out of a bank's log, state and file, and nobody else is."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bayward.core.bank import BankState
from bayward.core.commands import DismissCourier, EngageLockdown, ForgetPerson
from bayward.core.compartment import Size
from bayward.core.errors import Misconfigured, Unavailable
from bayward.core.events import ERASED, EventType
from bayward.core.ids import PersonId
from bayward.edge import journal_schema, redaction
from bayward.edge.agent import BeginDeposit, Leave, PresentCode
from bayward.edge.controller import CommandReceived, Report
from bayward.edge.journal_check import check_entries
from edge_bench import ClerkBench
from table_top import ANNA, COURIER

TRACKING = "1Z5R89390357567127"
REASON = "she shouted at me"


@pytest.fixture
def bench(tmp_path: Path) -> ClerkBench:
    """Anna has collected her parcel; the courier is still admitted."""
    bench = ClerkBench(tmp_path / "journal.db")
    bench.start()
    bench.read_all()
    code, _ = bench.deposit(BeginDeposit(ANNA, Size.S, TRACKING, needs_low=False))
    bench.do(Leave())
    bench.do(PresentCode(code))
    door = bench.opens()
    bench.read(door, is_closed=True)
    bench.do(Leave())
    return bench


def acknowledge(bench: ClerkBench) -> None:
    bench.journal.acknowledge(bench.journal.head.size)


def forget(bench: ClerkBench, person: PersonId) -> bool:
    found = redaction.find(bench.path, person)
    if not bench.clerk.is_ready_to_forget(person, found):
        return False
    bench.clerk.forget(person, found)
    return True


def raw(bench: ClerkBench) -> bytes:
    return b"".join(
        one.read_bytes() for one in bench.path.parent.iterdir() if one.name.startswith("journal.db")
    )


def words(person: PersonId) -> list[bytes]:
    needles = [redaction._needle(name, person).encode() for name in redaction.NAMING]
    return [person.encode(), *needles]


def state_of(bench: ClerkBench) -> BankState:
    controller = bench.clerk._controller
    assert controller is not None
    return controller.bank


def replayed(bench: ClerkBench) -> BankState:
    """What the log alone gives, from its first entry on."""
    with sqlite3.connect(bench.path) as connection:
        connection.execute("DELETE FROM snapshot")
    connection.close()
    bench.journal.close()
    bench.clerk = bench.build()
    return bench.clerk._replayed().bank


def test_what_names_her_is_gone_and_every_proof_still_holds(bench: ClerkBench) -> None:
    acknowledge(bench)
    before = [event.type for event in bench.journal.events()]
    root = bench.journal.head.frontier.root
    assert any(word in raw(bench) for word in words(ANNA))
    assert forget(bench, ANNA)
    assert not any(word in raw(bench) for word in words(ANNA))
    assert [event.type for event in bench.journal.events()] == before
    assert check_entries(bench.journal.reader(), 0).root == root
    [deposited] = [one for one in bench.journal.events() if one.type is EventType.PARCEL_DEPOSITED]
    assert (deposited.recipient, deposited.tracking, deposited.actor) == (ERASED, None, COURIER)


def test_a_replay_gives_the_state_that_is_in_memory(bench: ClerkBench) -> None:
    acknowledge(bench)
    assert forget(bench, ANNA)
    in_memory = state_of(bench)
    assert ANNA not in repr(in_memory)
    assert replayed(bench) == in_memory


def test_a_courier_who_was_dismissed_is_forgotten_with_his_code(bench: ClerkBench) -> None:
    acknowledge(bench)
    assert not forget(bench, COURIER)  # he is admitted
    bench.do(CommandReceived(bench.command(DismissCourier(COURIER)), "now"))
    acknowledge(bench)
    assert forget(bench, COURIER)
    assert not any(word in raw(bench) for word in words(COURIER))
    kept, again = state_of(bench), replayed(bench)
    assert again.tags.keys() == kept.tags.keys()
    assert replace(again, tags={}) == replace(kept, tags={})
    assert all(one.buried_until is not None for one in again.tags.values())


def test_what_he_wrote_about_a_lockdown_goes_and_the_lockdown_stays(bench: ClerkBench) -> None:
    admin = PersonId.of(b"an administrator")
    bench.do(CommandReceived(bench.command(EngageLockdown("bank", admin, REASON)), "now"))
    acknowledge(bench)
    assert forget(bench, admin)
    in_memory = state_of(bench)
    assert REASON not in repr(in_memory)
    assert list(in_memory.lockdowns) == ["bank"]
    assert replayed(bench) == in_memory


def test_nothing_goes_before_it_was_uploaded(bench: ClerkBench) -> None:
    assert not forget(bench, ANNA)
    found = redaction.find(bench.path, ANNA)
    with pytest.raises(Unavailable, match=r"journal\.not_acknowledged"):
        bench.journal.let_go({one.place: one.disclosures for one in found})


def test_whose_parcel_lies_there_is_not_forgotten_until_it_is_collected(tmp_path: Path) -> None:
    bench = ClerkBench(tmp_path / "journal.db")
    bench.start()
    bench.read_all()
    code, _ = bench.deposit(BeginDeposit(ANNA, Size.S, TRACKING, needs_low=False))
    acknowledge(bench)
    assert not forget(bench, ANNA)
    bench.do(Leave())
    bench.do(PresentCode(code))
    bench.read(bench.opens(), is_closed=True)
    acknowledge(bench)
    assert forget(bench, ANNA)


def test_the_order_stays_open_while_the_state_names_her(bench: ClerkBench) -> None:
    command = bench.command(ForgetPerson(ANNA))
    outcome = bench.do(CommandReceived(command, "now"))
    assert not outcome.effects
    acknowledge(bench)
    assert forget(bench, ANNA)
    [report] = bench.do(CommandReceived(command, "now")).effects
    assert isinstance(report, Report)
    assert report.result.result == "forgotten"


def test_an_entry_can_still_be_changed_in_no_other_way(bench: ClerkBench) -> None:
    acknowledge(bench)
    assert forget(bench, ANNA)
    with sqlite3.connect(bench.path) as connection:
        for change in (
            "UPDATE entry SET disclosures = '' WHERE place = 1",
            "UPDATE entry SET leaf = x'00' WHERE place = 1",
            "DELETE FROM entry WHERE place = 1",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(change)
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_a_program_from_before_refuses_a_log_it_could_not_replay(
    bench: ClerkBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledge(bench)
    assert forget(bench, ANNA)
    bench.journal.close()
    monkeypatch.setattr(journal_schema, "SCHEMA_VERSION", 1)
    with pytest.raises(Misconfigured, match=r"journal\.newer"):
        bench.build()


def test_the_log_of_an_older_epoch_forgets_as_well(bench: ClerkBench) -> None:
    bench.clerk.stop()
    assert redaction.let_go(bench.path, ANNA) > 2
    assert redaction.find(bench.path, ANNA) == []
    assert not any(word in raw(bench) for word in words(ANNA))
    assert redaction.let_go(bench.path, ANNA) == 0
