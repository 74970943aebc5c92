"""Lines to the service manager (sd_notify): ready, status, still alive, ending.

The watchdog is fed only while the program does its work: the office has answered, and no door
is shown as known by a reading that is old. A loop that ticks while a port is stuck must not
look alive. A port that is gone is no reason: its doors are unknown, and the kiosk says so.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

USEC_PER_S = 1_000_000


class ServiceManager:
    """The manager that started us, if one did (`NOTIFY_SOCKET`)."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        limit = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(limit) / USEC_PER_S if limit.isdecimal() else None

    def ready(self) -> None:
        """Start-up is over."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._tell(f"STATUS={text}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def ending(self) -> None:
        """Shut-down begins."""
        self._tell("STOPPING=1")

    def _tell(self, line: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            try:
                notify.sendto(line.encode(), address)
            except OSError:
                return  # a manager that is gone is no reason to stop opening doors
