"""What the edge gets from the machine it runs on: time, chance, and a few choices.

Everything here has an honest default; simulations and tests bring their own.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import bayward
from bayward.core.clock import Clock, Instant
from bayward.core.ids import ID_BYTES, CommandId, GrantId, ParcelId
from bayward.edge.codes import Stretch
from bayward.edge.kiosk.kiosk import CODE_FLOOR_S
from bayward.ui.render import Renderer


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """Wall-clock time, UTC."""
        return Instant(time.time_ns() // 1_000_000)

    def monotonic_ms(self) -> int:
        """Milliseconds since some start."""
        return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Chance:
    """Where randomness comes from; simulations bring their own."""

    random_bytes: Callable[[int], bytes] = os.urandom
    randbelow: Callable[[int], int] = secrets.randbelow

    def command(self) -> CommandId:
        """A new id."""
        return CommandId.of(self.random_bytes(ID_BYTES))

    def parcel(self) -> ParcelId:
        """A new id."""
        return ParcelId.of(self.random_bytes(ID_BYTES))

    def grant(self) -> GrantId:
        """A new id."""
        return GrantId.of(self.random_bytes(ID_BYTES))

    def number(self, below: int) -> int:
        """A uniformly random number."""
        return self.randbelow(below)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOptions:
    """What a program may ask for that is no setting of a bank.

    `embedders`: origins whose pages may frame the kiosk (the demo). `stretch`: a cheaper key
    stretch, for simulations. `on_siren`: what sounds.
    """

    clock: Clock = field(default_factory=SystemClock)
    chance: Chance = field(default_factory=Chance)
    version: str = bayward.__version__
    renderer: Renderer | None = None
    embedders: tuple[str, ...] = ()
    stretch: Stretch | None = None
    code_floor_s: float = CODE_FLOOR_S
    on_siren: Callable[[bool], None] = lambda _: None
