from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from bayward.core.clock import Instant
from bayward.core.compartment import Size
from bayward.core.events import EventType
from bayward.edge.agent import BeginDeposit, PresentCode
from bayward.edge.beacons import BEACON_MS_MIN, Beacons, Seen
from bayward.edge.predecessor import Predecessor
from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.keys import Signer, cosigner, ecdsa_signer
from edge_bench import ClerkBench
from table_top import ANNA

BANK = ecdsa_signer("example.com/bank/1", ec.derive_private_key(5, ec.SECP256R1()))
WITNESS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
STRANGER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
VKEY = cosigner("example.com/witness", WITNESS, 1).key.vkey
PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)
NOW = Instant(1_800_000_000_000)


def note(
    size: int, time: int, *, log: Signer = BANK, witness: ed25519.Ed25519PrivateKey = WITNESS
) -> str:
    point = Checkpoint(log.key.name, size, bytes([size % 256]) * 32)
    return sign_checkpoint(point, [log, cosigner("example.com/witness", witness, time)])


class Bench:
    def __init__(self, kept: Seen | None = None, vkeys: tuple[str, ...] = (VKEY,)) -> None:
        self.now = 0
        self.kept: list[Seen] = []
        self.beacons = Beacons(
            BANK.key,
            monotonic_ms=lambda: self.now,
            keep=self.kept.append,
            kept=kept,
            vkeys=vkeys,
        )

    def logs(self) -> bool:
        """Whether something that happens now is written below a beacon."""
        beacon = self.beacons.due(NOW)
        if beacon is not None:
            self.beacons.logged(beacon)
        return beacon is not None


def test_a_cosignature_is_logged_once_above_the_next_thing_that_happens() -> None:
    bench = Bench()
    assert not bench.logs()
    assert bench.beacons.take(note(7, 1_800_000_000), "tenant")
    event = bench.beacons.due(NOW)
    assert event is not None
    newest = bench.beacons.newest
    assert newest is not None
    assert (event.type, event.origin) == (EventType.BEACON_SEEN, BANK.key.name)
    assert (event.log_size, event.cosigned_at) == (7, 1_800_000_000_000)
    assert event.detail == newest.digest
    assert bench.logs()
    assert not bench.logs()
    assert [one.witness_note for one in bench.kept] == ["tenant"]


def test_a_bank_where_nothing_happens_logs_no_beacon_and_a_busy_one_few() -> None:
    bench = Bench()
    written = 0
    for minute_part in range(60):  # ten minutes of an event and an acknowledgement each ten seconds
        bench.now = minute_part * BEACON_MS_MIN // 6
        bench.beacons.take(note(minute_part + 1, 1_000 + minute_part), None)
        written += bench.logs()
    assert written == 10
    assert len(bench.kept) == 10  # nor is the card written for each acknowledgement
    bench.now += 100 * BEACON_MS_MIN
    assert bench.logs()
    bench.now += 100 * BEACON_MS_MIN
    assert not bench.logs(), "nothing new was cosigned"


@pytest.mark.parametrize(
    "bad",
    [
        note(9, 9, witness=STRANGER),
        note(
            9, 9, log=ecdsa_signer("example.com/bank/2", ec.derive_private_key(6, ec.SECP256R1()))
        ),
        note(9, 9).replace("\n9\n", "\n10\n"),
        "nonsense",
        "",
    ],
)
def test_audit_06_what_the_pinned_witness_did_not_sign_is_no_beacon(bad: str) -> None:
    bench = Bench()
    assert bench.beacons.take(bad, None) is None
    assert not bench.logs()
    assert not bench.kept


def test_an_older_cosignature_replaces_no_newer_one() -> None:
    bench = Bench()
    assert bench.beacons.take(note(9, 50), None)
    assert bench.beacons.take(note(8, 60), None) is None
    assert bench.beacons.take(note(9, 50), None) is None
    event = bench.beacons.due(NOW)
    assert event is not None
    assert event.log_size == 9


def test_what_was_kept_is_known_after_a_restart_and_verified_again() -> None:
    kept = Seen(note(9, 50))
    assert Bench(kept).logs()
    assert not Bench(kept, vkeys=()).logs()
    assert not Bench(Seen("bent")).logs()


def test_a_key_that_is_none_changes_nothing() -> None:
    bench = Bench()
    bench.beacons.trust(["nonsense"])
    assert bench.beacons.take(note(7, 7), None)
    bench.beacons.trust([BANK.key.vkey])  # a log's key is no witness
    assert bench.beacons.take(note(8, 8), None) is None


def test_audit_10_a_beacon_stands_above_the_events_of_its_commit(tmp_path: Path) -> None:
    bench = ClerkBench(tmp_path / "journal.db")
    signer = bench.journal._setup.signer
    bench.beacons = Beacons(
        signer.key,
        monotonic_ms=bench.clock.monotonic_ms,
        keep=lambda _: None,
        kept=None,
        vkeys=[VKEY],
    )
    bench.restart()
    bench.read_all()
    size = bench.journal.head.size
    assert bench.beacons.take(note(size, 1_800_000_000, log=signer), None)
    code, _ = bench.deposit(PARCEL)
    kinds = [event.type for event in bench.journal.events(size)]
    assert kinds[0] is EventType.BEACON_SEEN
    assert kinds.count(EventType.BEACON_SEEN) == 1
    bench.restart()  # a replay takes it in
    bench.do(PresentCode(code))


def test_audit_04_a_new_log_says_what_was_before_it_and_only_once(tmp_path: Path) -> None:
    bench = ClerkBench(tmp_path / "journal.db")
    bench.predecessor = Predecessor("example.com/bank/b/1", 7, "journal.rolled_back")
    bench.restart()
    bench.restart()
    told = [one for one in bench.journal.events() if one.type is EventType.STORAGE_RECOVERED]
    assert [(one.origin, one.log_size, one.reason) for one in told] == [
        ("example.com/bank/b/1", 7, "journal.rolled_back")
    ]
