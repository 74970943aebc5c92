"""People who should not be here: somebody who guesses codes, somebody with a crowbar."""

from __future__ import annotations

from random import Random

from bayward.core.clock import MINUTE_MS, SECOND_MS
from bayward.edge.agent import Leave, PresentCode, PresentPass, SignIn
from bayward.sim.lobby import Lobby
from bayward.sim.world import Script, World

CODES = 10**8


def guesser(world: World, lobby: Lobby, chance: Random, name: str, for_ms: int) -> Script:
    """Types codes as fast as the keypad lets him, for a while."""
    until_ms = world.now_ms + for_ms
    while world.now_ms < until_ms:
        guess = f"{chance.randrange(CODES):08d}"
        lot = chance.random()
        if lot < 0.8:  # noqa: PLR2004 - mostly the obvious way
            visit = lobby.ask(name, PresentCode(guess))
        elif lot < 0.95:  # noqa: PLR2004 - sometimes as a courier
            visit = lobby.ask(name, SignIn(guess))
        else:
            visit = lobby.ask(name, PresentPass("L1:" + guess))
        yield max(visit.wait_ms, SECOND_MS) + chance.randint(0, 20) * SECOND_MS
    lobby.ask(name, Leave())


def burglar(lobby: Lobby, chance: Random, name: str) -> Script:
    """Pries one door open, takes what is there, and may press it shut again."""
    compartment = chance.choice(sorted(lobby.bank.steel.doors))
    door = lobby.door(compartment)
    if door.is_open:
        return
    door.is_tainted = True
    lobby.bank.steel.force(compartment)
    yield chance.randint(2, 30) * SECOND_MS
    for label in list(door.inside):
        lobby.take(name, door, label)
    if chance.random() < 0.5:  # noqa: PLR2004 - as often as not
        yield chance.randint(5, 10 * MINUTE_MS // SECOND_MS) * SECOND_MS
        lobby.bank.steel.shut(compartment)
