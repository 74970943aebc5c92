from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import bench.measures
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.verify import verify_log
from bench import logs
from bench.__main__ import main
from bench.measures import MEASURES, events, growth, verify


def test_every_benchmark_in_the_folder_can_be_named() -> None:
    folder = Path(bench.measures.__file__).parent
    assert sorted(MEASURES) == sorted(path.stem for path in folder.glob("[!_]*.py"))
    for name, run in MEASURES.items():
        assert run.__module__ == f"bench.measures.{name}"


def test_a_benchmark_named_on_the_command_line_prints_its_ratio(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["passes", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert "python -m bench passes" in shown
    assert "(goal ≤ 3)" in shown


def test_a_log_is_measured_as_it_grows(tmp_path: Path) -> None:
    with logs.opened(logs.sqlite_store(tmp_path)) as store:
        points = list(growth.grow("SQLite", store, (300, 3_000)))
    assert [point.entries for point in points] == [300, 3_000]
    assert min(points[1].appended_per_s, points[1].fsck_per_cpu_s, points[1].export_per_cpu_s) > 0


def test_a_broken_log_stops_the_measurement(tmp_path: Path) -> None:
    with logs.opened(logs.sqlite_store(tmp_path)) as store:
        growth.append(store, 0, 100)
        segment = next(store.segments())
        store.segments = lambda *_: iter([replace(segment, entries=(b"other",))])  # type: ignore[method-assign]
        with pytest.raises(AssertionError):
            growth.fsck(store)


def test_clients_in_a_loop_are_counted_when_they_have_their_receipt(tmp_path: Path) -> None:
    with logs.opened(logs.sqlite_store(tmp_path)) as store:
        found = logs.load(store, 4, 0.1)
        kept = sum(len(segment.entries) for segment in store.segments())
    assert len(found.taken_us) == kept
    assert found.rss_mib > 10


def test_an_unknown_name_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["lobby"])
    assert (
        "there are alarm, events, growth, ledger, passes, receipt, tap, unlock, verify, worlds"
        in capsys.readouterr().err
    )


def test_what_verifying_takes_is_measured_on_documents_that_verify(tmp_path: Path) -> None:
    pack, export = verify.documents(tmp_path, 30)
    key = logs.SIGNER.key
    assert verify_zip(pack, [key]).ok
    assert verify_log(export, [key]).ok
    assert len(export) == 31
    with pytest.raises(AssertionError, match="must verify"):
        verify.best(lambda: verify_log(export[:-1], [key]).ok)


async def test_what_an_event_leaves_in_the_database_is_measured(tmp_path: Path) -> None:
    taken, passed, size = await events.measured(tmp_path, events=2, clients=1, rounds=6)
    assert len(taken) == 6
    assert passed > 0
    assert size > 6 * 2 * 600, "leaves of two events a request"
