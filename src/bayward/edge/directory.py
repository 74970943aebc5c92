"""Whom parcels can be left for, as the control plane replicated it, and how a courier finds them.

A courier needs to recognise the person on his label and nobody else needs to learn who lives
here. So a search takes a whole unit number or at least three letters of a name, gives at most a
handful of results with masked names, and only a few times a minute.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bayward.core.clock import SECOND_MS, Instant
from bayward.core.errors import Invalid, LimitExceeded
from bayward.edge.agent import Recipient

RESULTS_MAX = 5
LETTERS_MIN = 3
QUERY_CHARS_MAX = 60
SEARCHES_BURST = 12  # a parcel takes two or three; nobody delivers four at once
SEARCH_REFILL_MS = 5 * SECOND_MS
_MASK = "\N{MIDDLE DOT}"
_MASK_CHARS_MAX = 5  # the length of a long name would single it out


@dataclass(frozen=True, slots=True)
class Directory:
    """All recipients of one revision."""

    revision: int = 0
    recipients: tuple[Recipient, ...] = ()

    def find(self, query: str) -> tuple[Recipient, ...]:
        """The few recipients that fit, with masked names.

        More than `RESULTS_MAX` fits are none: whoever holds a label can type another letter.
        Raises `Invalid` for a query that is too short, too long or not text.
        """
        wanted = folded(query)
        if not 0 < len(wanted) <= QUERY_CHARS_MAX:
            raise Invalid("search.query", least=LETTERS_MIN, most=QUERY_CHARS_MAX)
        exact = [one for one in self.recipients if folded(one.unit) == wanted]
        if exact:
            return _shown(exact)
        if sum(char.isalpha() for char in wanted) < LETTERS_MIN:
            raise Invalid("search.query", least=LETTERS_MIN, most=QUERY_CHARS_MAX)
        parts = wanted.split()
        return _shown(one for one in self.recipients if _fits(one, parts))

    def person(self, person: str) -> Recipient | None:
        """The recipient with that id, unmasked."""
        return next((one for one in self.recipients if one.person == person), None)


@dataclass(slots=True)
class SearchBudget:
    """A token bucket against reading the directory out by searching."""

    spent_ms: int = 0
    at: Instant = Instant(0)

    def spend(self, now: Instant) -> None:
        """Take one search; raises `LimitExceeded` with the time to wait."""
        elapsed = max(0, now - self.at)
        spent_ms = max(0, self.spent_ms - elapsed) + SEARCH_REFILL_MS
        if spent_ms > SEARCHES_BURST * SEARCH_REFILL_MS:
            wait_ms = spent_ms - SEARCHES_BURST * SEARCH_REFILL_MS
            raise LimitExceeded("search.too_often", wait_s=-(-wait_ms // SECOND_MS))
        self.spent_ms, self.at = spent_ms, max(now, self.at)


def folded(text: str) -> str:
    """Text without case, accents and surplus spaces, for comparing what people type."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = (char for char in plain if not unicodedata.combining(char))
    return " ".join("".join(kept).split())


def masked(name: str) -> str:
    """A name that only who knows it recognises: `Maria Olsen` becomes `M···· O····`."""
    parts = (part[0] + _MASK * min(max(len(part) - 1, 1), _MASK_CHARS_MAX) for part in name.split())
    return " ".join(parts)


def _fits(recipient: Recipient, parts: list[str]) -> bool:
    """Whether each typed part begins a different part of the name."""
    words = folded(recipient.name).split()
    for part in parts:
        word = next((word for word in words if word.startswith(part)), None)
        if word is None:
            return False
        words.remove(word)
    return True


def _shown(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    results = tuple(replace(one, name=masked(one.name)) for one in found)
    return results if len(results) <= RESULTS_MAX else ()
