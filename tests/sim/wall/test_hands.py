from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bayward.core.ids import CompartmentId
from bayward.sim.hardware.settings import one_line
from bayward.sim.hardware.twin import BankTwin
from bayward.sim.wall.hands import HELP, Hands
from hardware_bench import RealClock

DOORS = {number: CompartmentId.of(bytes([number]) * 16) for number in (1, 2, 3)}


@pytest.fixture
async def twin() -> AsyncIterator[BankTwin]:
    built = BankTwin(one_line(list(DOORS.values())), random.Random(1), RealClock())
    await built.start()
    yield built
    await built.stop()


async def test_doors_are_called_by_their_number(twin: BankTwin) -> None:
    hands = Hands(twin, DOORS)
    assert await hands.do("force 2") == ""
    assert twin.compartment(DOORS[2]).is_open
    assert "is open already" in await hands.do("force 2")
    assert await hands.do(" PUT 2 ") == ""
    assert "open, something in it" in await hands.do("list")
    assert "takes nothing" in await hands.do("put 2")
    assert await hands.do("take 2") == ""
    assert await hands.do("shut 2") == ""
    assert not twin.compartment(DOORS[2]).is_open
    assert "is not open" in await hands.do("shut 2")
    assert "the bolt holds it" in await hands.do("pull 2")
    assert "nothing to take" in await hands.do("take 2")


async def test_a_bolt_sticks_until_it_is_freed(twin: BankTwin) -> None:
    hands = Hands(twin, DOORS)
    await hands.do("force 1")
    assert "sticks" in await hands.do("jam 1")
    assert "is not open, or jams" in await hands.do("shut 1")
    assert "jammed" in await hands.do("list")
    assert "moves again" in await hands.do("free 1")
    assert await hands.do("shut 1") == ""


async def test_the_cable_goes_out_and_in_however_often_it_is_said(twin: BankTwin) -> None:
    hands = Hands(twin, DOORS)
    path = Path(twin.port_url("main"))
    assert path.exists()  # noqa: ASYNC240 - a look, in a test
    for _ in range(2):
        assert await hands.do("cut") == "the cable is out"
        assert not path.exists()  # noqa: ASYNC240 - as above
    for _ in range(2):
        assert await hands.do("mend") == "the cable is in"
        assert path.exists()  # noqa: ASYNC240 - as above


async def test_the_supply_goes_off_and_on(twin: BankTwin) -> None:
    hands = Hands(twin, DOORS)
    assert "no supply" in await hands.do("off")
    assert "supply again" in await hands.do("on")


@pytest.mark.parametrize(
    "typed",
    [
        "dance",
        "shut",
        "shut 4",
        "shut -1",
        "shut 1 2",
        "shut ¹",
        "shut " + "9" * 99,
        "list 1",
        "\0",
    ],
)
async def test_nonsense_is_answered_and_moves_nothing(twin: BankTwin, typed: str) -> None:
    hands = Hands(twin, DOORS)
    before = await hands.do("list")
    answer = await hands.do(typed)
    assert "`help` says" in answer or "They are 1 to 3" in answer
    assert await hands.do("list") == before


async def test_help_names_every_word(twin: BankTwin) -> None:
    hands = Hands(twin, DOORS)
    assert await hands.do("help") == HELP
    for word in ("list", "shut", "pull", "put", "take", "force", "jam", "free", "cut", "mend"):
        assert word in HELP


async def test_a_door_that_is_not_of_the_file_is_not_spoken_of(twin: BankTwin) -> None:
    hands = Hands(twin, DOORS)
    assert hands.line_of(CompartmentId("board/7")) is None
    assert "door 3" in (hands.line_of(DOORS[3]) or "")
