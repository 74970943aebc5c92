"""What a sentence is. All of them stand in `deeds` and `sights`; the page in the docs is made from
those.

A deed is something that happens; a sight is something that must be seen, of one kind of fact.
In a sentence `{resident}`, `{size}` and so on stand for the words of `WORDS`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from bayward.core.compartment import Mode, Size
from bayward.core.events import EventType
from bayward.edge.agent import Stage
from scenarios.driver import ADMIN, COURIER, RESIDENTS, Fact
from scenarios.teller import Teller

P = ParamSpec("P")
Act = Callable[Concatenate[Teller, P], Awaitable[None]]
Bound = Callable[[Teller], Awaitable[None]]

UNITS = {"second": SECOND_MS, "minute": MINUTE_MS, "hour": HOUR_MS, "day": DAY_MS}
WORDS = {
    "resident": "|".join(RESIDENTS),
    "courier": COURIER,
    "admin": ADMIN,
    "who": "|".join((*RESIDENTS, COURIER, ADMIN, "[Ss]omebody")),
    "keeper": "|".join((*RESIDENTS, COURIER)),
    "other": "|".join((*RESIDENTS, COURIER)),
    "mode": "|".join(one for one in Mode if one.needs_two),
    "their": "her|his",
    "size": "|".join(Size),
    "door": r"\d+",
    "n": r"\d+",
    "unit": "(?:" + "|".join(UNITS) + ")s?",
    "way": "forward|back",
    "reason": r"[a-z][a-z_.]*",
    "stage": "|".join(one.value.replace("_", " ") for one in Stage),
    "event": "|".join(re.escape(one.value) for one in EventType),
    "facts": r"(?: [a-z]+=\S+)*",
    "words": r"\S.*",
}


@dataclass(frozen=True)
class Sentence:
    """One pattern and what it does; a sight also says of which kind it is."""

    text: str
    act: Callable[..., Awaitable[None]]
    fact: Fact | None

    @property
    def pattern(self) -> re.Pattern[str]:
        """The sentence with its words as groups."""
        parts = re.split(r"\{(\w+)\}", self.text)
        told = [
            f"(?P<{part}>{WORDS[part]})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        ]
        return re.compile("".join(told))


def deed(known: list[Sentence], text: str) -> Callable[[Act[P]], Act[P]]:
    """Something that happens, into the list of those that are known."""

    def kept(act: Act[P]) -> Act[P]:
        known.append(Sentence(text, act, None))
        return act

    return kept


def sight(known: list[Sentence], fact: Fact, text: str) -> Callable[[Act[P]], Act[P]]:
    """Something that must be seen, into the list of those that are known."""

    def kept(act: Act[P]) -> Act[P]:
        known.append(Sentence(text, act, fact))
        return act

    return kept


def found(text: str, among: list[Sentence]) -> tuple[Bound, Sentence] | None:
    """What a line says; None: nobody understands it."""
    for sentence in among:
        match = sentence.pattern.fullmatch(text)
        if match is not None:
            return _bound(sentence.act, match.groupdict()), sentence
    return None


def _bound(act: Callable[..., Awaitable[None]], told: dict[str, str]) -> Bound:
    return lambda teller: act(teller, **told)
