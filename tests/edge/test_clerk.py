from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bayward.core.clock import after
from bayward.core.compartment import Size
from bayward.core.door import UnlockOutcome
from bayward.core.errors import Denied, Misconfigured, Unavailable
from bayward.core.events import EventType
from bayward.core.grants import GrantState
from bayward.core.ids import BankId, GrantId
from bayward.core.trusted_time import STEP_MS_MAX
from bayward.edge.agent import BeginDeposit, Leave, MoreTime, PresentCode, Stage
from bayward.edge.controller import Resolve, Settings, Tick
from bayward.wire import letters
from edge_bench import NOTIFIER, ClerkBench, make_settings
from table_top import ANNA, layout

PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)


@pytest.fixture
def bench(tmp_path: Path) -> ClerkBench:
    bench = ClerkBench(tmp_path / "journal.db")
    bench.start()
    bench.read_all()
    return bench


def kinds(bench: ClerkBench) -> list[EventType]:
    return [event.type for event in bench.journal.events()]


def test_a_parcel_comes_and_goes_through_the_log(bench: ClerkBench) -> None:
    code, door = bench.deposit(PARCEL)
    outcome = bench.do(PresentCode(code))
    assert outcome.view.visit.stage is Stage.OPENING
    assert outcome.size == bench.journal.head.size
    assert bench.opens() == door
    bench.read(door, is_closed=True)
    assert bench.outcomes[-1].view.visit.stage is Stage.COLLECTED
    assert kinds(bench)[-1] is EventType.PARCEL_COLLECTED
    bench.clerk.stop()


def test_letters_go_with_the_events_and_open_only_for_the_notifier(bench: ClerkBench) -> None:
    code, _ = bench.deposit(PARCEL)
    letter = bench.journal.reader().letters(9)[-1]
    assert letter.kind == "pickup"
    bank = BankId(bench.settings.bank)
    opened = letters.open_letter(letter.sealed, NOTIFIER, bank, GrantId(letter.subject))
    assert opened == code


def test_after_a_power_cut_everything_is_known_again(bench: ClerkBench) -> None:
    code, door = bench.deposit(PARCEL)
    before = bench.clerk._controller
    outcome = bench.restart()
    after = bench.clerk._controller
    assert before is not None
    assert after is not None
    assert outcome.is_restarted
    assert after.bank.grants == before.bank.grants
    assert after.bank.spaces == before.bank.spaces
    assert after.bank.keypad == before.bank.keypad
    bench.do(PresentCode(code))
    assert bench.last_unlock().compartment == door.id


def test_identity_03_a_cut_between_intent_and_pulse_is_resolved_by_reading(
    bench: ClerkBench,
) -> None:
    code, door = bench.deposit(PARCEL)
    bench.do(PresentCode(code))
    unlock = bench.last_unlock()
    outcome = bench.restart()
    assert outcome.effects == (Resolve(unlock.command, door.id),)
    bench.ended(unlock.command, UnlockOutcome.NO_EDGE)
    again = bench.do(PresentCode(code))
    assert again.view.visit.compartment == door.id
    assert again.view.visit.stage is Stage.OPENING


def test_a_step_that_cannot_be_written_never_happened(tmp_path: Path) -> None:
    storage = Storage()
    bench = ClerkBench(tmp_path / "journal.db", connect=storage.connect)
    bench.start()
    bench.read_all()
    code, _ = bench.deposit(PARCEL)
    size = bench.journal.head.size
    storage.is_broken = True
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"journal\.not_writable|not_started"):
            bench.do(PresentCode(code))
    assert bench.clerk.needs_start
    with pytest.raises(Unavailable, match=r"journal\.not_writable"):
        bench.clerk.start()
    storage.is_broken = False
    outcome = bench.start()
    assert outcome.is_restarted
    assert not [one for one in outcome.effects if isinstance(one, Resolve)]
    assert bench.journal.head.size == size + 1  # bank.started
    assert bench.do(PresentCode(code)).view.visit.stage is Stage.OPENING


