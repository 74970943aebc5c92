"""Residents: hasty, forgetful, honest. And the town they live in.

Each follows a script with branches drawn by lot. They know what people know: the code in the
mail, the number on the door, what the screen says, whether a door stands open.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bayward.core.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from bayward.core.ids import PersonId
from bayward.edge.agent import OpenAgain, PresentCode, PresentPass, Stage
from bayward.sim.desk import Desk
from bayward.sim.lobby import Lobby
from bayward.sim.locks import Door
from bayward.sim.post import Received
from bayward.sim.world import Script, World

OPENS_WITHIN_MS = 12 * SECOND_MS
TRIES_MAX = 3


@dataclass(frozen=True, slots=True)
class Manners:
    """How often people do what they should not; chances between 0 and 1."""

    mistypes: float = 0.05
    never_collects: float = 0.05
    leaves_open: float = 0.0
    leaves_inside: float = 0.0
    walks_away: float = 0.0
    misjudges_size: float = 0.05
    changes_mind: float = 0.03
    tries_used_code: float = 0.1
    uses_pass: float = 0.15
    taps: float = 0.15
    parcels_max: int = 4
    delivery_every_ms: int = 3 * HOUR_MS
    collects_within_ms: int = 5 * HOUR_MS


@dataclass(slots=True)
class Town:
    """Everybody and everything, for whoever needs to find it."""

    world: World
    desk: Desk
    lobbies: dict[str, Lobby]
    manners: Manners
    is_over: bool = False  # people go home: nothing new is begun


class Resident:
    """Gets mail, comes for his parcel, sometimes with the wrong code."""

    def __init__(self, town: Town, name: str, person: PersonId, chance: Random) -> None:
        self.name = name
        self.person = person
        self._town = town
        self._chance = chance

    def read(self, mail: Received) -> None:
        """A message has come."""
        town, manners = self._town, self._town.manners
        town.world.tell(self.name, "reads", f"{mail.kind} {mail.where} {mail.door}".rstrip())
        is_parcel = mail.code and mail.where in town.lobbies
        if not is_parcel or self._chance.random() < manners.never_collects:
            return
        wait_ms = self._chance.randint(MINUTE_MS, manners.collects_within_ms)
        town.world.after(wait_ms, self.name, lambda: self._comes(mail))

    def _comes(self, mail: Received) -> None:
        if not self._town.is_over:
            self._town.world.spawn(self.name, self._collect(mail))

    def _collect(self, mail: Received) -> Script:
        lobby, chance = self._town.lobbies[mail.where], self._chance
        door = lobby.by_number(mail.door)
        for _ in range(TRIES_MAX):
            is_in = yield from lobby.enter(self.name)
            if is_in:
                if chance.random() < self._town.manners.mistypes:
                    lobby.ask(self.name, PresentCode(_mistyped(mail.code, chance)))
                    yield chance.randint(9, 15) * SECOND_MS
                self._show_credential(lobby, mail)
                opened = yield from lobby.until(lambda: door.is_open, OPENS_WITHIN_MS)
                if not opened and lobby.shows(Stage.STUCK):
                    lobby.ask(self.name, OpenAgain())
                    opened = yield from lobby.until(lambda: door.is_open, OPENS_WITHIN_MS)
                if opened:
                    yield from self._at_the_door(lobby, door, mail)
                    return
                lobby.leave(self.name)
            yield chance.randint(MINUTE_MS, HOUR_MS)

    def _show_credential(self, lobby: Lobby, mail: Received) -> None:
        lot, town = self._chance.random(), self._town
        bank, door = lobby.bank, lobby.by_number(mail.door).built.id
        if lot < town.manners.uses_pass:
            text = town.desk.pass_for(self.person, bank.made.bank, door)
            if text is not None:
                lobby.ask(self.name, PresentPass(text))
                return
        elif lot < town.manners.uses_pass + town.manners.taps:
            town.world.tell(self.name, "taps", mail.door)
            if town.desk.tap(self.person, bank.made.bank, door, bank.presence):
                return
        lobby.ask(self.name, PresentCode(mail.code))

    def _at_the_door(self, lobby: Lobby, door: Door, mail: Received) -> Script:
        chance, manners = self._chance, self._town.manners
        yield chance.randint(2, 20) * SECOND_MS
        mine = [label for label in door.inside if label.startswith(self.name + "/")]
        if mine and chance.random() >= manners.leaves_inside:
            lobby.take(self.name, door, mine[0])
        elif mine and not door.built.has_occupancy_sensor:
            door.is_tainted = True  # nothing can tell that it is still there
        lobby.leave(self.name)
        if chance.random() >= manners.leaves_open:
            lobby.bank.steel.shut(door.built.id)
        if chance.random() < manners.tries_used_code:
            yield chance.randint(1, 30) * MINUTE_MS
            lobby.ask(self.name, PresentCode(mail.code))


def _mistyped(code: str, chance: Random) -> str:
    """One digit is another one."""
    at = chance.randrange(len(code))
    other = str((int(code[at]) + chance.randint(1, 9)) % 10)
    return code[:at] + other + code[at + 1 :]
