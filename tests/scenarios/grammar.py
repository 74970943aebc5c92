"""Reads a scenario: a title, why it matters, where it is played, and one step per line.

    # A code works once

    Who finds a letter with an old code must find it worthless.

    wall: 2 S, 2 M

    Sam delivers a parcel for Maya, size S -> Maya is told a code
    Maya collects her parcel
    Maya types her code again -> refused: code.dead; no door opens

What must be seen stands behind `->`, in the same line or indented below it, several things with
a `;` between them. Whatever is not understood is an error with the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bayward.core.compartment import Mode, Size
from scenarios.deeds import DEEDS
from scenarios.driver import Columns, Fact, Latches, Level
from scenarios.sentences import Bound, found
from scenarios.sights import SIGHTS

WALL = ((2, Size.S), (2, Size.M), (2, Size.L))
KEY = re.compile(r"(wall|modes|latches|levels|because): *(\S.*)")
STEPS_MAX = 60  # a story longer than a screen is two
TITLE_CHARS_MAX = 90


class ScenarioError(Exception):
    """Raised for a file that is no scenario; says where and why."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path.name}:{line}: {why}")


@dataclass(frozen=True)
class Sight:
    """One thing that must be seen."""

    line: int
    text: str
    fact: Fact
    look: Bound


@dataclass(frozen=True)
class Step:
    """One thing that happens, and what must be seen of it."""

    line: int
    text: str
    act: Bound
    sights: tuple[Sight, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One file."""

    path: Path
    title: str
    why: str
    steps: tuple[Step, ...]
    levels: tuple[Level, ...] = tuple(Level)
    because: str = ""  # why not at every level
    wall: Columns = WALL
    modes: Mapping[int, Mode] = field(default_factory=dict)  # by the number on the door
    latches: Latches = Latches.HIGH

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.stem


@dataclass
class _Reader:
    """Goes through the lines."""

    path: Path
    keys: dict[str, tuple[int, str]] = field(default_factory=dict)
    prose: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    is_introduced: bool = False  # the paragraph below the title has ended

    def fail(self, line: int, why: str) -> ScenarioError:
        return ScenarioError(self.path, line, why)

    def line(self, number: int, text: str) -> None:
        """One line after the title."""
        if text.startswith(" "):
            self.more(number, text.strip())
        elif key := KEY.fullmatch(text):
            if self.steps or key[1] in self.keys:
                raise self.fail(number, f"{key[1]} stands once, above the steps")
            self.keys[key[1]] = number, key[2]
        elif self.is_introduced:
            self.step(number, text)
        else:
            self.prose.append(text)

    def step(self, number: int, text: str) -> None:
        """A deed, and perhaps what is seen of it."""
        deed, arrow, sights = text.partition("->")
        known = found(deed.strip(), DEEDS)
        if known is None:
            raise self.fail(number, f"nobody understands {deed.strip()!r}")
        seen = tuple(self.sights(number, sights)) if arrow else ()
        self.steps.append(Step(number, deed.strip(), known[0], seen))

    def more(self, number: int, text: str) -> None:
        """More that is seen of the last step."""
        if not self.steps or not text.startswith("->"):
            raise self.fail(number, "an indented line begins with -> and follows a step")
        more = tuple(self.sights(number, text.removeprefix("->")))
        self.steps[-1] = replace(self.steps[-1], sights=self.steps[-1].sights + more)

    def sights(self, number: int, text: str) -> Iterator[Sight]:
        """What stands behind an arrow."""
        for one in map(str.strip, text.split(";")):
            known = found(one, SIGHTS)
            if known is None or known[1].fact is None:
                raise self.fail(number, f"nobody can see {one!r}")
            yield Sight(number, one, known[1].fact, known[0])

    def levels(self) -> tuple[Level, ...]:
        """Where it is played; anywhere but everywhere needs a reason."""
        if "levels" not in self.keys:
            return tuple(Level)
        line, text = self.keys["levels"]
        try:
            levels = tuple(Level(one.strip()) for one in text.split(","))
        except ValueError as error:
            raise self.fail(line, str(error)) from None
        if len(levels) < len(Level) and "because" not in self.keys:
            raise self.fail(line, "not at every level? say `because:`")
        return levels

    def wall(self) -> Columns:
        """Columns of doors, numbered from the left."""
        line, text = self.keys.get("wall", (0, ""))
        columns = []
        for one in filter(None, text.split(",")):
            match = re.fullmatch(r" *([2-9]) ([SML]) *", one)
            if match is None:
                raise self.fail(line, f"a column is 2 to 9 doors of one size, not {one.strip()!r}")
            columns.append((int(match[1]), Size(match[2])))
        return tuple(columns) or WALL

    def modes(self) -> dict[int, Mode]:
        """What single doors are for, where it is not parcels."""
        line, text = self.keys.get("modes", (0, ""))
        doors = sum(count for count, _ in self.wall())
        told: dict[int, Mode] = {}
        for one in filter(None, text.split(",")):
            match = re.fullmatch(rf" *door (\d+) ({'|'.join(Mode)}) *", one)
            if match is None or not 1 <= int(match[1]) <= doors or int(match[1]) in told:
                raise self.fail(line, f"`door 1 evidence`, each door once, not {one.strip()!r}")
            told[int(match[1])] = Mode(match[2])
        return told

    def latches(self) -> Latches:
        """What a shut door's contact reads."""
        line, text = self.keys.get("latches", (0, Latches.HIGH.value))
        try:
            return Latches(text)
        except ValueError as error:
            raise self.fail(line, str(error)) from None


def parse(text: str, path: Path) -> Scenario:
    """Read a scenario; raises `ScenarioError`."""
    first, *rest = text.splitlines() or [""]
    if not first.startswith("# ") or len(first) > TITLE_CHARS_MAX:
        raise ScenarioError(path, 1, "the first line is `# ` and a title")
    reader = _Reader(path)
    for number, line in enumerate(rest, 2):
        if line.strip():
            reader.line(number, line.rstrip())
        else:
            reader.is_introduced = bool(reader.prose)
    if not reader.prose:
        raise ScenarioError(path, 2, "say below the title why it matters")
    if not any(step.sights for step in reader.steps) or len(reader.steps) > STEPS_MAX:
        raise ScenarioError(path, 1, f"1 to {STEPS_MAX} steps, and something that must be seen")
    return Scenario(
        path=path,
        title=first.removeprefix("# "),
        why=" ".join(reader.prose),
        steps=tuple(reader.steps),
        levels=reader.levels(),
        because=reader.keys.get("because", (0, ""))[1],
        wall=reader.wall(),
        modes=reader.modes(),
        latches=reader.latches(),
    )


def load(path: Path) -> Scenario:
    """Read a scenario's file."""
    return parse(path.read_text(encoding="utf-8"), path)
