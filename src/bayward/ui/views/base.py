"""What every view has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from bayward.core.clock import Instant

Fact = str | int | bool | None
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A page; `template` is its file below `ui/templates`.

    `live_template` renders the parts of the same page that change while one looks at it, as one
    server-sent message (`Renderer.live`); empty for pages that stand still.
    """

    template: ClassVar[str]
    live_template: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence by its key in `ui/locale`, with the facts it names.

    `about` is what somebody signs with a fresh code: what a thing is, and what is said of it.
    """

    key: str
    facts: Facts = field(default_factory=dict)
    about: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TimeProof:
    """What is known of a time from outside the clock it was read from.

    `quality` is the clock's letter (U unknown, I informative, S synchronised, R relative);
    `not_before` and `not_after` are proven, None where nothing proves anything.
    `is_beacon_missing`: the lower bound is more than an hour older than the clock says.
    """

    quality: str
    not_before: Instant | None = None
    not_after: Instant | None = None
    is_suspect: bool = False
    is_beacon_missing: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """An error to show: `code` of `core.errors` and its facts; text comes from `[error]`."""

    code: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a form (`name` is the name of the input)."""

    name: str
    code: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a select or a group of radio buttons."""

    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """A language a page can be read in, by its own name; `href` switches to it."""

    code: str
    href: str
    is_current: bool = False
