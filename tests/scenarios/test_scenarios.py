"""Every scenario at every level it names; the id says which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bayward.sim.settle import settled
from scenarios.core_level import CoreDriver
from scenarios.deeds import DEEDS
from scenarios.driver import Deviation, Fact, Level, Unable
from scenarios.grammar import Scenario, load, parse
from scenarios.play import Played, play
from scenarios.process_level import ProcessDriver, running
from scenarios.sights import SIGHTS
from scenarios.world_level import WorldDriver

FOLDER = Path(__file__).parent
Telling = Callable[[Scenario], Played]
DRIVERS = (CoreDriver, WorldDriver, ProcessDriver)
SCENARIOS = [load(path) for path in sorted(FOLDER.glob("*.txt"))]


def of(level: Level) -> list[object]:
    return [pytest.param(one, id=one.name) for one in SCENARIOS if level in one.levels]


def at_core(scenario: Scenario) -> Played:
    return settled(play(scenario, CoreDriver(scenario)))


def in_world(scenario: Scenario) -> Played:
    driver = WorldDriver(scenario)
    try:
        return settled(play(scenario, driver))
    finally:
        driver.close()


@pytest.mark.parametrize("scenario", of(Level.CORE))
def test_core(scenario: Scenario) -> None:
    assert at_core(scenario).seen > 0


@pytest.mark.parametrize("scenario", of(Level.WORLD))
def test_world(scenario: Scenario) -> None:
    played = in_world(scenario)
    assert played.seen > 0
    assert not played.unseen


# A story that goes well up to its last line, which is wrong; one for each kind of fact.
WRONG = {
    Fact.DOOR: "Maya types her code -> no door opens",
    Fact.PULSE: "Maya types her code -> no lock moves",
    Fact.SCREEN: "Maya types her code -> the kiosk shows refused",
    Fact.LOG: "Maya types her code -> refused: code.dead",
    Fact.SIREN: "Maya types her code -> the siren sounds",
    Fact.MAIL: "Maya types her code -> Jonas is told a code",
    Fact.CONSOLE: "Maya types her code -> the console shows an incident",
    Fact.MIRROR: "Maya types her code -> the control plane has only a part of the log",
}
IMPOSSIBLE = "Maya takes her parcel -> the kiosk shows idle"


def wrong(last: str) -> Scenario:
    """A scenario whose last line is wrong."""
    good = "Sam delivers a parcel for Maya, size S -> logged: parcel.deposited"
    return parse(f"# Wrong\n\nTo see it fail.\n\n{good}\n{last}\n", Path("wrong.txt"))


def says(last: str, level: Level) -> str:
    """The failure names file, line, what was expected, and the level."""
    sight = last.partition("-> ")[2]
    return rf"^wrong\.txt:6: {re.escape(sight)}: .*\({level.value}\)$"


@pytest.mark.parametrize("fact", [one for one in WRONG if one not in CoreDriver.blind])
def test_core_fails_where_the_story_is_wrong(fact: Fact) -> None:
    with pytest.raises(Deviation, match=says(WRONG[fact], Level.CORE)):
        at_core(wrong(WRONG[fact]))


@pytest.mark.parametrize("fact", WRONG)
def test_world_fails_where_the_story_is_wrong(fact: Fact) -> None:
    with pytest.raises(Deviation, match=says(WRONG[fact], Level.WORLD)):
        in_world(wrong(WRONG[fact]))


def test_what_cannot_be_done_fails_too() -> None:
    for told in (at_core, in_world):
        with pytest.raises(
            Deviation, match=r"^wrong\.txt:6: Maya takes her parcel: cannot be done"
        ):
            told(wrong(IMPOSSIBLE))


@pytest.mark.parametrize("told", [at_core, in_world])
def test_a_level_without_contacts_plays_no_story_about_them(told: Telling) -> None:
    story = next(one for one in SCENARIOS if one.name == "latches-low")
    with pytest.raises(Unable, match="not contacts"):
        told(story)


def test_what_a_level_cannot_see_is_counted_and_has_a_reason() -> None:
    blind = {driver.level: driver.blind for driver in DRIVERS}
    assert all(len(reason) > 20 for reasons in blind.values() for reason in reasons.values())
    assert not blind[Level.WORLD]
    assert not blind[Level.PROCESS]
    played = at_core(wrong(WRONG[Fact.MAIL]))
    assert [one.text for one in played.unseen] == ["Jonas is told a code"]
    assert played.seen == 1


def test_every_sentence_and_every_kind_of_fact_is_used() -> None:
    """A sentence that no scenario uses is one nobody has seen working."""
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    deeds = {one.text for one in DEEDS for step in steps if one.pattern.fullmatch(step.text)}
    sights = [sight for step in steps for sight in step.sights]
    seen = {one.text for one in SIGHTS for sight in sights if one.pattern.fullmatch(sight.text)}
    assert {one.text for one in DEEDS} == deeds
    assert {one.text for one in SIGHTS} == seen
    assert set(Counter(sight.fact for sight in sights)) == set(Fact)


def test_titles_and_files_are_told_apart() -> None:
    assert len({one.title for one in SCENARIOS}) == len(SCENARIOS)
    assert all(one.because for one in SCENARIOS if len(one.levels) < len(Level))


@pytest.mark.system
@pytest.mark.parametrize("scenario", of(Level.PROCESS))
async def test_process(scenario: Scenario, tmp_path: Path) -> None:
    async with running(scenario, tmp_path) as driver:
        played = await play(scenario, driver)
    assert played.seen > 0
    assert not played.unseen


@pytest.mark.system
async def test_process_fails_where_the_story_is_wrong(tmp_path: Path) -> None:
    """One stage on which nothing happens; everything that is claimed all the same is denied."""
    claims = (
        "a door opens",
        "one lock moves, once",
        "the kiosk shows stuck",
        "logged: parcel.collected",
        "refused: code.dead",
        "the siren sounds",
        "Maya is told a code",
        "Ines is alerted",
        "the console shows an incident",
        "the control plane has only a part of the log",
    )
    head = "# Wrong\n\nTo fail.\n\nwait 1 second"
    stories = [parse(f"{head} -> {one}\n", Path("w")) for one in claims]
    assert {one.steps[0].sights[0].fact for one in stories} == set(Fact) - {Fact.PROOF}
    async with running(stories[0], tmp_path) as driver:
        driver.patience_s = 1.0
        for story, claim in zip(stories, claims, strict=True):
            with pytest.raises(Deviation, match=rf"^w:5: {re.escape(claim)}: .*\(process\)$"):
                await play(story, driver)
