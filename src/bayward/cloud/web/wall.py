"""A bank's wall from its layout, its last readings, its incidents and its parcels.

What differs from plan wins over what does not, the most urgent first; a door that was not read
is drawn as not read, never as closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import ParcelView
from bayward.cloud.custody.store import Wanted as WantedParcels
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.store import Bank, Built, Glance
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident, State
from bayward.cloud.unit import Work
from bayward.cloud.web import doubts
from bayward.cloud.web.words import Words
from bayward.core.clock import Instant
from bayward.core.compartment import Compartment, CompartmentState
from bayward.core.custody import ParcelState
from bayward.core.events import EventType
from bayward.core.ids import CompartmentId
from bayward.ui.views.console import Counts, Freshness
from bayward.ui.views.wall import Cell, CellState, Position, Reach, Wall, door_label
from bayward.wire.messages import DoorReading, DoorState

INSIDE = (ParcelState.EXPECTED, ParcelState.DEPOSITED, ParcelState.HELD)
PARCELS_MAX = 200  # of one bank: it has no more doors
OPENINGS = (EventType.DOOR_OPENED, EventType.DOOR_FORCED_OPEN)
FORCED = "door_forced_open"  # why a bank keeps a compartment out of service
OPENINGS_SEEN = 100  # enough to find when the doors that stand open were opened
URGENT = {CellState.FORCED, CellState.OPEN_TOO_LONG, CellState.JAMMED}
_ALARMS = {
    EventType.DOOR_FORCED_OPEN.value: CellState.FORCED,
    EventType.DOOR_OPEN_TOO_LONG.value: CellState.OPEN_TOO_LONG,
}
_doors = msgspec.json.Decoder(list[DoorReading])


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a drawing of a bank needs, read in one transaction."""

    bank: Bank
    layout: tuple[Built, ...]
    readings: dict[CompartmentId, DoorReading]
    read_at: Instant | None
    alarms: dict[CompartmentId, Incident]
    parcels: dict[CompartmentId, ParcelView]
    opened_at: dict[CompartmentId, Instant]
    verified_at: Instant | None
    now: Instant
    incidents: int  # that are not closed
    forced: dict[CompartmentId, Instant | None]  # and nobody has said that the door is sound

    @property
    def wall(self) -> Wall:
        """The bank seen from the front."""
        built = {one.compartment.id: one for one in self.layout}
        return Wall.of(
            [one.compartment for one in self.layout],
            lambda compartment: self.cell(built[compartment.id]),
            kiosk_after=_kiosk_place([one.compartment for one in self.layout]),
            is_kiosk_online=self.bank.is_connected,
        )

    @property
    def counts(self) -> Counts:
        """Numbers over the wall."""
        cells = [self.cell(one) for one in self.layout]
        states = [cell.state for cell in cells]
        return Counts(
            compartments=len(cells),
            free=states.count(CellState.FREE),
            occupied=sum(cell.is_occupied for cell in cells),
            reserved=states.count(CellState.RESERVED),
            overdue=states.count(CellState.OVERDUE),
            out=states.count(CellState.OUT),
            unknown=states.count(CellState.UNKNOWN),
            open=states.count(CellState.OPEN) + states.count(CellState.OPEN_TOO_LONG),
            needs_you=sum(state in URGENT for state in states),
            forced=states.count(CellState.FORCED),
            incidents=self.incidents,
        )

    @property
    def freshness(self) -> Freshness:
        """How old the picture is."""
        known = (self.read_at, self.bank.disconnected_at)
        return Freshness(
            read_at=self.read_at,
            is_cable_up=self.bank.is_connected,
            down_since=self.bank.disconnected_at,
            log_verified_at=self.verified_at,
            is_new=not self.bank.is_connected and known == (None, None),
        )

    def position(self, compartment: CompartmentId) -> Position | None:
        """Where a door is, in words; None when it is no longer built."""
        for one in self.layout:
            if one.compartment.id == compartment:
                number = door_label(one.compartment.number)
                return self.wall.position(number, Reach(one.compartment.reach))
        return None

    def cell(self, built: Built) -> Cell:
        """One door."""
        compartment = built.compartment.id
        state, since = self._state(built)
        return Cell(
            state=state,
            is_occupied=built.state is CompartmentState.OCCUPIED,
            since=since,
            href=self._href(compartment),
        )

    def _state(self, built: Built) -> tuple[CellState, Instant | None]:
        compartment = built.compartment.id
        reading = self.readings.get(compartment)
        alarm = self.alarms.get(compartment)
        parcel = self.parcels.get(compartment)
        if alarm is not None:
            return _ALARMS[alarm.kind], alarm.opened_at
        if compartment in self.forced:
            return CellState.FORCED, self.forced[compartment]
        if reading is None or reading.state is DoorState.UNKNOWN:
            return CellState.UNKNOWN, None
        if reading.state is DoorState.OPEN:
            return CellState.OPEN, self.opened_at.get(compartment)
        if parcel is not None and parcel.is_overdue(self.now):
            return CellState.OVERDUE, parcel.not_after
        return {
            CompartmentState.BLOCKED: CellState.OUT,
            CompartmentState.RESERVED: CellState.RESERVED,
            CompartmentState.OCCUPIED: CellState.OCCUPIED,
            CompartmentState.FREE: CellState.FREE,
        }[built.state], None

    def _href(self, compartment: CompartmentId) -> str | None:
        alarm, parcel = self.alarms.get(compartment), self.parcels.get(compartment)
        if alarm is not None:
            return f"/console/incidents/{alarm.id}"
        if parcel is not None:
            return f"/console/parcels/{parcel.id}"
        return f"/console/banks/{self.bank.bank}#out" if compartment in self.forced else None


