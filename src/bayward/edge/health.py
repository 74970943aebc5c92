"""How the bank is doing, in one small document without secrets or persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

from bayward.core.door import DoorReading, KnownDoor
from bayward.edge.agent import BankView
from bayward.edge.hardware import Hardware
from bayward.edge.journal import Head
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.uplink import LinkStatus

FRESH_MS_MAX = 10_000  # older than this and still shown as known: the bus is stuck


def health_of(
    view: BankView, hardware: Hardware, clock: TrustedClock, queue_length: int
) -> dict[str, object]:
    """`status` is `ok`, `degraded` (something is unknown or held) or `out_of_order`."""
    doors = Counter(state_of(hardware.reading(one.built.id)) for one in view.compartments)
    time = clock.read()
    is_degraded = doors["unknown"] > 0 or time.is_on_hold or view.lockdown is not None
    status = "degraded" if is_degraded else "ok"
    return {
        "status": "out_of_order" if view.trouble is not None else status,
        "trouble": view.trouble,
        "is_online": view.is_online,
        "is_locked_down": view.lockdown is not None,
        "is_siren_on": view.is_siren_on,
        "doors": {state: doors[state] for state in ("closed", "open", "unknown")},
        "lines": {name: asdict(line) for name, line in hardware.health().items()},
        "time": {"quality": clock.quality, "is_on_hold": time.is_on_hold},
        "queue": queue_length,
    }


def log_of(head: Head | None) -> dict[str, object] | None:
    """Where the log stands, and how much of it the control plane has."""
    if head is None:
        return None
    return {
        "size": head.size,
        "acked": head.acked,
        "boot": head.boot,
        "quarantine": head.quarantine,
    }


def link_of(status: LinkStatus | None) -> dict[str, object] | None:
    """Why the control plane cannot be reached, in words; None on an island or before a try."""
    if status is None:
        return None
    return {"is_up": status.is_up, "code": status.code, "words": status.words}


def is_sound(told: Mapping[str, object] | None) -> bool:
    """Does the tenant's log prove what it should (`edge.tenant_log`)?"""
    return told is None or not told["code"]


def is_alive(view: BankView, hardware: Hardware) -> bool:
    """Whether what is shown as known is known by fresh readings (the watchdog's question)."""
    known = any(isinstance(hardware.reading(one.built.id), KnownDoor) for one in view.compartments)
    return not known or hardware.freshness_ms() <= FRESH_MS_MAX


def state_of(reading: DoorReading | None) -> str:
    """`closed`, `open` or `unknown`."""
    if not isinstance(reading, KnownDoor):
        return "unknown"
    return "closed" if reading.is_closed else "open"
