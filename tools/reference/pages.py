"""Which pages there are; `tests/tools/test_pages.py` keeps them fresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bayward.cloud import reactions
from bayward.cloud.privacy import register
from reference import attacks, commands, errors, events, limits, settings, states

PAGES: Mapping[str, Callable[[], str]] = {
    "attack-cases.md": attacks.page,
    "bank-settings.md": settings.bank_page,
    "cloud-settings.md": settings.cloud_page,
    "commands.md": commands.page,
    "errors.md": errors.page,
    "events.md": events.page,
    "limits.md": limits.page,
    "personal-data.md": register.page,
    "reactions.md": reactions.page,
    "states.md": states.page,
}