def test_a_commit_that_failed_but_persisted_is_taken_up_as_doubtful(tmp_path: Path) -> None:
    storage = Storage()
    bench = ClerkBench(tmp_path / "journal.db", connect=storage.connect)
    bench.start()
    bench.read_all()
    code, door = bench.deposit(PARCEL)
    storage.fails_after_commit = True
    with pytest.raises(Unavailable):
        bench.do(PresentCode(code))
    storage.fails_after_commit = False
    outcome = bench.start()
    (effect,) = outcome.effects
    assert isinstance(effect, Resolve)
    assert effect.compartment == door.id


class Storage:
    """A disk that can be broken."""

    def __init__(self) -> None:
        self.is_broken = False
        self.fails_after_commit = False

    def connect(self, path: Path) -> sqlite3.Connection:
        storage = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                if storage.is_broken and not sql.startswith(("PRAGMA", "SELECT")):
                    raise sqlite3.OperationalError("disk I/O error")
                cursor = super().execute(sql, *args)
                if storage.fails_after_commit and sql == "COMMIT":
                    raise sqlite3.OperationalError("disk I/O error")
                return cursor

        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Connection
        )


def test_a_refusal_out_of_turn_changes_nothing(bench: ClerkBench) -> None:
    size = bench.journal.head.size
    with pytest.raises(Denied, match=r"visit\.none"):
        bench.do(MoreTime())
    assert bench.journal.head.size == size
    assert not bench.clerk.needs_start


def test_a_letter_that_cannot_be_sealed_stops_the_deposit(bench: ClerkBench) -> None:
    def no_key(letter: object) -> Any:
        raise Unavailable("letter.no_key")

    bench.seal = no_key  # type: ignore[method-assign]  # as on an island without a control plane
    bench.clerk = bench.build()
    bench.start()
    size = bench.journal.head.size
    with pytest.raises(Unavailable, match=r"letter\.no_key"):
        bench.admit()
    assert bench.journal.head.size == size


def test_a_clock_that_jumps_is_logged_once_and_expires_nothing(bench: ClerkBench) -> None:
    code, _ = bench.deposit(PARCEL)
    bench.clock.wall_ms += 14 * 365 * 86_400_000  # identity 42: the year 2040
    for _ in range(3):
        bench.do(Tick())
    assert kinds(bench).count(EventType.TIME_SUSPECTED) == 1
    assert EventType.GRANT_EXPIRED not in kinds(bench)
    suspect = [event for event in bench.journal.events() if event.tq == "U"]
    assert suspect
    assert bench.do(PresentCode(code)).view.visit.stage is Stage.OPENING


def test_an_expiry_on_hold_is_no_reason_to_tick(tmp_path: Path) -> None:
    """Twenty commits a second for a day wear a card out. (`bayward sim --quick`, seed 18.)"""
    settings = make_settings(times=Settings(code_life_ms=60_000))
    bench = ClerkBench(tmp_path / "journal.db", settings=settings)
    bench.start()
    bench.read_all()
    bench.deposit(PARCEL)
    bench.do(Leave())
    bench.clock.wall_ms += 365 * 86_400_000  # a forged clock: nothing expires by it
    bench.do(Tick())
    bench.clock.mono_ms += 120_000
    outcome = bench.do(Tick())
    assert EventType.GRANT_EXPIRED not in kinds(bench)
    assert outcome.deadline > bench.trusted.now()


def test_identity_41_a_clock_set_back_revives_nothing(bench: ClerkBench) -> None:
    code, _ = bench.deposit(PARCEL)
    bench.clock.later(8 * 86_400_000)
    bench.do(Tick())
    assert kinds(bench)[-1] is EventType.GRANT_EXPIRED
    bench.clock.wall_ms -= 9 * 86_400_000
    bench.restart()
    outcome = bench.do(PresentCode(code))
    assert outcome.view.visit.stage is Stage.REFUSED


