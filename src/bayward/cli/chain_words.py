"""What the verifying commands say of keys, times and the logs above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bayward.ledger.verdict import Above, Held, Standing, Trust

KEY_WORDS = {
    Trust.TRUSTED: "one you gave, or vouched for by one you gave",
    Trust.SELF_ASSERTED: ("self-asserted: it came with the document and vouches only for itself"),
    Trust.UNKNOWN: "NOT one of those you gave",
}


ALWAYS_OPEN = "whether what was recorded was true when it was recorded, and what was never recorded"
"""What no verifier knows of any document."""

STANDING_WORDS = {
    Standing.CONSISTENT: "{size} entries then, consistent",
    Standing.NOT_COMPARED: "{size} entries then, not compared: this does not tell what was then",
    Standing.YOUNGER: (
        "younger than this pack, which it names; it tells nothing of what was before"
    ),
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


def held_words(held: Iterable[Held], names: Sequence[str]) -> list[str]:
    """Kept documents that contradict nothing, for people; `names` are their files, if known."""
    lines = []
    for one in held:
        name = f"{names[one.number]}: " if names else ""
        lines.append(f"older     {name}{STANDING_WORDS[one.standing].format(size=one.size)}")
    return lines


def held_json(held: Iterable[Held]) -> list[dict[str, object]]:
    """The same for machines."""
    return [
        {"number": one.number, "size": one.size, "standing": one.standing.value} for one in held
    ]


def why(error: Exception) -> str:
    """What stands in the way, without the words of the operating system's manual."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def time_text(seconds: int) -> str:
    """A time for people."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
