from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from itertools import count

import pytest

from bayward.cli import cores
from bayward.ledger.lines import Plain, in_turn
from bayward.ledger.verify import verify_log
from differential import TRUSTED, bent_log
from ledger_bench import Bench

LINES = Bench.of(40).lines()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "CHUNK_LINES", 3)


def on_two(lines: Iterable[bytes]) -> Iterator[tuple[bytes, Plain]]:
    return cores.on_cores(lines, 2)


def test_every_line_comes_back_in_its_place_with_what_one_core_says() -> None:
    assert list(on_two(LINES)) == list(in_turn(LINES))


def test_audit_12_the_same_verdict_about_bent_logs_on_one_core_and_on_two() -> None:
    for case in range(60):
        made = bent_log(random.Random(case))
        rows = made.raw.splitlines(keepends=True)
        one = verify_log(rows, TRUSTED, made.older)
        assert verify_log(rows, TRUSTED, made.older, read=on_two) == one, case


def test_lines_of_a_process_that_dies_are_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = os.getpid()

    def killed(chunk: list[bytes]) -> list[Plain]:
        assert os.getpid() != ours
        os.kill(os.getpid(), 9)
        return []

    monkeypatch.setattr(cores, "read_chunk", killed)
    killed.__module__, killed.__qualname__ = cores.__name__, "read_chunk"  # as it is sent
    assert verify_log(LINES, read=on_two) == verify_log(LINES)


def test_who_reads_on_no_further_waits_for_nobody() -> None:
    found = on_two(LINES[1] for _ in count())  # never ends
    [expected] = in_turn(LINES[1:2])
    assert [next(found) for _ in range(5)] == [expected] * 5
    found.close()  # type: ignore[attr-defined]  # a generator


def test_no_more_than_a_few_chunks_are_read_ahead() -> None:
    taken = 0

    def lines() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield LINES[1]

    found = on_two(lines())
    for _ in range(30):
        next(found)
    assert taken <= 30 + 2 * cores.AHEAD * cores.CHUNK_LINES
    found.close()  # type: ignore[attr-defined]  # a generator


def test_long_lines_make_short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "CHUNK_BYTES", 10)
    assert [len(one) for one in cores.in_chunks([b"1234", b"5678", b"90", b"a" * 40, b"b"])] == [
        3,
        1,
        1,
    ]


@pytest.mark.parametrize("rows", [[], LINES[1:2], LINES[1:4]])
def test_a_short_log_starts_no_process(rows: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "ProcessPoolExecutor", None)
    assert list(on_two(rows)) == list(in_turn(rows))


def test_one_core_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "ProcessPoolExecutor", None)
    assert list(cores.on_cores(LINES, 1)) == list(in_turn(LINES))


def test_it_knows_how_many_cores_it_may_use() -> None:
    assert cores.usable() == len(os.sched_getaffinity(0))
