"""What the verifying commands say of keys, times and the logs above."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from bayward.ledger.verdict import Above, Trust

KEY_WORDS = {
    Trust.TRUSTED: "one you gave, or vouched for by one you gave",
    Trust.SELF_ASSERTED: "the file's own; compare it with one you know from elsewhere",
    Trust.UNKNOWN: "NOT one of those you gave",
}


def above_words(chain: Iterable[Above]) -> list[str]:
    """The logs above, for people."""
    lines = []
    for one in chain:
        lines.append(f"above     recorded in {one.origin}, which had {one.size} entries then")
        lines.append(f"key       {KEY_WORDS[one.trust]}")
        lines += [f"witness   {name} at {time_text(at)}" for name, at in one.cosigned.items()]
    return lines


def above_json(chain: Iterable[Above]) -> list[dict[str, object]]:
    """The logs above, for machines."""
    return [
        {
            "origin": one.origin,
            "size": one.size,
            "trust": one.trust.value,
            "cosigned": dict(one.cosigned),
        }
        for one in chain
    ]


def time_text(seconds: int) -> str:
    """A time for people."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
