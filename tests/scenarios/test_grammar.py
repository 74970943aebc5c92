"""What a scenario may say, and that everything else is an error with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayward.core.compartment import Size
from golden_text import assert_golden_blocks
from scenarios.deeds import DEEDS
from scenarios.driver import Fact, Latches, Level
from scenarios.grammar import STEPS_MAX, ScenarioError, parse
from scenarios.sights import SIGHTS
from test_tidy import ROOT

HEAD = "# A title\n\nThis is why.\n\n"
STEP = "Sam delivers a parcel for Maya, size S -> Maya is told a code\n"
PAGE = ROOT / "docs" / "how-to" / "write-a-scenario.md"


def test_a_file_becomes_a_scenario() -> None:
    text = f"""# A title

This is why,
in two lines.

levels: core, world
because: there is nothing to see
wall: 2 S, 3 L
latches: mixed

{STEP}  -> logged: parcel.deposited method=courier; the siren is silent

wait 3 minutes
"""
    told = parse(text, Path("one.txt"))
    assert (told.name, told.title, told.why) == ("one", "A title", "This is why, in two lines.")
    assert told.levels == (Level.CORE, Level.WORLD)
    assert told.because == "there is nothing to see"
    assert told.wall == ((2, Size.S), (3, Size.L))
    assert told.latches is Latches.MIXED
    first, second = told.steps
    assert (first.line, second.line) == (11, 14)
    assert [(one.line, one.fact) for one in first.sights] == [
        (11, Fact.MAIL),
        (12, Fact.LOG),
        (12, Fact.SIREN),
    ]
    assert parse(HEAD + STEP, Path("two.txt")).levels == tuple(Level)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "the first line"),
        ("A title\n", 1, "the first line"),
        ("# A title\n\n\n", 2, "why it matters"),
        (HEAD + "wait 3 minutes\n", 1, "something that must be seen"),
        (HEAD + STEP * (STEPS_MAX + 1), 1, "1 to 60 steps"),
        (HEAD + "Sam delivres a parcel -> no door opens\n", 5, "nobody understands 'Sam delivres"),
        (HEAD + "Carl signs in -> no door opens\n", 5, "nobody understands 'Carl"),
        (HEAD + STEP + "wait 3 minuets\n", 6, "nobody understands 'wait 3 minuets'"),
        (HEAD + STEP + "  Sam leaves\n", 6, "an indented line begins with ->"),
        (HEAD + "  -> no door opens\n", 5, "follows a step"),
        (HEAD + STEP + "Sam leaves -> a door explodes\n", 6, "nobody can see 'a door explodes'"),
        (HEAD + STEP + "Sam leaves ->\n", 6, "nobody can see ''"),
        (HEAD + STEP + "Sam leaves -> logged: parcel.eaten\n", 6, "nobody can see"),
        (HEAD + STEP + "wall: 2 S\n", 6, "wall stands once, above the steps"),
        (HEAD + "wall: 2 S\nwall: 2 S\n" + STEP, 6, "wall stands once"),
        (HEAD + "modes: door 9 evidence\n" + STEP, 5, "each door once, not 'door 9 evidence'"),
        (HEAD + "modes: door 1 secrets\n" + STEP, 5, "not 'door 1 secrets'"),
        (HEAD + "modes: door 1 evidence, door 1 medicine\n" + STEP, 5, "not 'door 1 medicine'"),
        (HEAD + "wall: 1 S\n" + STEP, 5, "a column is 2 to 9 doors of one size, not '1 S'"),
        (HEAD + "levels: core\n" + STEP, 5, "say `because:`"),
        (HEAD + "levels: moon\nbecause: far\n" + STEP, 5, "moon"),
        (HEAD + "latches: soft\n" + STEP, 5, "soft"),
    ],
)
def test_what_nobody_understands_is_an_error_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(ScenarioError, match="why") as error:
        parse(text, Path("why.txt"))
    assert str(error.value).startswith(f"why.txt:{line}: ")
    assert why in str(error.value)


def test_no_line_can_be_understood_in_two_ways() -> None:
    for among in (DEEDS, SIGHTS):
        assert len({one.text for one in among}) == len(among)
        for one in among:
            example = one.text.replace("{their}", "her")
            others = [other for other in among if other.pattern.fullmatch(example)]
            assert not [other for other in others if other is not one]


def test_the_page_lists_every_sentence() -> None:
    assert_golden_blocks(
        PAGE,
        {
            "deeds": "\n".join(f"- `{one.text}`" for one in DEEDS),
            "sights": "\n".join(f"- `{one.text}` ({one.fact})" for one in SIGHTS),
        },
    )
