"""View models of the page about what is forgotten and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Choice, FieldProblem
from bayward.ui.views.console import ConsoleView, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """A legal hold: `kind` is a key of [console.hold], `subject` what it is on, in words."""

    id: str
    kind: str
    subject: str
    authority: str
    by: str
    at: Instant
    begins_at: Instant | None = None
    ends_at: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysCard:
    """How the keys of the log stand; `roll_due` None: nothing was erased since the last roll."""

    epoch: int
    since: Instant | None
    people: int
    months: int
    erased: int
    roll_due: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UntoldRow:
    """A bank that has not confirmed yet that it forgot somebody.

    `state` is `here`, `away` (since `away_since`, where that is known), `quarantined` or `retired`.
    """

    bank: str
    name: str
    people: int
    since: Instant
    state: str
    away_since: Instant | None = None


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """How many days something is kept; `kind` is a key of [console.period].

    `default` is what it would be if nobody had chosen.
    """

    kind: str
    days: int
    default: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToKeep:
    """A period that is about to be changed."""

    kind: str
    days: str
    least: int
    most: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodsCard:
    """How long what is kept; None: not done yet, or not planned."""

    rows: tuple[PeriodRow, ...]
    last: Instant | None
    next: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToErase:
    """Somebody who is about to be erased; `is_alone`: nobody else could confirm it."""

    id: str
    name: str
    bases: tuple[Choice, ...]
    is_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRow:
    """An erasure that waits: for somebody else, or with `due` until then.

    `href` is the page of a person or a party; what is done about it is posted below it.
    `basis` is a key of [console.basis], `problem` a code of what stood in the way.
    """

    href: str
    name: str
    basis: str
    by: str
    at: Instant
    is_yours: bool
    due: Instant | None = None
    problem: str | None = None
    leaves_items: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy(ConsoleView):
    """Erasing people, legal holds, and the keys that make the one final."""

    template: ClassVar[str] = "console/privacy.html"
    place: ClassVar[Place] = Place.PRIVACY
    keys: KeysCard
    periods: PeriodsCard
    erasures: tuple[ErasureRow, ...] = ()
    untold: tuple[UntoldRow, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    hold_kinds: tuple[Choice, ...] = ()
    person: ToErase | None = None
    period: ToKeep | None = None
    subject: str = ""
    authority: str = ""
    problems: tuple[FieldProblem, ...] = ()
