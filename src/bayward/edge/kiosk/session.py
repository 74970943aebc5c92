"""What this screen remembers between two touches, and forgets when the person leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayward.core.clock import SECOND_MS
from bayward.edge.agent import Recipient
from bayward.ui.views.base import Problem
from bayward.ui.views.kiosk import KioskView

RECEIPTS_MAX = 60  # of one visit: as many as a large bank has doors
PREFERENCES_MS = 90 * SECOND_MS  # then a language or text size was somebody else's


@dataclass(slots=True)
class Refusal:
    """What the screen for a refused code needs; never the reason."""

    retry: str
    wait_s: int


@dataclass(slots=True)
class Draft:
    """A delivery before it is the agent's business: typed, found, chosen."""

    tracking: str = ""
    query: str = ""
    matches: tuple[Recipient, ...] | None = None
    recipient: Recipient | None = None
    is_resizing: bool = False  # the parcel did not fit: choose again, for the same parcel
    problem: Problem | None = None

    def take_problem(self) -> Problem | None:
        """The problem, shown once."""
        problem, self.problem = self.problem, None
        return problem


@dataclass(frozen=True, slots=True)
class Handed:
    """What was put in or taken out in this visit: the door, and the word of its receipt."""

    door: str
    word: str


@dataclass(slots=True)
class Session:
    """One screen; there is one person in front of it at a time."""

    language: str
    is_large_text: bool = False
    is_high_contrast: bool = False
    path: str = "/kiosk"
    screen: type[KioskView] | None = None
    draft: Draft = field(default_factory=Draft)
    refusal: Refusal | None = None
    farewell: str | None = None
    handed: tuple[Handed, ...] = ()
    handed_shown: int = 0  # which of them is on the screen
    touched_ms: int = 0

    def touch(self, now_ms: int, language: str) -> None:
        """Somebody uses the screen; long after the last one it is somebody else."""
        if now_ms - self.touched_ms > PREFERENCES_MS:
            self.language = language
            self.is_large_text = self.is_high_contrast = False
        self.touched_ms = now_ms

    def prefer(self, *, language: str | None, text: str | None, contrast: str | None) -> None:
        """Take what somebody chose on top of the screen."""
        if language is not None:
            self.language = language
        if text is not None:
            self.is_large_text = text == "large"
        if contrast is not None:
            self.is_high_contrast = contrast == "more"

    def keep(self, handed: Handed) -> None:
        """Remember a receipt for the good-bye; each once, the newest shown first."""
        if handed not in self.handed:
            self.handed = (*self.handed, handed)[-RECEIPTS_MAX:]
            self.handed_shown = len(self.handed) - 1

    def look_at(self, number: str) -> None:
        """Show another of the receipts, counted from 1; anything else changes nothing."""
        if number.isascii() and number.isdecimal() and 0 < int(number[:4]) <= len(self.handed):
            self.handed_shown = int(number[:4]) - 1

    def next_parcel(self) -> None:
        """The same courier has another one."""
        self.draft = Draft()
        self.refusal = None

    def forget(self) -> None:
        """The visit is over."""
        self.next_parcel()
        self.handed, self.handed_shown = (), 0
        self.farewell = None