def scene(words: Words, bank: Bank) -> Scene:
    """Read everything about a bank."""
    work, tenant = words.work, words.tenant
    glance = fleet_store.glances(work.tx, tenant).get(bank.bank)
    readings = _readings(glance)
    live = (State.OPEN, State.ACKNOWLEDGED)
    unclosed = incidents.incidents(work, tenant, states=live, bank=bank.bank)
    alarms = {
        CompartmentId(one.compartment): one
        for one in unclosed
        if one.compartment is not None and one.kind in _ALARMS and one.released_at is None
    }
    wanted = WantedParcels(bank=bank.bank, states=INSIDE)
    found = custody.parcels(work, tenant, wanted, count=PARCELS_MAX)
    layout = tuple(fleet_store.layout(work.tx, tenant, bank.bank))
    open_doors = {one for one, read in readings.items() if read.state is DoorState.OPEN}
    return Scene(
        bank=bank,
        layout=layout,
        readings=readings,
        read_at=None if glance is None else glance.at,
        alarms=alarms,
        parcels={one.compartment: one for one in found},
        opened_at=_opened_at(work, words, bank) if open_doors else {},
        verified_at=words.verified_at(bank.bank),
        now=work.now,
        incidents=len(unclosed),
        forced=_forced(words, bank, layout, found),
    )


def _readings(glance: Glance | None) -> dict[CompartmentId, DoorReading]:
    if glance is None:
        return {}
    return {CompartmentId(one.compartment): one for one in _doors.decode(glance.doors)}


def _opened_at(
    work: Work, words: Words, bank: Bank, kinds: tuple[EventType, ...] = OPENINGS
) -> dict[CompartmentId, Instant]:
    """When each door was last seen to open."""
    wanted = WantedEvents(bank=bank.bank, types=kinds)
    found = audit.happenings(work, words.tenant, wanted, count=OPENINGS_SEEN)
    return {CompartmentId(one.event.compartment or ""): one.event.time for one in reversed(found)}


def _forced(
    words: Words, bank: Bank, layout: tuple[Built, ...], parcels: list[ParcelView]
) -> dict[CompartmentId, Instant | None]:
    """The doors that were forced and not given back into service, as far as known since when."""
    at = doubts.forced_at(words.work, words.tenant, parcels)
    full = {one.compartment: at[one.id] for one in parcels if one.id in at}
    out = {
        one.compartment.id
        for one in layout
        if one.state is CompartmentState.BLOCKED and one.block_reason == FORCED
    }
    since = _opened_at(words.work, words, bank, (EventType.DOOR_FORCED_OPEN,)) if out else {}
    return {one: since.get(one) for one in out} | full


def _kiosk_place(compartments: list[Compartment]) -> int | None:
    """The kiosk stands in the middle of the wall, as on most we have seen."""
    columns = len({one.column for one in compartments})
    return columns // 2 if columns else None
