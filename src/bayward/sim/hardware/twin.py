"""A bank of lockers that is not there: doors, locks, boards and copper, down to the bytes.

The product's own driver opens its ports and cannot tell the difference. People are methods:
`push` shuts a door, `pull` opens it if the bolt is back, `force` opens it anyway.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bayward.core.clock import Clock
from bayward.core.ids import CompartmentId
from bayward.sim.hardware.board_cu16 import Cu16Board
from bayward.sim.hardware.cables import End, PtyEnd, TcpEnd
from bayward.sim.hardware.compartment import TwinCompartment
from bayward.sim.hardware.pulses import Cause, TwinPulse
from bayward.sim.hardware.settings import Cable, TwinBoard, TwinPort, TwinSettings, WireFaults
from bayward.sim.hardware.wire import Tap, Wire


def _ignore(_compartment: CompartmentId) -> None:
    return


def _unheard(_port: str, _way: str, _data: bytes) -> None:
    return


class BankTwin:
    """One bank; `on_change` is told each compartment in which something moved.

    `on_bytes` hears what passes a port: → what the controller sends, ← what the boards answer.
    """

    def __init__(
        self,
        settings: TwinSettings,
        rng: random.Random,
        clock: Clock,
        on_change: Callable[[CompartmentId], None] = _ignore,
    ) -> None:
        self.settings = settings
        self.pulses: list[TwinPulse] = []
        self.siren_is_on = False
        self.on_change = on_change
        self.on_bytes = _unheard
        self._rng = rng
        self._clock = clock
        self._compartments = {
            name: TwinCompartment(name, rng, settings.bounce_ms)
            for board in settings.boards
            for name in board.compartments
        }
        self._boards = {board.name: self._built(board) for board in settings.boards}
        self._wires: dict[str, Wire] = {}
        self._ends: dict[str, End] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._folder: Path | None = None
        self._is_powered = True

    async def start(self) -> None:
        """Plug in every port."""
        self._folder = Path(tempfile.mkdtemp(prefix="bank-twin-"))
        for port in self.settings.ports:
            self._lay(port, self._folder)
            await self._ends[port.name].plug()

    async def stop(self) -> None:
        """Pull out every port and forget what is under way."""
        for end in self._ends.values():
            await end.pull()
        for wire in self._wires.values():
            wire.close()
        self._forget()
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def port_url(self, port: str) -> str:
        """What the driver opens; known once the twin has started."""
        return self._ends[port].url

    def compartment(self, compartment: CompartmentId) -> TwinCompartment:
        """A compartment as it really is."""
        return self._compartments[compartment]

    def compartments(self) -> Mapping[CompartmentId, TwinCompartment]:
        """All compartments, board by board."""
        return self._compartments

    def faults(self, port: str) -> WireFaults:
        """The knobs of one line."""
        return self._wires[port].faults

    def tap(self, port: str, listener: Tap) -> None:
        """Hear from when to when a line was in use."""
        self._wires[port].tap = listener

    def collisions(self, port: str) -> int:
        """How often the controller talked while a board did."""
        return self._wires[port].collisions

    def board(self, name: str) -> Cu16Board:
        """The electronics of one board."""
        return self._boards[name]

    def push(self, compartment: CompartmentId) -> bool:
        """Shut a door; True if the bolt caught."""
        return self._act(compartment, self._compartments[compartment].push(self._now()))

    def pull(self, compartment: CompartmentId) -> bool:
        """Pull at a door; True if it opened."""
        return self._act(compartment, self._compartments[compartment].pull(self._now()))

    def force(self, compartment: CompartmentId) -> bool:
        """Take a crowbar to a door; True if it was shut."""
        return self._act(compartment, self._compartments[compartment].force(self._now()))

    def put_parcel(self, compartment: CompartmentId) -> bool:
        """Put a parcel in; True if the door was open and the space free."""
        return self._act(compartment, self._compartments[compartment].put())

    def take_parcel(self, compartment: CompartmentId) -> bool:
        """Take the parcel out; True if the door was open and one was there."""
        return self._act(compartment, self._compartments[compartment].take())

    def jam(self, compartment: CompartmentId, *, is_jammed: bool) -> None:
        """Let the bolt stick, or free it."""
        self._compartments[compartment].is_jammed = is_jammed
        self.on_change(compartment)

    def sound_siren(self, is_on: bool) -> None:  # noqa: FBT001 - the shape of a callback
        """What a siren would do."""
        self.siren_is_on = is_on

    def cut_power(self) -> None:
        """Boards and locks lose their supply; the controller and its adapters do not."""
        now_ms = self._now()
        self._is_powered = False
        self._forget()
        for wire in self._wires.values():
            wire.is_powered = False
        for pulse in self.pulses:
            pulse.end_ms = min(pulse.end_ms, max(now_ms, pulse.start_ms))
        for space in self._compartments.values():
            space.cut()

    def restore_power(self) -> None:
        """The supply is back."""
        self._is_powered = True
        for board in self._boards.values():
            board.power_up()
        for wire in self._wires.values():
            wire.is_powered = True

    async def pull_port(self, port: str) -> None:
        """Pull the adapter out of the controller."""
        await self._ends[port].pull()

    async def plug_port(self, port: str) -> None:
        """Put it back in."""
        await self._ends[port].plug()

    def press_test_button(self, board: str) -> None:
        """The button on the board that fires every lock, one after another."""
        of = next(it for it in self.settings.boards if it.name == board)
        for place, name in enumerate(of.compartments):
            pulse_ms = self._boards[board].pulse_ms
            fire = partial(self._fire, name, of.supply, Cause.TEST_BUTTON, pulse_ms)
            self._later(place * self.settings.test_step_ms, fire)

    def _built(self, board: TwinBoard) -> Cu16Board:
        locks = [self._compartments[name] for name in board.compartments]

        def fire(lock: int, pulse_ms: int) -> None:
            self._fire(board.compartments[lock], board.supply, Cause.FRAME, pulse_ms)

        return Cu16Board(board.address, board.closed_level, locks, board.pulse_ms, fire)

    def _lay(self, port: TwinPort, folder: Path) -> None:
        """One line and the controller's end of it."""
        boards = {
            board.name: (self._boards[board.name], board.latency_ms)
            for board in self.settings.boards
            if board.port == port.name
        }
        wire = Wire(port, boards, self._rng, self._clock, partial(self._to_controller, port.name))
        self._wires[port.name] = wire
        heard = partial(self._from_controller, port.name)
        if port.cable is Cable.TCP:
            self._ends[port.name] = TcpEnd(heard, int(port.at or 0))
        else:
            self._ends[port.name] = PtyEnd(Path(port.at) if port.at else folder / port.name, heard)

    def _from_controller(self, port: str, data: bytes) -> None:
        self.on_bytes(port, "→", data)
        self._wires[port].from_host(data)

    def _to_controller(self, port: str, data: bytes) -> None:
        self.on_bytes(port, "←", data)
        self._ends[port].send(data)

    def _fire(self, name: CompartmentId, supply: str, cause: Cause, pulse_ms: int) -> None:
        if not self._is_powered:
            return
        now_ms = self._now()
        self.pulses.append(TwinPulse(name, supply, now_ms, now_ms + pulse_ms, cause))
        self._compartments[name].energise(now_ms, pulse_ms)
        pop_ms = min(self.settings.pop_ms, pulse_ms - 1)
        self._later(pop_ms, partial(self._pop, name, now_ms + pop_ms))

    def _pop(self, name: CompartmentId, at_ms: int) -> None:
        """The spring acts when it is due, however late a busy machine gets round to it."""
        self._act(name, self._compartments[name].pop(at_ms))

    def _act(self, compartment: CompartmentId, did_move: bool) -> bool:  # noqa: FBT001 - passed on
        if did_move:
            self.on_change(compartment)
        return did_move

    def _later(self, ms: int, do: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(ms / 1000, run)
        self._timers.add(timer)

    def _forget(self) -> None:
        """Nothing that was to happen happens."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _now(self) -> int:
        return self._clock.monotonic_ms()
