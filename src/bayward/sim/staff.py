"""The administrator: looks after alarms, gives codes anew, and makes what staff make of a day."""

from __future__ import annotations

from functools import partial
from random import Random

from bayward.cloud.access import couriers as admissions
from bayward.cloud.access import service as access
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import Wanted
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident, State
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, MINUTE_MS, SECOND_MS, Instant
from bayward.core.compartment import CompartmentState
from bayward.core.custody import ParcelState
from bayward.core.ids import CompartmentId, PersonId
from bayward.sim.couriers import Courier
from bayward.sim.lobby import Lobby
from bayward.sim.people import Town
from bayward.sim.post import Received
from bayward.sim.world import Script

ADMITTED_MS = 30 * DAY_MS
LOOKS_EVERY_MS = (8 * MINUTE_MS, 40 * MINUTE_MS)
LIVE = (State.OPEN, State.ACKNOWLEDGED)
WHIMS = {"nothing": 80, "resend": 12, "withdraw": 3, "drill": 3, "repair": 2}


class Administrator:
    """One person with a desk, a phone and a key to what got stuck."""

    def __init__(self, town: Town, name: str, person: PersonId, chance: Random) -> None:
        self.name = name
        self.person = person
        self.alerts = 0
        self._town = town
        self._chance = chance

    def read(self, mail: Received) -> None:
        """A message has come."""
        self._town.world.tell(self.name, "reads", mail.kind)
        self.alerts += 1

    def admit(self, courier: Courier) -> None:
        """Let a courier deposit everywhere."""
        for lobby in self._town.lobbies.values():
            self._town.on_phone(self.name, partial(self._admit, courier=courier, lobby=lobby))

    def rounds(self) -> Script:
        """Look after things, again and again."""
        while True:
            for lobby in self._town.lobbies.values():
                yield from self.look_after(lobby)
            if not self._town.is_over:
                self._do_something()
            yield self._chance.randint(*LOOKS_EVERY_MS)

    def look_after(self, lobby: Lobby) -> Script:
        """See to a wall: shut its doors, empty what is blocked, end its alarms."""
        if self._is_quiet(lobby):
            return
        self._town.world.tell(self.name, f"walks to {lobby.name}")
        yield self._chance.randint(30, 300) * SECOND_MS
        for compartment, door in lobby.bank.steel.doors.items():
            lobby.bank.steel.shut(compartment)
            if lobby.bank.is_powered and door.is_open:
                return
        yield 2 * SECOND_MS
        for compartment in self._blocked(lobby):
            door = lobby.door(compartment)
            if door.inside:
                self._town.world.tell(self.name, f"empties at {lobby.name}", door.number)
                door.inside.clear()
            restore = partial(self._restore, lobby=lobby, compartment=compartment)
            self._town.on_phone(self.name, restore)
        for incident in self._live(lobby):
            self._town.on_phone(self.name, partial(self._end, incident=incident))

    def _is_quiet(self, lobby: Lobby) -> bool:
        """A glance at the wall on the screen."""
        bank = lobby.bank.made.bank
        [(alarms, blocked)] = self._town.cloud.glance(
            "SELECT (SELECT count(*) FROM incident WHERE bank = ? AND state <> 'closed'), "
            "(SELECT count(*) FROM compartment WHERE bank = ? AND state = 'blocked')",
            bank,
            bank,
        )
        return not alarms and not blocked

    def _live(self, lobby: Lobby) -> list[Incident]:
        return self._town.on_phone(self.name, lambda work: self._live_of(work, lobby)) or []

    def _live_of(self, work: Work, lobby: Lobby) -> list[Incident]:
        bank = lobby.bank.made.bank
        return incidents.incidents(work, self._town.tenant, states=LIVE, bank=bank)

    def _blocked(self, lobby: Lobby) -> list[CompartmentId]:
        return self._town.on_phone(self.name, lambda work: self._blocked_of(work, lobby)) or []

    def _blocked_of(self, work: Work, lobby: Lobby) -> list[CompartmentId]:
        built = fleet_store.layout(work.tx, self._town.tenant, lobby.bank.made.bank)
        return [one.compartment.id for one in built if one.state is CompartmentState.BLOCKED]

    def _restore(self, work: Work, lobby: Lobby, compartment: CompartmentId) -> None:
        bank = lobby.bank.made.bank
        fleet.restore(work, self._town.tenant, bank, compartment, actor=self.person)

    def _end(self, work: Work, incident: Incident) -> None:
        """One step towards the end of an incident; the next step comes with the next round."""
        tenant = self._town.tenant
        if incident.state is State.OPEN:
            incidents.acknowledge(work, tenant, incident.id, actor=self.person)
        if incidents.lockdowns(work, tenant, incident=incident.id):
            incidents.release(
                work, tenant, incident.id, actor=self.person, reason="looked, all shut"
            )
        else:
            incidents.close(work, tenant, incident.id, actor=self.person, reason="looked after")

    def _do_something(self) -> None:
        """Now and then: a code anew, a grant withdrawn, a drill, a door taken out of service."""
        (whim,) = self._chance.choices(tuple(WHIMS), tuple(WHIMS.values()))
        lobby = self._town.lobbies[self._chance.choice(sorted(self._town.lobbies))]
        if whim != "nothing":
            act = partial(self._act, whim=whim, lobby=lobby)
            self._town.on_phone(self.name, act)

    def _act(self, work: Work, whim: str, lobby: Lobby) -> None:
        bank, tenant = lobby.bank.made.bank, self._town.tenant
        if whim == "drill":
            incidents.lock_down(work, tenant, bank, actor=self.person, reason="a drill")
            return
        if whim == "repair":
            compartment = self._chance.choice(sorted(lobby.bank.steel.doors))
            fleet.block(work, tenant, bank, compartment, actor=self.person, reason="repair")
            return
        waiting = Wanted(bank=bank, states=(ParcelState.DEPOSITED,))
        found = custody.parcels(work, tenant, waiting)
        if not found:
            return
        grant = access.parcel_grant(work, tenant, self._chance.choice(found).id)
        if whim == "resend":
            access.rotate(work, tenant, grant.id, actor=self.person)
        else:
            access.revoke(work, tenant, grant.id, actor=self.person, reason="withdrawn")

    def _admit(self, work: Work, courier: Courier, lobby: Lobby) -> None:
        bank, tenant = lobby.bank.made.bank, self._town.tenant
        until = Instant(work.now + ADMITTED_MS)
        admissions.admit(
            work,
            tenant,
            bank,
            person=courier.person,
            name=courier.name,
            carrier="UPS",
            until=until,
            actor=self.person,
        )
