"""Small words for templates: numbers, digits, plain-language lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from bayward.ui.runs import door_span, in_runs

_WORDS = (
    "no", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
GROUP_DIGITS = 4
_CODE = re.compile(r"[a-z]+(?:[._][a-z]+)+")


def word(n: int) -> str:
    """Numbers up to twelve in words, for English sentences."""
    return _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"


def capital(text: str) -> str:
    """The first letter large, the rest untouched (Jinja's own lowers the rest)."""
    return text[:1].upper() + text[1:]


def grouped(digits: str) -> str:
    """48219037 as 4821 9037."""
    return " ".join(
        digits[place : place + GROUP_DIGITS] for place in range(0, len(digits), GROUP_DIGITS)
    )


def spelled(digits: str) -> str:
    """48219037 as 4, 8, 2, … for screen readers and loudspeakers."""
    return ", ".join(digits)


def shortened(text: str, head: int = 8, tail: int = 6) -> str:
    """The two ends of something long (roots, ids)."""
    return text if len(text) <= head + tail + 1 else f"{text[:head]}…{text[-tail:]}"


def spoken(text: str) -> str:
    """A code nobody has a word for, as words; what a person wrote stays as it is."""
    return re.sub(r"[._]", " ", text) if _CODE.fullmatch(text) else text


def sentence(parts: Iterable[str | None]) -> str:
    """Details that are there, with a middle dot between."""
    return " · ".join(part for part in parts if part)


FILTERS: dict[str, Callable[..., Any]] = {
    "word": word,
    "capital": capital,
    "grouped": grouped,
    "spelled": spelled,
    "shortened": shortened,
    "spoken": spoken,
    "sentence": sentence,
    "in_runs": in_runs,
    "door_span": door_span,
}
