from __future__ import annotations

from dataclasses import replace

from bayward.core.clock import Instant
from bayward.core.door import DoorReading, KnownDoor, UnknownDoor, UnknownWhy
from bayward.edge.hardware import Hardware
from bayward.edge.health import health_of, is_alive, link_of, log_of, state_of
from bayward.edge.journal import Head
from bayward.edge.trusted_clock import TrustedClock
from bayward.edge.uplink import LinkStatus
from bayward.edge.view import bank_view, out_of_order
from bayward.ledger.dense import Frontier
from edge_bench import HandClock, make_settings
from hardware_bench import keep_nothing
from table_top import TableTop

SHUT = KnownDoor(is_closed=True, is_occupied=None, at=Instant(1))


def silent_hardware() -> Hardware:
    """Hardware nobody has started: nothing is known."""
    return Hardware(
        make_settings().hardware,
        clock=HandClock(),
        on_reading=lambda *_: None,
        on_governor=keep_nothing,
    )


def test_states_have_words() -> None:
    readings: list[DoorReading | None] = [
        SHUT,
        replace(SHUT, is_closed=False),
        UnknownDoor(Instant(1), UnknownWhy.BUS_SILENT),
        None,
    ]
    assert [state_of(one) for one in readings] == ["closed", "open", "unknown", "unknown"]


def test_health_says_what_is_unknown_and_why_nothing_opens() -> None:
    top = TableTop()
    hardware = silent_hardware()
    clock = TrustedClock(HandClock())
    told = health_of(bank_view(top.controller), hardware, clock, 2)
    assert told["status"] == "degraded"
    assert told["doors"] == {"closed": 0, "open": 0, "unknown": 6}
    assert told["queue"] == 2
    assert told["time"] == {"quality": "I", "is_on_hold": False}
    broken = health_of(out_of_order(top.layout, "journal.damaged"), hardware, clock, 0)
    assert (broken["status"], broken["trouble"]) == ("out_of_order", "journal.damaged")


def test_log_and_link_are_told_in_words() -> None:
    head = Head(Frontier(), "note", 3, Instant(1), 0, 0, "journal.forked")
    assert log_of(head) == {"size": 0, "acked": 0, "boot": 3, "quarantine": "journal.forked"}
    status = LinkStatus(is_up=False, since=Instant(1), code="link.refused", words="Nobody listens.")
    assert link_of(status) == {"is_up": False, "code": "link.refused", "words": "Nobody listens."}
    assert (log_of(None), link_of(None)) == (None, None)


def test_unknown_doors_are_no_sign_of_death() -> None:
    top = TableTop()
    hardware = silent_hardware()
    assert is_alive(bank_view(top.controller), hardware)
