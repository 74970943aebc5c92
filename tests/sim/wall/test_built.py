from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from bayward.core.errors import Misconfigured
from bayward.core.ids import BankId
from bayward.edge.settings import BankSettings, parse
from bayward.sim.hardware.settings import Cable
from bayward.sim.steel import bank_toml, build
from bayward.sim.wall.built import doors_of, twin_of


def described(url: str = "socket://127.0.0.1:4001") -> BankSettings:
    text = bank_toml(
        build(Random(1), closed_levels=(1, 0)),
        bank=BankId.of(b"b" * 16),
        name="Lobby",
        site="Elm Street",
        deployment="lockers.example.com",
        port_url=url,
        kiosk_port=8080,
    )
    return parse(text, "bank.toml")


def test_the_steel_is_the_one_the_file_was_written_for() -> None:
    steel = build(Random(1), closed_levels=(1, 0))
    found = twin_of(described())
    assert found.boards == steel.twin.boards
    assert doors_of(described()) == {one.number: one.id for one in steel.compartments}


def test_a_lock_that_nobody_uses_is_a_lock_all_the_same() -> None:
    settings = described()
    locks = tuple(one for one in settings.hardware.locks if one.lock in {2, 5})
    found = twin_of(replace(settings, hardware=replace(settings.hardware, locks=locks)))
    board = found.boards[0]
    assert len(board.compartments) == 6
    assert board.compartments[2] == locks[0].compartment
    assert board.compartments[5] == locks[1].compartment
    assert len(set(board.compartments)) == 6


@pytest.mark.parametrize(
    ("url", "cable", "at"),
    [
        ("socket://127.0.0.1:4001", Cable.TCP, "4001"),
        ("socket://localhost:4002", Cable.TCP, "4002"),
        ("/dev/shm/wall", Cable.PTY, "/dev/shm/wall"),
        ("/tmp/wall", Cable.PTY, "/tmp/wall"),
    ],
)
def test_it_stands_where_the_file_says(url: str, cable: Cable, at: str) -> None:
    [port] = twin_of(described(url)).ports
    assert (port.cable, port.at) == (cable, at)


@pytest.mark.parametrize(
    "url", ["/dev/serial/by-id/usb-FTDI", "/dev/ttyUSB0", "socket://10.0.0.7:4001"]
)
def test_it_takes_the_place_of_no_real_adapter(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        twin_of(described(url))
    assert caught.value.code == "wall.place"
