from __future__ import annotations

import json
from pathlib import Path

import pytest

from bayward.core.clock import HOUR_MS, MINUTE_MS, Instant
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.edge.state_dir import StateDir
from bayward.edge.tenant_log import EVIDENCE, EVIDENCE_MAX, WITHHELD_MS, TenantWatch
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import parse_vkey
from bayward.wire import tenant_log as rules
from edge_bench import ClerkBench, HandClock
from link_bench import DeviceLog
from tenant_log_bench import TENANT, TenantTwin

BANK = DeviceLog().grow(9)
NOW = Instant(1_800_000_000_000)


def own_at(size: int) -> Checkpoint:
    return Checkpoint(BANK.signer.key.name, size, tree_hash(size, BANK.tree))


async def own(size: int) -> Checkpoint | None:
    return own_at(size) if size <= BANK.size else None


class Bench:
    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.state = StateDir(folder / "state")
        self.twin = TenantTwin()
        self.twin.accept(own_at(5))
        self.restart()

    def restart(self) -> None:
        self.watch = TenantWatch(TENANT.key.vkey, self.state, self.clock)

    async def show(self, twin: TenantTwin | None = None, acked: int = 5) -> None:
        seen = self.watch.checkpoint
        shown = (twin or self.twin).show(0 if seen is None else seen.size)
        await self.watch.judge(shown, acked, own)

    @property
    def code(self) -> str:
        told = self.watch.health()
        assert told is not None
        return str(told["code"])

    def logged(self) -> Event | None:
        event = self.watch.due(NOW)
        if event is not None:
            self.watch.told()
        return event

    def evidence(self) -> list[dict[str, object]]:
        names = [self.state.path / EVIDENCE.format(number=one) for one in range(1, 99)]
        return [json.loads(one.read_text()) for one in names if one.exists()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def set_back() -> TenantTwin:
    """The same log as it was at its first entry about us."""
    older = TenantTwin()
    older.accept(own_at(5))
    return older


async def test_what_was_proven_is_remembered_over_a_restart(bench: Bench) -> None:
    await bench.show()
    for _ in range(4):
        bench.twin.add()
    await bench.show()
    bench.restart()
    assert bench.watch.checkpoint == open_checkpoint(bench.twin.note(), TENANT.key).checkpoint
    assert bench.watch.health() == {
        "size": 5, "checked_at": bench.clock.now(), "code": "", "words": ""
    }  # fmt: skip
    assert bench.logged() is None
    assert bench.evidence() == []


async def test_audit_03_a_control_plane_that_was_set_back_is_told_kept_and_logged_once(
    bench: Bench,
) -> None:
    for _ in range(3):
        bench.twin.add()
    await bench.show()
    for _ in range(3):
        await bench.show(set_back())
    assert bench.code == rules.ROLLBACK
    event = bench.logged()
    assert event is not None
    assert (event.type, event.reason) == (EventType.TENANT_LOG_DOUBTED, rules.ROLLBACK)
    assert (event.known, event.offered) == (bench.twin.note(), set_back().note())
    assert bench.logged() is None
    [kept] = bench.evidence()
    assert (kept["kind"], kept["refused"]) == ("bayward-contradiction", rules.ROLLBACK)
    key = parse_vkey(str(kept["vkey"]))
    sizes = [open_checkpoint(str(kept[name]), key).checkpoint.size for name in ("known", "offered")]
    assert sizes == [4, 1]
    assert bench.watch.checkpoint is not None
    assert bench.watch.checkpoint.size == 4, "what was seen is not forgotten"


async def test_audit_03_it_is_said_again_after_a_restart_and_ends_with_the_true_log(
    bench: Bench,
) -> None:
    bench.twin.add()
    await bench.show()
    await bench.show(set_back())
    assert bench.logged() is not None
    bench.restart()
    assert bench.code == rules.ROLLBACK
    assert bench.logged() is not None
    await bench.show()
    assert (bench.code, bench.logged()) == ("", None)
    bench.restart()
    assert bench.code == ""
    assert len(bench.evidence()) == 1


async def test_audit_05_another_tree_is_a_fork_whichever_comes_first(bench: Bench) -> None:
    other = TenantTwin(seed=9)
    other.accept(own_at(5))
    await bench.show()
    await bench.show(other)
    event = bench.logged()
    assert event is not None
    assert event.reason == rules.FORK
    assert (event.known, event.offered) == (bench.twin.note(), other.note())


async def test_audit_09_withholding_is_noticed_by_the_time_the_link_was_up(bench: Bench) -> None:
    await bench.show()

    def connected(ms: int) -> None:
        for _ in range(ms // MINUTE_MS):
            bench.watch.still_connected()
            bench.clock.later(MINUTE_MS)

    connected(WITHHELD_MS - 5 * MINUTE_MS)
    bench.clock.later(30 * HOUR_MS)  # a cut cable is nobody's fault
    connected(3 * MINUTE_MS)
    assert bench.code == ""
    connected(5 * MINUTE_MS)
    assert bench.code == rules.WITHHELD
    event = bench.logged()
    assert event is not None
    assert (event.known, event.offered) == (bench.twin.note(), None)
    await bench.show()
    connected(WITHHELD_MS // 2)
    assert bench.code == ""


async def test_audit_09_an_answer_without_the_proof_counts_as_none(bench: Bench) -> None:
    bench.twin.newest = None
    await bench.show()
    event = bench.logged()
    assert event is not None
    assert event.reason == rules.NOT_IN_IT
    assert bench.watch.checkpoint is not None  # what it signed is remembered all the same


async def test_evidence_fills_no_card(bench: Bench) -> None:
    bench.twin.add()
    for _ in range(EVIDENCE_MAX + 5):
        await bench.show()
        await bench.show(set_back())
    assert len(bench.evidence()) == EVIDENCE_MAX
    assert bench.code == rules.ROLLBACK


async def test_a_full_disk_forgets_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.show()
    bench.twin.add()

    def full(name: str, raw: bytes) -> None:
        raise Unavailable("state.not_writable", file=name)

    monkeypatch.setattr(bench.state, "write", full)
    with pytest.raises(Unavailable):
        await bench.show()
    assert bench.watch.checkpoint is not None
    assert bench.watch.checkpoint.size == 1, "durable before it is used"


async def test_without_a_pinned_key_nothing_is_watched(tmp_path: Path) -> None:
    for vkey in (None, "nonsense"):
        watch = TenantWatch(vkey, StateDir(tmp_path / str(vkey)), HandClock())
        await watch.judge(TenantTwin().show(0), 0, own)
        for _ in range(300):
            watch.still_connected()
        assert (watch.health(), watch.due(NOW), watch.checkpoint) == (None, None, None)


async def test_audit_03_the_bank_writes_it_into_its_own_log_and_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.twin.add()
    await bench.show()
    await bench.show(set_back())
    bank = ClerkBench(tmp_path / "journal.db", tenant_log=bench.watch)
    bank.restart()
    bank.read_all()
    found = [one for one in bank.journal.events() if one.type is EventType.TENANT_LOG_DOUBTED]
    assert [(one.reason, one.known) for one in found] == [(rules.ROLLBACK, bench.twin.note())]
    assert bench.watch.due(NOW) is None
