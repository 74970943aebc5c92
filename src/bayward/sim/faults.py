"""What breaks: one method for each fault of `sim.plan`, and a script that lets it happen.

Everything here is done to the world around the programs, never inside them. `heal` puts all of
it right again, so that the liveness checkers may demand that the world comes to rest.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import cast

from bayward.core.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from bayward.core.errors import BaywardError
from bayward.edge.controller import CommandReceived
from bayward.sim.bank import SimBank
from bayward.sim.lobby import Lobby
from bayward.sim.locks import Door
from bayward.sim.plane import Moment
from bayward.sim.storage import Image
from bayward.sim.strangers import burglar, guesser
from bayward.sim.town import Founded
from bayward.sim.world import Script

TOUCHES_MAX = 40  # the plug is pulled within so many touches of the disk
CLOCK_STEPS_MS = (-8 * 24 * HOUR_MS, -HOUR_MS, -90 * SECOND_MS, 90 * SECOND_MS, 9 * MINUTE_MS,
                  2 * HOUR_MS, 400 * 24 * HOUR_MS)  # fmt: skip
SHORT_MS = (SECOND_MS, 3 * MINUTE_MS)
LONG_MS = (MINUTE_MS, 90 * MINUTE_MS)


class Faults:
    """The bad luck of one world."""

    def __init__(self, founded: Founded) -> None:
        self.forward_steps = 0  # clocks turned forward: a throttle may believe ten minutes each
        self._founded = founded
        self._world = founded.world
        self._chance = founded.world.stream("faults")
        self._is_healed = False
        self._visitors = 0

    def begin(self) -> None:
        """Let everything of the plan happen, each at its pace."""
        for name, pause_ms in self._founded.plan.faults.items():
            self._world.spawn("fault", self._strikes(name, pause_ms))

    def heal(self) -> None:
        """Put everything right, and let nothing break any more."""
        founded = self._founded
        self._is_healed = True
        founded.town.is_over = True
        founded.post.is_down, founded.post.doubles = False, 0.0
        founded.cloud.is_full = False
        founded.cloud.crash_in = None
        for lobby in founded.town.lobbies.values():
            bank = lobby.bank
            founded.network.mend(bank.name)
            bank.disk.is_full = False
            bank.disk.cut_in = bank.disk.fail_in = None
            bank.clock.set_right()
            bank.power_on()
            for door in bank.steel.doors.values():
                door.is_jammed = door.is_pulled_late = door.is_sensor_lying = False
                door.contact_stuck_at = None
            bank.steel.fall_silent(is_silent=False)
        self._world.tell("fault", "(all healed)")

    def _strikes(self, name: str, pause_ms: int) -> Script:
        strike = getattr(self, f"_{name}")
        while True:
            yield 1 + int(self._chance.expovariate(1 / pause_ms))
            if self._is_healed:
                return
            lobbies = self._founded.town.lobbies
            lobby = lobbies[self._chance.choice(sorted(lobbies))]
            self._world.tell("fault", name, lobby.name)
            yield from cast("Script", strike(lobby))

    def _for(self, span: tuple[int, int]) -> int:
        return self._chance.randint(*span)

    def _door(self, lobby: Lobby) -> Door:
        doors = lobby.bank.steel.doors
        return doors[self._chance.choice(sorted(doors))]

    # The line.

    def _cable_cut(self, lobby: Lobby) -> Script:
        self._founded.network.cut(lobby.name)
        yield self._for(LONG_MS)
        self._founded.network.mend(lobby.name)

    def _cable_dropped(self, lobby: Lobby) -> Script:
        self._founded.network.drop(lobby.name)
        yield 1

    def _half_open(self, lobby: Lobby) -> Script:
        self._founded.network.cut(lobby.name, is_noticed=False)
        yield self._for(LONG_MS)
        self._founded.network.mend(lobby.name)

    def _slow_line(self, lobby: Lobby) -> Script:
        line = self._founded.network.lines[lobby.name]
        line.is_slow, line.latency_ms = True, (100, 4_000)
        yield self._for(LONG_MS)
        line.is_slow, line.latency_ms = False, (5, 60)

    # The bank's computer.

    def _power_cut(self, lobby: Lobby) -> Script:
        lobby.bank.power_off()
        yield self._for(SHORT_MS)
        lobby.bank.power_on()

    def _plug_at_touch(self, lobby: Lobby) -> Script:
        lobby.bank.disk.cut_in = self._chance.randint(1, TOUCHES_MAX)
        while lobby.bank.is_powered and not self._is_healed:
            yield 10 * SECOND_MS
        yield self._for(SHORT_MS)
        lobby.bank.power_on()

    def _disk_error(self, lobby: Lobby) -> Script:
        lobby.bank.disk.is_kept_when_failed = self._chance.random() < 0.5  # noqa: PLR2004 - as often as not
        lobby.bank.disk.fail_in = self._chance.randint(1, TOUCHES_MAX)
        yield 1

    def _disk_full(self, lobby: Lobby) -> Script:
        lobby.bank.disk.is_full = True
        yield self._for(SHORT_MS)
        lobby.bank.disk.is_full = False

    def _card_rolled_back(self, lobby: Lobby) -> Script:
        """Somebody copies the card, waits, and puts the copy back."""
        image = _image(lobby.bank)
        yield self._for(LONG_MS)
        if image is None or self._is_healed:
            return
        lobby.bank.power_off()
        lobby.bank.disk.restore(image, with_mark=self._chance.random() < 0.7)  # noqa: PLR2004 - mostly
        lobby.bank.was_rolled_back = True
        yield self._for(SHORT_MS)
        lobby.bank.power_on()

    def _clock_step(self, lobby: Lobby) -> Script:
        step_ms = self._chance.choice(CLOCK_STEPS_MS)
        self.forward_steps += step_ms > 0
        lobby.bank.clock.step(step_ms)
        yield self._for(LONG_MS)
        lobby.bank.clock.set_right()

    # The control plane.

    def _cloud_crash(self, lobby: Lobby) -> Script:
        del lobby
        cloud = self._founded.cloud
        moments: tuple[Moment, ...] = ("before", "inside", "after")
        cloud.crash_when = self._chance.choice(moments)
        cloud.crash_in = self._chance.randint(1, 12)
        yield 1

    def _cloud_full(self, lobby: Lobby) -> Script:
        del lobby
        self._founded.cloud.is_full = True
        yield self._for(SHORT_MS)
        self._founded.cloud.is_full = False

    def _mail_down(self, lobby: Lobby) -> Script:
        del lobby
        self._founded.post.is_down = True
        yield self._for(LONG_MS)
        self._founded.post.is_down = False

    def _mail_twice(self, lobby: Lobby) -> Script:
        del lobby
        self._founded.post.doubles = 0.5
        yield self._for(LONG_MS)
        self._founded.post.doubles = 0.0

    def _order_again(self, lobby: Lobby) -> Script:
        """An order that was delivered once arrives once more."""
        uplink = lobby.bank.uplink
        seen: deque[CommandReceived] = uplink.delivered
        if seen:
            again = self._chance.choice(seen)
            lobby.bank.guard(partial(_deliver, lobby.bank, again))
        yield 1

    # Doors.

    def _jam(self, lobby: Lobby) -> Script:
        door = self._door(lobby)
        door.is_jammed = True
        yield self._for(LONG_MS)
        door.is_jammed = False

    def _late_pull(self, lobby: Lobby) -> Script:
        for door in lobby.bank.steel.doors.values():
            door.is_pulled_late = True
        yield self._for(LONG_MS)
        for door in lobby.bank.steel.doors.values():
            door.is_pulled_late = False

    def _contact_stuck(self, lobby: Lobby) -> Script:
        door = self._door(lobby)
        door.contact_stuck_at, door.is_tainted = door.is_open, True
        yield self._for(SHORT_MS)
        door.contact_stuck_at = None
        lobby.bank.steel.read_all()

    def _boards_silent(self, lobby: Lobby) -> Script:
        lobby.bank.steel.fall_silent(is_silent=True)
        yield self._for(SHORT_MS)
        lobby.bank.steel.fall_silent(is_silent=False)

    def _sensor_lies(self, lobby: Lobby) -> Script:
        door = self._door(lobby)
        door.is_sensor_lying = door.is_tainted = True
        yield self._for(LONG_MS)
        door.is_sensor_lying = False

    # Strangers.

    def _crowbar(self, lobby: Lobby) -> Script:
        yield from burglar(lobby, self._chance, "burglar")

    def _guesser(self, lobby: Lobby) -> Script:
        self._visitors += 1
        name = f"guesser{self._visitors}"
        yield from guesser(self._world, lobby, self._chance, name, self._for(LONG_MS))


def _image(bank: SimBank) -> Image | None:
    return bank.disk.image() if bank.is_working else None


def _deliver(bank: SimBank, again: CommandReceived) -> None:
    try:
        bank.handle(again)
    except BaywardError as error:
        bank.world.tell(bank.name, "(refused)", error.code)
