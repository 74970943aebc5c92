"""What we know about a door, and when a door is an alarm.

A door that has not been read is *unknown*, never closed by default. Words are those of ONVIF
Door Control (DoorAlarmState: Normal, DoorForcedOpen, DoorOpenTooLong).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bayward.core.clock import Instant


class UnknownWhy(StrEnum):
    """Why a door cannot be known."""

    NEVER_READ = "never_read"
    BUS_SILENT = "bus_silent"  # the board did not answer in time, three times
    PORT_GONE = "port_gone"  # the adapter was pulled or cannot be opened


@dataclass(frozen=True, slots=True)
class KnownDoor:
    """A door as last read.

    `occupied` is the infrared bit: None where the board has none; only meaningful while closed.
    """

    is_closed: bool
    is_occupied: bool | None
    at: Instant


@dataclass(frozen=True, slots=True)
class UnknownDoor:
    """A door we cannot read, since when and why."""

    since: Instant
    why: UnknownWhy


DoorReading = KnownDoor | UnknownDoor


class DoorAlarm(StrEnum):
    """ONVIF DoorAlarmState."""

    NORMAL = "normal"
    FORCED_OPEN = "forced_open"
    OPEN_TOO_LONG = "open_too_long"


class UnlockOutcome(StrEnum):
    """How one unlock ended; each is final for its command id."""

    OPENED = "opened"  # an opening edge was read after the pulse
    ALREADY_OPEN = "already_open"  # the door stood open; no pulse was given
    NO_EDGE = "no_edge"  # pulsed, and the door did not open: jam or nobody pulled
    DOUBTFUL = "doubtful"  # pulsed, but the door cannot be read
    REFUSED = "refused"  # the governor or a dead bus prevented the pulse
    EXPIRED = "expired"  # `not_after` passed before the pulse
