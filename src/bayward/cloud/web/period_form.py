"""The form in which staff say how long something is kept."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from bayward.cloud.privacy import periods
from bayward.cloud.web.words import Words
from bayward.core.errors import Invalid, NotFound
from bayward.ui.views.console_privacy import ToKeep

FIELD_CHARS_MAX = 600  # a reason, and what is too long of it is said beside it
Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class PeriodFields(Struct, frozen=True):
    """A period as somebody types it."""

    days: Short = ""
    reason: Short = ""


def to_keep(words: Words, kind: str, typed: PeriodFields | None = None) -> ToKeep | None:
    """The form with what is kept now, or as somebody typed it; raises `NotFound`."""
    if not kind:
        return None
    found = periods.of(words.work.tx, words.tenant).get(kind)
    if found is None:
        raise NotFound("period")
    return ToKeep(
        kind=kind,
        days=str(found.days) if typed is None else typed.days,
        least=found.bounds.least,
        most=found.bounds.most,
        reason="" if typed is None else typed.reason,
    )


def number(text: str) -> int:
    """Days as somebody typed them; raises `Invalid`."""
    if not (text.isascii() and text.isdigit()):
        raise Invalid("period.number", field="days")
    return int(text)
