"""Settings that could open a wrong door are refused at the start."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.core.errors import Misconfigured
from bayward.core.ids import CompartmentId
from bayward.edge.drivers.boards.families import Family
from bayward.edge.drivers.timing import BusTiming
from bayward.edge.wiring import BoardSettings, HardwareSettings, LockSettings, PortSettings

PORT = PortSettings("main", "/dev/serial/by-id/usb-adapter")
BOARD = BoardSettings("left", "main", Family.KERONG_CU16, 0, closed_when=1, supply="psu")
LOCK = LockSettings(CompartmentId.of(bytes(16)), "left", 0)
OTHER_DOOR = CompartmentId.of(bytes(15) + b"\x01")


def settings(
    port: PortSettings = PORT,
    board: BoardSettings = BOARD,
    lock: LockSettings = LOCK,
    *,
    ports: tuple[PortSettings, ...] = (),
    boards: tuple[BoardSettings, ...] = (),
    locks: tuple[LockSettings, ...] = (),
) -> HardwareSettings:
    return HardwareSettings((port, *ports), (board, *boards), ("psu",), (lock, *locks))


def test_a_bank_that_holds_together_is_accepted() -> None:
    bank = settings(boards=(replace(BOARD, name="right", address=1),))
    assert bank.board("right").address == 1
    assert [board.name for board in bank.boards_on("main")] == ["left", "right"]


def test_hardware_02_latch_polarity_has_no_default() -> None:
    with pytest.raises(TypeError, match="closed_when"):
        BoardSettings("left", "main", Family.KERONG_CU16, 0, supply="psu")  # type: ignore[call-arg]  # what a forgetful technician writes


@pytest.mark.parametrize(
    ("code", "bank"),
    [
        ("wiring.closed_when", lambda: settings(board=replace(BOARD, closed_when=2))),
        ("wiring.port_unknown", lambda: settings(board=replace(BOARD, port="back"))),
        ("wiring.supply_unknown", lambda: settings(board=replace(BOARD, supply="mains"))),
        ("wiring.address", lambda: settings(board=replace(BOARD, address=10))),
        ("wiring.pulse", lambda: settings(board=replace(BOARD, pulse_ms=505))),
        ("wiring.pulse", lambda: settings(board=replace(BOARD, pulse_ms=0))),
        ("wiring.lock", lambda: settings(lock=replace(LOCK, lock=16))),
        ("wiring.board_unknown", lambda: settings(lock=replace(LOCK, board="top"))),
        ("wiring.port", lambda: settings(port=replace(PORT, baud=12345))),
        ("wiring.port", lambda: settings(port=replace(PORT, gap_ms=-1))),
        *(
            ("wiring.port_url", lambda url=url: settings(port=replace(PORT, url=url)))
            for url in (
                "ttyUSB0",
                "http://x:1",
                "socket://",
                "socket://host",
                "socket://:1",
                "socket://host:0",
                "socket://host:123456",
                "socket://ho st:1",
                " /dev/x",
            )
        ),
        ("wiring.port_twice", lambda: settings(ports=(replace(PORT, name="other"),))),
        ("wiring.board_twice", lambda: settings(boards=(replace(BOARD, address=1),))),
        ("wiring.address_twice", lambda: settings(boards=(replace(BOARD, name="right"),))),
        ("wiring.lock_twice", lambda: settings(locks=(replace(LOCK, compartment=OTHER_DOOR),))),
        ("wiring.compartment_twice", lambda: settings(locks=(replace(LOCK, lock=1),))),
    ],
)
def test_what_could_open_a_wrong_door_is_refused(code: str, bank: object) -> None:
    assert callable(bank)
    with pytest.raises(Misconfigured) as caught:
        bank()
    assert caught.value.code == code


@pytest.mark.parametrize("url", ["/dev/serial/by-id/usb-x", "socket://gateway.local:4001"])
def test_a_device_and_a_gateway_are_ports(url: str) -> None:
    assert settings(port=replace(PORT, url=url)).ports[0].url == url


def test_times_that_make_no_sense_are_refused() -> None:
    with pytest.raises(Misconfigured):
        BusTiming(tries_max=0)
    with pytest.raises(Misconfigured):
        BusTiming(rest_first_ms=10, rest_max_ms=5)
