"""`docs/reference/events.md`: the closed vocabulary of the logs, and what follows each event."""

from __future__ import annotations

from dataclasses import fields

from bayward.cloud import reactions
from bayward.cloud.audit.mirror import FROM_BANKS
from bayward.core.events import FIELDS, LOCAL, VOCABULARY_VERSION, Event, EventType
from bayward.ui.i18n import catalogues
from reference import source

STAMPED = ("time", "tq", "boot", "mono")  # by who keeps the log, not by who decides
_INTRODUCTION = """\
# Events

The vocabulary of the logs, version {version}: {count} types, each with the fields it must have;
every other field of the list below is optional. Names are for ever: they are in signed leaves.
*Follows* is what the control plane does in the same transaction, after the log, and (after the
semicolon) what it puts into the outbox there; the whole order is in [reactions](reactions.md).
Made from `core/events.py`, `cloud/audit/mirror.py` and `cloud/reactions.py`.
"""
_BANK = """\
## In a bank's own log

Written and signed by the bank, mirrored by the control plane. A bank that tells anything else is
not believed: the entry stays as evidence and has no effect.
"""
_TENANT = """\
## In the tenant's log

Written and signed by the control plane.
"""


def page() -> str:
    """The whole page."""
    introduction = _INTRODUCTION.format(version=VOCABULARY_VERSION, count=len(EventType))
    banks = [kind for kind in EventType if kind in FROM_BANKS]
    tenants = [kind for kind in EventType if kind not in FROM_BANKS]
    return "\n".join(
        [introduction, _BANK, table(banks), _TENANT, table(tenants), "## Fields\n", field_table()]
    )


def table(kinds: list[EventType]) -> str:
    """One row per type."""
    texts = catalogues()["en"]
    lines = ["| type | said to people | required fields | follows |", "|---|---|---|---|"]
    for kind in kinds:
        said = texts.tell(f"event.{kind.value}", {"door": "7"})
        needed = ", ".join(f"`{name}`" for name in FIELDS[kind])
        lines.append(f"| `{kind.value}` | {said} | {needed} | {following(kind)} |")
    return "\n".join(lines) + "\n"


def following(kind: EventType) -> str:
    """What the control plane does besides logging."""
    within = [named(one) for one in reactions.WITHIN[kind][1:]]
    after = [named(one) for one in reactions.AFTER[kind]]
    told = ", ".join(within) or "none"
    return f"{told}; {', '.join(after)}" if after else told


def named(reaction: reactions.Reaction) -> str:
    """A reaction as `slice.verb`."""
    module = reaction.__module__.removeprefix("bayward.cloud.").removesuffix(".service")
    return f"`{module}.{reaction.__name__}`"


def field_table() -> str:
    """Every field, its kind and its meaning."""
    module = source.module(Event.__module__)
    assert module is not None
    said = source.member_comments(module, Event.__name__)
    lines = ["| field | kind | meaning |", "|---|---|---|"]
    for field in fields(Event):
        kind = str(field.type).removesuffix(" | None").replace("EventType", "type")
        kind = kind.replace("Instant", "int, ms since 1970 UTC")
        notes = [source.cell(said.get(field.name, ""))]
        if field.name in STAMPED:
            notes.append("stamped by who keeps the log")
        if field.name in LOCAL:
            notes.append("never leaves the bank")
        lines.append(f"| `{field.name}` | {kind} | {'; '.join(filter(None, notes))} |")
    return "\n".join(lines) + "\n"
