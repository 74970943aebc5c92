"""Couriers: a handful of parcels, a few times a day, and always in a hurry."""

from __future__ import annotations

from random import Random

from bayward.core.clock import SECOND_MS
from bayward.core.compartment import Size
from bayward.core.ids import PersonId
from bayward.edge.agent import (
    BeginDeposit,
    CancelDeposit,
    ChangeSize,
    ConfirmDeposit,
    Leave,
    OpenAgain,
    SignIn,
    Stage,
)
from bayward.sim.lobby import Lobby, Looking
from bayward.sim.locks import Door
from bayward.sim.people import OPENS_WITHIN_MS, TRIES_MAX, Resident, Town
from bayward.sim.post import Received
from bayward.sim.world import Script

SHUT_WITHIN_MS = 5 * SECOND_MS  # until the screen has seen the door shut
_CONFIRMABLE = (Stage.CONFIRM, Stage.LOOKS_EMPTY)


class Courier:
    """Comes a few times a day with a handful of parcels."""

    def __init__(self, town: Town, name: str, person: PersonId, chance: Random) -> None:
        self.name = name
        self.person = person
        self.codes: dict[str, str] = {}  # by the name of the bank
        self.delivered = 0
        self._town = town
        self._chance = chance

    def read(self, mail: Received) -> None:
        """A message has come: his code for one bank."""
        self._town.world.tell(self.name, "reads", f"{mail.kind} {mail.where}")
        if mail.code:
            self.codes[mail.where] = mail.code

    def rounds(self, residents: list[Resident]) -> Script:
        """Deliver, again and again."""
        every_ms = self._town.manners.delivery_every_ms
        while not self._town.is_over:
            yield self._chance.randint(every_ms // 3, every_ms * 5 // 3)
            where = self._chance.choice(sorted(self._town.lobbies))
            if where in self.codes and not self._town.is_over:
                yield from self._deliver(self._town.lobbies[where], residents)

    def _deliver(self, lobby: Lobby, residents: list[Resident]) -> Script:
        is_in = yield from lobby.enter(self.name)
        if not is_in:
            return
        lobby.ask(self.name, SignIn(self.codes[lobby.name]))
        yield 2 * SECOND_MS
        for _ in range(self._chance.randint(1, self._town.manners.parcels_max)):
            if not lobby.shows(Stage.COURIER, Stage.DEPOSITED):
                break
            self.delivered += 1
            resident = self._chance.choice(residents)
            label = f"{resident.name}/{self.name}-{self.delivered}"
            goes_on = yield from self._deposit(lobby, resident, label)
            if not goes_on:
                lobby.leave(self.name)
                return
        lobby.ask(self.name, Leave())
        lobby.leave(self.name)

    def _deposit(self, lobby: Lobby, resident: Resident, label: str) -> Looking:
        """One parcel; False: he has had enough of this wall."""
        chance, manners = self._chance, self._town.manners
        size = chance.choice((Size.S, Size.S, Size.M, Size.L))
        lobby.ask(self.name, BeginDeposit(resident.person, size, label, needs_low=False))
        for _ in range(TRIES_MAX):
            compartment = lobby.bank.visit.compartment
            if compartment is None or not lobby.shows(Stage.OPENING, Stage.DOOR_OPEN):
                return lobby.shows(Stage.COURIER)
            door = lobby.door(compartment)
            opened = yield from self._watch(lobby, door)
            if not opened:
                wants_again = chance.random() >= manners.changes_mind
                lobby.ask(self.name, OpenAgain() if wants_again else CancelDeposit())
                yield SECOND_MS
                continue
            yield chance.randint(2, 12) * SECOND_MS
            if size is not Size.L and chance.random() < manners.misjudges_size:
                lobby.bank.steel.shut(compartment)
                yield 2 * SECOND_MS
                size = Size.L
                lobby.ask(self.name, ChangeSize(size))
                continue
            return (yield from self._put_in(lobby, door, label))
        return False

    def _put_in(self, lobby: Lobby, door: Door, label: str) -> Looking:
        chance, manners = self._chance, self._town.manners
        if not lobby.put(self.name, door, label):
            return False
        if chance.random() < manners.changes_mind:
            lobby.take(self.name, door, label)
        yield chance.randint(1, 10) * SECOND_MS
        if chance.random() < manners.leaves_open:
            return False
        lobby.bank.steel.shut(door.built.id)
        if chance.random() < manners.walks_away:
            return False
        seen = yield from lobby.until(lambda: lobby.shows(*_CONFIRMABLE), SHUT_WITHIN_MS)
        if not seen:
            return False
        is_inside = label in door.inside
        lobby.ask(self.name, ConfirmDeposit() if is_inside else CancelDeposit())
        yield SECOND_MS
        return True

    def _watch(self, lobby: Lobby, door: Door) -> Looking:
        return (yield from lobby.until(lambda: door.is_open, OPENS_WITHIN_MS))
