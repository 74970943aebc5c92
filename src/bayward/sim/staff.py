"""The administrator: looks after alarms, gives codes anew, and makes what staff make of a day."""

from __future__ import annotations

from random import Random

from bayward.core.clock import MINUTE_MS, SECOND_MS
from bayward.core.ids import PersonId
from bayward.sim.couriers import Courier
from bayward.sim.lobby import Lobby
from bayward.sim.people import Town
from bayward.sim.post import Received
from bayward.sim.world import Script

LOOKS_EVERY_MS = (8 * MINUTE_MS, 40 * MINUTE_MS)
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
            self._town.desk.admit(courier.person, courier.name, lobby.bank.made.bank)

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
        desk, bank = self._town.desk, lobby.bank.made.bank
        if desk.is_quiet(bank):
            return
        self._town.world.tell(self.name, f"walks to {lobby.name}")
        yield self._chance.randint(30, 300) * SECOND_MS
        for compartment in lobby.bank.steel.doors:
            lobby.bank.steel.shut(compartment)
        yield 2 * SECOND_MS
        for compartment in desk.blocked(bank):
            door = lobby.door(compartment)
            if door.inside:
                self._town.world.tell(self.name, f"empties at {lobby.name}", door.number)
                door.inside.clear()
            desk.restore(bank, compartment)
        desk.end_alarms(bank)

    def _do_something(self) -> None:
        """Now and then: a code anew, a grant withdrawn, a drill, a door taken out of service."""
        (whim,) = self._chance.choices(tuple(WHIMS), tuple(WHIMS.values()))
        lobby = self._town.lobbies[self._chance.choice(sorted(self._town.lobbies))]
        lot = self._chance.random()
        if whim != "nothing":
            self._town.desk.indulge(whim, lobby.bank.made.bank, lot)
