from __future__ import annotations

from dataclasses import replace

from bayward.core.clock import MINUTE_MS, Instant
from bayward.ui.runs import RUN_MIN, door_span, in_runs
from bayward.ui.views.base import TimeProof
from bayward.ui.views.console import Happening
from bayward.ui.views.mail import Severity

AT = Instant(1_800_000_000_000)


def shut(door: int, at: int = AT) -> Happening:
    return Happening(
        at=Instant(at),
        kind="door.closed",
        facts={"door": f"{door:02d}", "result": "empty"},
        is_proven=True,
        href="/console/banks/bank_1",
    )


def lengths(lines: list[Happening]) -> list[int]:
    return [len(run) for run in in_runs(lines)]


def test_the_same_of_one_door_after_another_is_one_run() -> None:
    doors = [shut(door) for door in range(57, 0, -1)]
    assert lengths(doors) == [57]
    assert door_span(in_runs(doors)[0]) == "01–57"  # noqa: RUF001


def test_nothing_is_lost_and_the_order_stays() -> None:
    lines = [shut(1), *(shut(door) for door in range(2, 9)), replace(shut(9), kind="door.opened")]
    assert [one for run in in_runs(lines) for one in run] == lines


def test_a_few_lines_stay_as_they_are() -> None:
    assert lengths([shut(door) for door in range(RUN_MIN - 1)]) == [1] * (RUN_MIN - 1)


def test_what_matters_is_in_no_run() -> None:
    doors = [shut(door) for door in range(8)]
    loud = replace(shut(9), severity=Severity.CRITICAL)
    assert lengths([*doors[:4], loud, loud, loud, loud, *doors[4:]]) == [4, 1, 1, 1, 1, 4]
    no_door = replace(shut(1), kind="message.sent", facts={"who": "Sam"})
    assert lengths([no_door] * 5) == [1] * 5


def test_what_differs_is_not_in_one_run() -> None:
    doors = [shut(door) for door in range(8)]
    for other in (
        replace(doors[0], is_proven=False),
        replace(doors[0], facts={"door": "09", "result": "occupied"}),
        replace(doors[0], at=Instant(AT + MINUTE_MS)),
        replace(doors[0], time=TimeProof("S", None, None, is_suspect=True)),
    ):
        assert lengths([*doors[:4], other, *doors[4:]]) == [4, 1, 4]