def test_identity_41_confirmations_between_power_cuts_give_no_more_time(
    bench: ClerkBench,
) -> None:
    truth = bench.clock.now()
    for _ in range(8):
        bench.clock.wall_ms = bench.trusted.now() + 9 * 60_000
        bench.do(Tick())
        bench.trusted.confirm(truth)
        bench.do(PresentCode("00000000"))
        bench.restart()
    assert bench.trusted.now() <= after(truth, STEP_MS_MAX)


def test_identity_08_a_power_cut_refills_no_guesses(bench: ClerkBench) -> None:
    refused = 0
    for guess in range(14):
        outcome = bench.do(PresentCode(f"{guess:08d}"))
        bench.do(Leave())
        refused += outcome.view.visit.refusal == "access.refused"
        bench.clock.mono_ms = 0
        bench.restart()
    assert refused <= 10


def test_a_clean_stop_keeps_a_snapshot_and_starts_from_it(bench: ClerkBench) -> None:
    code, door = bench.deposit(PARCEL)
    bench.clerk.stop()
    bench.clerk = bench.build()
    assert bench.journal.load_snapshot() is not None
    bench.start()
    controller = bench.clerk._controller
    assert controller is not None
    (grant,) = controller.bank.grants.values()
    assert grant.state is GrantState.ACTIVE
    assert isinstance(grant.id, GrantId)
    bench.do(PresentCode(code))
    assert bench.last_unlock().compartment == door.id


def test_a_layout_that_lost_a_used_compartment_is_refused(bench: ClerkBench) -> None:
    bench.deposit(PARCEL)
    bench.settings = make_settings(layout(1))
    bench.clerk = bench.build()
    with pytest.raises(Misconfigured, match=r"journal\.does_not_fit"):
        bench.start()


def test_a_quarantined_journal_opens_nothing(bench: ClerkBench) -> None:
    with pytest.raises(Unavailable, match=r"journal\.rolled_back"):
        bench.journal.check_cursor(10_000, bytes(32))
    with pytest.raises(Unavailable, match=r"journal\.quarantined"):
        bench.do(PresentCode("00000000"))
    with pytest.raises(Unavailable, match=r"journal\.quarantined"):
        bench.start()


def spellings(code: str) -> list[bytes]:
    hashes: list[Callable[[bytes], Any]] = [hashlib.sha256, hashlib.sha1, hashlib.md5]
    raw = code.encode()
    digests = [make(raw).digest() for make in hashes]
    return [raw, raw[::-1], *digests, *(digest.hex().encode() for digest in digests)]


def test_identity_13_no_code_and_no_hash_of_one_is_in_any_file(bench: ClerkBench) -> None:
    codes = [bench.deposit(PARCEL)[0] for _ in range(2)]
    bench.do(PresentCode(codes[0]))
    bench.opens()
    bench.clerk.stop()
    codes += [letter.code for letter in bench.letters]
    files = [path for path in bench.path.parent.iterdir() if path.is_file()]
    held = b"".join(path.read_bytes() for path in files)
    held += "\n".join(str(event) for event in bench.build()._setup.journal.events()).encode()
    assert len(held) > 10_000
    for code in codes:
        assert not [spelling for spelling in spellings(code) if spelling in held]


def test_identity_14_tags_without_the_bank_key_are_not_the_stretched_codes(
    bench: ClerkBench,
) -> None:
    code, _ = bench.deposit(PARCEL)
    issued = [one for one in bench.journal.events() if one.type is EventType.GRANT_ISSUED]
    (tag,) = [event.tag for event in issued]
    stretched = bench.clerk._setup.codes._epochs[0].stretch.stretch(code, bytes(16))
    assert tag not in {stretched.hex(), hashlib.sha256(stretched).hexdigest()}
    assert tag == bench.clerk._setup.codes.tag(code)
