"""View models of the pages about parties outside: who they are, and how they are forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Choice, Problem
from bayward.ui.views.console import ONE_PAGE, ConsoleView, Pager, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRow:
    """Somebody outside; `items` is in how many items he is named."""

    href: str
    name: str
    named_at: Instant
    items: int
    is_leaving: bool = False  # an erasure waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties(ConsoleView):
    """Everybody who is named in custody and does not sign in."""

    template: ClassVar[str] = "console/parties.html"
    place: ClassVar[Place] = Place.PRIVACY
    rows: tuple[PartyRow, ...]
    query: str = ""
    pager: Pager = ONE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldItem:
    """An item that a party has, or with `is_offered` is to get."""

    href: str
    name: str
    since: Instant
    is_offered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPage(ConsoleView):
    """One party: what it has, and the form that erases it.

    `asked_at` is since when an erasure waits; `is_alone`: nobody else could confirm one.
    """

    template: ClassVar[str] = "console/party.html"
    place: ClassVar[Place] = Place.PRIVACY
    row: PartyRow
    id: str
    created_at: Instant
    held: tuple[HeldItem, ...] = ()
    bases: tuple[Choice, ...] = ()
    leaves_items: bool = False
    is_alone: bool = False
    asked_at: Instant | None = None
    problem: Problem | None = None
