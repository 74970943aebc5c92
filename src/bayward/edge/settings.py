"""One bank's settings, read from `bank.toml` and believed only when they hold together.

Refused with the file, the key and what would be right: a bank that guesses at its wiring opens
a stranger's compartment. There are no secrets in the file, and so there are no default ones;
keys live in the state directory and are made there (`edge.keys`).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bayward.core import throttle
from bayward.core.clock import DAY_MS, SECOND_MS
from bayward.core.codes import check_length
from bayward.core.compartment import Compartment
from bayward.core.door import DoorAlarm
from bayward.core.errors import BaywardError, Fact, Invalid, Misconfigured
from bayward.core.ids import BankId, CompartmentId
from bayward.edge import controller
from bayward.edge.settings_file import BankFile, CodesTable, CompartmentTable
from bayward.edge.wiring import BoardSettings, HardwareSettings, LockSettings, PortSettings
from bayward.wire.pins import parse_pins

PINS_MIN = 2  # today's key and the next one: with one, a renewal would cut the bank off
FILE_BYTES_MAX = 1_000_000  # a thousand compartments take a quarter of it

Raw = TypeVar("Raw")
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """Where the control plane is; `link` and `pins` are those of enrolment when None."""

    web: str
    link: str | None = None
    pins: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskSettings:
    """The local screen: a port on loopback, and what stands on every page."""

    port: int = 8080
    has_camera: bool = True
    after_column: int | None = None
    languages: tuple[str, ...] = ("en",)
    zone: ZoneInfo
    contact: str = ""
    overflow: str = ""
    code_digits: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSettings:
    """Everything about one bank that a person decides."""

    bank: BankId
    name: str
    site: str
    deployment: str
    layout: tuple[Compartment, ...]
    hardware: HardwareSettings
    controller: controller.Settings
    kiosk: KioskSettings
    codes: CodesTable
    cloud: CloudSettings | None


def load(path: Path) -> BankSettings:
    """Read a settings file; raises `Misconfigured` with file, key and what is expected."""
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Misconfigured("settings.unreadable", file=str(path), why=error.strerror) from error
    if len(raw) > FILE_BYTES_MAX:
        raise Misconfigured("settings.too_large", file=str(path), limit=FILE_BYTES_MAX)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Misconfigured("settings.not_utf8", file=str(path), place=error.start) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> BankSettings:
    """Read settings from text; `file` is how errors call it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured("settings.not_toml", file=file, why=str(error)) from error
    try:
        told = msgspec.convert(tables, BankFile)
    except msgspec.ValidationError as error:
        expected, _, place = str(error).partition(" - at `")
        key = place.removeprefix("$").removeprefix(".").removesuffix("`") or "top of the file"
        raise Misconfigured("settings.value", file=file, key=key, expected=expected) from error
    try:
        return _settings(told)
    except _WrongAt as error:
        cause = error.cause
        facts: dict[str, Fact] = {**cause.facts, "file": file, "key": error.key}
        raise Misconfigured(cause.code, **facts) from cause


class _WrongAt(Exception):
    """An error and the key it belongs to."""

    def __init__(self, key: str, cause: BaywardError) -> None:
        super().__init__(key)
        self.key = key
        self.cause = cause


def _settings(told: BankFile) -> BankSettings:
    ids = [
        _at(f"compartment[{place}].id", CompartmentId.parse, one.id)
        for place, one in enumerate(told.compartment)
    ]
    pairs = list(zip(ids, told.compartment, strict=True))
    _once("compartment.id", ids)
    _once("compartment.number", (one.number for one in told.compartment))
    _once("compartment.column/row", ((one.column, one.row) for one in told.compartment))
    try:
        hardware = _hardware(told, pairs)
    except Misconfigured as error:
        raise _WrongAt("port/board/supplies/compartment", error) from error
    _check_codes(told)
    return BankSettings(
        bank=_at("bank.id", BankId.parse, told.bank.id),
        name=told.bank.name,
        site=told.bank.site,
        deployment=told.bank.deployment,
        layout=tuple(_compartment(*pair) for pair in pairs),
        hardware=hardware,
        controller=_controller(told),
        kiosk=_kiosk(told),
        codes=told.codes,
        cloud=_cloud(told),
    )


