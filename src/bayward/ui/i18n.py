"""Text for people, from one TOML file per language in `locale/`.

A text is a string with `{name}` placeholders, or a table of plural forms chosen by the fact
`n`. Tables are joined with dots: `[kiosk.attract] title` is `kiosk.attract.title`. Adding a
language is adding one file; `meta.plural` names one of the rule families below (the families
of the Unicode CLDR that our languages need, so no ICU).

What a language lacks is taken from English, text by text; `tests/ui/test_i18n.py` says which
sections may lack anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self, cast

from bayward.ui.views.base import Fact, Facts

FALLBACK = "en"
LOCALE = Path(__file__).parent / "locale"
_FORMS = {"one", "few", "many", "other"}
_PLACE = re.compile(r"\{(\w+)\}")
_MISSING = "–"  # noqa: RUF001 - a dash a reader recognises as "not given"

Text = str | tuple[str, ...] | Mapping[str, str]


def _slavic_west(n: int) -> str:
    if n == 1:
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"


PLURALS: dict[str, Callable[[int], str]] = {
    "germanic": lambda n: "one" if n == 1 else "other",  # en, de, es, it, nl …
    "french": lambda n: "one" if n in (0, 1) else "other",
    "slavic_west": _slavic_west,  # pl
    "none": lambda _: "other",  # ja, zh, ko …
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language. `texts` is flat; `fallback` answers for what is not there."""

    code: str
    name: str  # endonym: "Polski"
    direction: Literal["ltr", "rtl"]
    plural: str
    texts: Mapping[str, Text]
    fallback: Catalogue | None = None

    def find(self, key: str) -> Text | None:
        """The raw text, from here or from the fallback."""
        found = self.texts.get(key)
        if found is None and self.fallback is not None:
            return self.fallback.find(key)
        return found

    def text(self, key: str, **facts: Fact) -> str:
        """The text for `key`; raises `KeyError` when it or one of its facts is missing."""
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return _PLACE.sub(lambda place: str(facts[place[1]]), self._form(key, found, facts))

    def tell(self, key: str, facts: Facts) -> str:
        """As `text`, for facts that come from outside: what is missing is shown as a dash."""
        found = self.find(key)
        if found is None:
            raise KeyError(key)

        def place(match: re.Match[str]) -> str:
            value = facts.get(match[1])
            return _MISSING if value is None else str(value)

        return _PLACE.sub(place, self._form(key, found, facts))

    def items(self, key: str) -> tuple[str, ...]:
        """A list, e.g. the names of the months."""
        found = self.find(key)
        if not isinstance(found, tuple):
            raise KeyError(key)
        return found

    def _form(self, key: str, found: Text, facts: Facts) -> str:
        if isinstance(found, str):
            return found
        if isinstance(found, tuple):
            raise KeyError(key)
        n = facts.get("n")
        form = PLURALS[self.plural](n) if isinstance(n, int) else "other"
        return found.get(form) or found["other"]


class Catalogues:
    """All languages there are."""

    def __init__(self, catalogues: Iterable[Catalogue]) -> None:
        self._by_code = {catalogue.code: catalogue for catalogue in catalogues}

    @classmethod
    def load(cls, folder: Path = LOCALE) -> Self:
        """Read every `*.toml` of a folder."""
        fallback = _read(folder / f"{FALLBACK}.toml", None)
        others = sorted(path for path in folder.glob("*.toml") if path.stem != FALLBACK)
        return cls([fallback, *(_read(path, fallback) for path in others)])

    def __getitem__(self, code: str) -> Catalogue:
        """The language, or English when we do not have it."""
        return self._by_code.get(code) or self._by_code[FALLBACK]

    def codes(self) -> tuple[str, ...]:
        """Codes of all languages, English first."""
        return tuple(self._by_code)

    def negotiate(self, accept_language: str) -> str:
        """The best code for an `Accept-Language` header; English when nothing fits."""
        wanted: list[tuple[float, str]] = []
        for part in accept_language[:500].split(","):
            tag, _, weight = part.partition(";q=")
            try:
                quality = float(weight) if weight else 1.0
            except ValueError:
                continue
            wanted.append((-quality, tag.strip().partition("-")[0].lower()))
        fitting = (code for _, code in sorted(wanted, key=lambda one: one[0]))
        return next((code for code in fitting if code in self._by_code), FALLBACK)


@cache
def catalogues() -> Catalogues:
    """The languages we ship, read once."""
    return Catalogues.load()


def _read(path: Path, fallback: Catalogue | None) -> Catalogue:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    meta = tables.pop("meta")
    return Catalogue(
        code=path.stem,
        name=meta["name"],
        direction=meta["direction"],
        plural=meta["plural"],
        texts=dict(_flat("", tables)),
        fallback=fallback,
    )


def _flat(prefix: str, table: Mapping[str, object]) -> Iterable[tuple[str, Text]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, list):
            yield key, tuple(str(item) for item in value)
        elif isinstance(value, Mapping) and "other" in value and _FORMS.issuperset(value):
            yield key, cast("Mapping[str, str]", value)
        elif isinstance(value, Mapping):
            yield from _flat(f"{key}.", value)
        else:
            raise TypeError(f"{key} is neither a text nor a table")
