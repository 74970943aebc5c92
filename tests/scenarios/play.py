"""Plays a scenario on a driver, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from bayward.core.errors import BaywardError
from scenarios.driver import Deviation, Driver, Unable
from scenarios.grammar import Scenario, Sight
from scenarios.teller import Teller


@dataclass
class Played:
    """How often something was seen, and what this level has no eyes for."""

    seen: int = 0
    unseen: tuple[Sight, ...] = ()


async def play(scenario: Scenario, driver: Driver) -> Played:
    """From the first line to the last; raises `Deviation` with the file and the line."""
    teller, played = Teller(driver), Played()
    for step in scenario.steps:
        where, what = f"{scenario.path.name}:{step.line}", step.text
        try:
            await teller.begin_step()
            await step.act(teller)
            for sight in step.sights:
                where, what = f"{scenario.path.name}:{sight.line}", sight.text
                if sight.fact in driver.blind:
                    played.unseen += (sight,)
                    continue
                await sight.look(teller)
                played.seen += 1
        except (Deviation, Unable, BaywardError) as error:
            raise Deviation(f"{where}: {what}: {error} ({driver.level.value})") from error
    return played
