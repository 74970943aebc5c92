"""Which fields of entries may be kept back from a pack. Read by the command line, too."""

from __future__ import annotations

from bayward.core.errors import Invalid
from bayward.core.events import Event
from bayward.core.whose import ABOUT

ALWAYS_SHOWN = frozenset({"type", "time"})
"""Of an entry that is open; without these nobody could see that an absent event is absent."""
HIDEABLE = frozenset(Event.__dataclass_fields__) - ALWAYS_SHOWN - {"tag"}
KEPT_BACK = frozenset(ABOUT)
"""What stays hidden when nobody says otherwise: all that is somebody's, free text with it."""


def hidden_names(text: str) -> frozenset[str]:
    """Names of fields that are to stay hidden, apart by commas or spaces."""
    names = frozenset(text.replace(",", " ").split())
    unknown = sorted(names - HIDEABLE)
    if unknown:
        raise Invalid("evidence.hidden", field=unknown[0][:40])
    return names


def asked_names(text: str | None) -> frozenset[str]:
    """The same; None, where nothing was said: `KEPT_BACK`."""
    return KEPT_BACK if text is None else hidden_names(text)
