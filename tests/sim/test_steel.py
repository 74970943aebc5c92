from random import Random

from bayward.core.ids import BankId
from bayward.edge.settings import parse
from bayward.sim.hardware.settings import LOCKS_PER_BOARD
from bayward.sim.steel import bank_toml, build


def test_the_settings_of_the_wall_are_settings_the_edge_takes() -> None:
    steel = build(Random(1))
    text = bank_toml(
        steel,
        bank=BankId.of(b"b" * 16),
        name="Lobby A",
        site="Northgate House",
        deployment="demo.bayward",
        port_url="socket://127.0.0.1:1",
        kiosk_port=8080,
    )
    settings = parse(text, "bank.toml")
    assert settings.layout == steel.compartments
    assert len(settings.hardware.locks) == 57
    assert len(settings.hardware.boards) == -(-57 // LOCKS_PER_BOARD)


def test_every_door_has_a_number_a_place_and_a_height() -> None:
    steel = build(Random(1))
    numbers = [one.number for one in steel.compartments]
    assert numbers == list(range(1, 58))
    tallest = max(one.floor_height_mm for one in steel.compartments)
    assert 0 < min(one.floor_height_mm for one in steel.compartments) < tallest < 2_000
    assert any(one.is_within_reach for one in steel.compartments)


def test_boards_may_have_either_latch_or_take_turns() -> None:
    def levels(*closed_levels: int) -> list[int]:
        return [
            one.closed_level for one in build(Random(1), closed_levels=closed_levels).twin.boards
        ]

    assert levels(1) == [1, 1, 1, 1]
    assert levels(0) == [0, 0, 0, 0]
    assert levels(1, 0) == [1, 0, 1, 0]