def _compartment(compartment: CompartmentId, told: CompartmentTable) -> Compartment:
    width_mm, height_mm, depth_mm = told.inner_mm
    return Compartment(
        id=compartment,
        number=told.number,
        column=told.column,
        row=told.row,
        height_units=told.height_units,
        size=told.size,
        inner_width_mm=width_mm,
        inner_height_mm=height_mm,
        inner_depth_mm=depth_mm,
        floor_height_mm=told.floor_height_mm,
        mode=told.mode,
        zone=told.zone,
        has_occupancy_sensor=told.has_occupancy_sensor,
        life_safety=told.life_safety,
    )


def _hardware(
    told: BankFile, pairs: Iterable[tuple[CompartmentId, CompartmentTable]]
) -> HardwareSettings:
    ports = (msgspec.to_builtins(port) for port in told.port)
    return HardwareSettings(
        ports=tuple(PortSettings(**port) for port in ports),
        boards=tuple(
            BoardSettings(
                name=board.name,
                port=board.port,
                family=board.family,
                address=board.address,
                closed_when=board.closed_when,
                supply=board.supply,
                pulse_ms=board.pulse_ms,
            )
            for board in told.board
        ),
        supplies=told.supplies,
        locks=tuple(LockSettings(one, door.board, door.lock) for one, door in pairs),
    )


def _controller(told: BankFile) -> controller.Settings:
    times = told.times
    return controller.Settings(
        code_life_ms=told.codes.life_days * DAY_MS,
        door_open_ms_max=times.door_open_s_max * SECOND_MS,
        settle_ms=times.settle_s * SECOND_MS,
        siren_ms_max=times.siren_s_max * SECOND_MS,
        courier_idle_ms=times.courier_idle_s * SECOND_MS,
        visit_idle_ms=times.visit_idle_s * SECOND_MS,
        tamper_scope={
            DoorAlarm.FORCED_OPEN: told.tamper.forced_open,
            DoorAlarm.OPEN_TOO_LONG: told.tamper.open_too_long,
        },
    )


def _kiosk(told: BankFile) -> KioskSettings:
    try:
        zone = ZoneInfo(told.bank.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _WrongAt(
            "bank.time_zone", Misconfigured("settings.time_zone", found=told.bank.time_zone)
        ) from error
    return KioskSettings(
        port=told.kiosk.port,
        has_camera=told.kiosk.has_camera,
        after_column=told.kiosk.after_column,
        languages=told.bank.languages,
        zone=zone,
        contact=told.bank.contact,
        overflow=told.bank.overflow,
        code_digits=told.codes.length,
    )


def _cloud(told: BankFile) -> CloudSettings | None:
    if told.cloud is None:
        return None
    pins = None
    if told.cloud.pins is not None:
        pins = _at("cloud.pins", parse_pins, told.cloud.pins)
        if len(pins) < PINS_MIN:
            raise _WrongAt("cloud.pins", Misconfigured("settings.pins", expected=PINS_MIN))
    return CloudSettings(web=told.cloud.web, link=told.cloud.link, pins=pins)


def _check_codes(told: BankFile) -> None:
    """Refuse a code that a week of guessing could find."""
    try:
        check_length(
            told.codes.length,
            outstanding=len(told.compartment) + told.codes.couriers_max,
            weekly_guesses=throttle.weekly_guesses(throttle.KIOSK),
            risk=told.codes.risk_per_week,
        )
    except Misconfigured as error:
        raise _WrongAt("codes.length", error) from error


def _at(key: str, read: Callable[[Raw], Read], raw: Raw) -> Read:
    """Read one value; an error is told with its key."""
    try:
        return read(raw)
    except (Invalid, Misconfigured) as error:
        raise _WrongAt(key, error) from error


def _once(key: str, things: Iterable[object]) -> None:
    thing, times = Counter(things).most_common(1)[0]
    if times > 1:
        raise _WrongAt(key, Misconfigured("settings.twice", found=str(thing)))
