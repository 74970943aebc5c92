"""The form of `bank.toml`: which tables there are, which keys, and which values fit.

Each limit stands beside its key, so a wrong value is answered with the key and what would be
right. What must hold *between* keys (a board that names a port, a code long enough for the
number of compartments) is checked in `edge.settings` and `edge.wiring`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bayward.core.codes import LENGTH_MAX, LENGTH_MIN
from bayward.core.compartment import LifeSafety, Mode, Size, TemperatureZone
from bayward.core.lockdown import Scope
from bayward.edge.drivers.boards.families import Family
from bayward.wire.limits import COMPARTMENTS_MAX

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Short = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
Port = Annotated[int, Meta(ge=1, le=65535)]
Millimetres = Annotated[int, Meta(ge=1, le=5_000)]
Seconds = Annotated[int, Meta(ge=5, le=900)]
Count = Annotated[int, Meta(ge=1, le=1_000)]  # as wire.messages.Small


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table that knows its keys; an unknown one is a typing error and is told."""


class BankTable(_Table, frozen=True, kw_only=True):
    """`[bank]`: what it is called and where it stands."""

    id: str
    name: Name
    site: Name
    deployment: Annotated[str, Meta(pattern=r"^[a-z0-9.-]{1,120}$")]
    languages: Annotated[tuple[Language, ...], Meta(min_length=1, max_length=8)] = ("en",)
    time_zone: Name = "UTC"
    contact: Annotated[str, Meta(max_length=120)] = ""
    overflow: Annotated[str, Meta(max_length=120)] = ""


class CloudTable(_Table, frozen=True, kw_only=True):
    """`[cloud]`: the control plane; without this table the bank is an island."""

    # Both came with enrolment; a value here wins over what came then.
    link: Annotated[str, Meta(pattern=r"^wss://[^\s/]+(/\S*)?$")] | None = None
    pins: tuple[str, ...] | None = None
    # Plain HTTP only on this machine, where there is no wire to listen on.
    web: Annotated[
        str, Meta(pattern=r"^(https://[^\s/]+|http://(localhost|127\.0\.0\.1)(:\d{1,5})?)$")
    ]


class KioskTable(_Table, frozen=True, kw_only=True):
    """`[kiosk]`: the screen; always on loopback."""

    port: Port = 8080
    has_camera: bool = True
    after_column: Annotated[int, Meta(ge=0, le=100)] | None = None  # 0: left of the first


class CodesTable(_Table, frozen=True, kw_only=True):
    """`[codes]`: how long a code is, against how much guessing."""

    length: Annotated[int, Meta(ge=LENGTH_MIN, le=LENGTH_MAX)] = 8
    risk_per_week: Annotated[float, Meta(gt=0, le=0.01)] = 0.001
    couriers_max: Count = 50
    life_days: Annotated[int, Meta(ge=1, le=90)] = 7
    stretch: Literal["argon2id", "pbkdf2"] = "argon2id"  # the latter where FIPS asks for it


class TimesTable(_Table, frozen=True, kw_only=True):
    """`[times]`: how long a door may stand open, and other patience."""

    door_open_s_max: Annotated[int, Meta(ge=30, le=900)] = 180
    settle_s: Annotated[int, Meta(ge=30, le=900)] = 120
    siren_s_max: Annotated[int, Meta(ge=10, le=900)] = 180
    courier_idle_s: Seconds = 90
    visit_idle_s: Seconds = 60


class TamperTable(_Table, frozen=True, kw_only=True):
    """`[tamper]`: how far each signal locks down."""

    forced_open: Scope = Scope.BANK
    open_too_long: Scope = Scope.COMPARTMENT


class PortTable(_Table, frozen=True, kw_only=True):
    """`[[port]]`: one RS-485 line."""

    name: Short
    url: Annotated[str, Meta(min_length=1, max_length=200)]
    baud: int = 19200
    has_echo: bool = False
    gap_ms: Annotated[int, Meta(ge=0, le=1_000)] = 10


class BoardTable(_Table, frozen=True, kw_only=True):
    """`[[board]]`: one lock board."""

    name: Short
    port: Short
    family: Family
    address: Annotated[int, Meta(ge=0, le=255)]
    closed_when: Annotated[int, Meta(ge=0, le=1)]
    supply: Short
    pulse_ms: Annotated[int, Meta(ge=1, le=5_000)] = 500


class CompartmentTable(_Table, frozen=True, kw_only=True):
    """`[[compartment]]`: one door, its lock, and the space behind it."""

    id: str
    number: Count
    column: Count
    row: Count
    height_units: Annotated[int, Meta(ge=1, le=100)] = 1
    size: Size
    inner_mm: tuple[Millimetres, Millimetres, Millimetres]  # width, height, depth
    floor_height_mm: Annotated[int, Meta(ge=0, le=4_000)]
    board: Short
    lock: Annotated[int, Meta(ge=0, le=255)]
    mode: Mode = Mode.DELIVERY
    zone: TemperatureZone = TemperatureZone.AMBIENT
    life_safety: LifeSafety = LifeSafety.NONE
    has_occupancy_sensor: bool = False


class BankFile(_Table, frozen=True, kw_only=True):
    """The whole file."""

    bank: BankTable
    cloud: CloudTable | None = None
    kiosk: KioskTable = KioskTable()
    codes: CodesTable = CodesTable()
    times: TimesTable = TimesTable()
    tamper: TamperTable = TamperTable()
    supplies: Annotated[tuple[Short, ...], Meta(min_length=1, max_length=32)]
    port: Annotated[tuple[PortTable, ...], Meta(min_length=1, max_length=16)]
    board: Annotated[tuple[BoardTable, ...], Meta(min_length=1, max_length=128)]
    compartment: Annotated[
        tuple[CompartmentTable, ...], Meta(min_length=1, max_length=COMPARTMENTS_MAX)
    ]
