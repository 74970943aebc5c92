"""People in front of the steel, by words typed on a line: `shut 3`, `force 5`, `cut`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bayward.core.ids import CompartmentId
from bayward.sim.hardware.twin import BankTwin

HELP = """\
list        every door: open or shut, and whether something is in it
shut N      push door N shut               pull N   pull at it (opens if the bolt is back)
put N       put a parcel into an open one  take N   take it out
force N     take a crowbar to it           jam N    let its bolt stick; free N ends that
cut, mend   the cable between computer and boards
off, on     the supply of the boards
help, quit"""
ENDS = frozenset({"quit", "exit"})
_NOTHING = {
    "shut": "is not open, or jams",
    "pull": "does not give: the bolt holds it",
    "put": "takes nothing: it is shut, or full",
    "take": "has nothing to take: it is shut, or empty",
    "force": "is open already",
}


class Hands:
    """Does what is typed; each door is called by its number."""

    def __init__(self, twin: BankTwin, doors: Mapping[int, CompartmentId]) -> None:
        self._twin = twin
        self._doors = doors
        self._is_cut = False
        self._acts: Mapping[str, Callable[[CompartmentId], bool]] = {
            "shut": twin.push,
            "pull": twin.pull,
            "put": twin.put_parcel,
            "take": twin.take_parcel,
            "force": twin.force,
        }

    async def do(self, typed: str) -> str:
        """Do one line; what there is to say about it, "" when the doors say it themselves."""
        word, _, rest = typed.strip().lower().partition(" ")
        if word in {"cut", "mend", "off", "on", "list", "help"} and not rest:
            return await self._at_the_wall(word)
        if word not in self._acts and word not in {"jam", "free"}:
            return f"{typed.strip()[:40]!r} is nothing I can do. `help` says what I can."
        number = rest.strip()
        is_number = number.isascii() and number.isdecimal() and len(number) < 5  # noqa: PLR2004 - no wall has 10,000 doors
        door = self._doors.get(int(number)) if is_number else None
        if door is None:
            return f"There is no door {number[:20]!r}. They are {self._span()}."
        if word in {"jam", "free"}:
            self._twin.jam(door, is_jammed=word == "jam")
            return f"door {number}: the bolt {'sticks' if word == 'jam' else 'moves again'}"
        return "" if self._acts[word](door) else f"door {number} {_NOTHING[word]}"

    def line_of(self, compartment: CompartmentId) -> str | None:
        """How a door stands; None for one that is not of this wall."""
        for number, door in self._doors.items():
            if door == compartment:
                return self._line(number, door)
        return None

    async def _at_the_wall(self, word: str) -> str:
        twin = self._twin
        if word == "list":
            return "\n".join(self._line(number, door) for number, door in self._doors.items())
        if word in {"cut", "mend"}:
            return await self._cable(is_cut=word == "cut")
        if word in {"off", "on"}:
            (twin.cut_power if word == "off" else twin.restore_power)()
            return f"the boards have {'no supply' if word == 'off' else 'their supply again'}"
        return HELP

    async def _cable(self, *, is_cut: bool) -> str:
        """Pull the plug of every line out of the computer, or put it in."""
        if is_cut is not self._is_cut:
            self._is_cut = is_cut
            for port in self._twin.settings.ports:
                await (self._twin.pull_port if is_cut else self._twin.plug_port)(port.name)
        return f"the cable is {'out' if is_cut else 'in'}"

    def _line(self, number: int, door: CompartmentId) -> str:
        it = self._twin.compartment(door)
        told = [f"door {number}", "open" if it.is_open else "shut"]
        if it.is_occupied:
            told.append("something in it")
        if it.is_jammed:
            told.append("jammed")
        return f"{told[0]:>8}  {', '.join(told[1:])}"

    def _span(self) -> str:
        numbers = sorted(self._doors)
        return f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
