from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bayward.edge.systemd import ServiceManager


def test_lines_reach_the_manager(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        service = ServiceManager({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "9000000"})
        service.ready()
        service.status("working")
        service.alive()
        service.ending()
        got = [manager.recv(100) for _ in range(4)]
    assert got == [b"READY=1", b"STATUS=working", b"WATCHDOG=1", b"STOPPING=1"]
    assert service.watchdog_s == 9


def test_an_abstract_address_works_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0bayward-edge-test")
        ServiceManager({"NOTIFY_SOCKET": "@bayward-edge-test"}).ready()
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    "environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "soon"}]
)
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    service = ServiceManager(environment)
    service.ready()
    assert service.watchdog_s is None
