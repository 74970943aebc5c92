"""Every template in every state that matters, with invented people: one list for all eyes.

Tests render all of it, axe and screenshots run over it, and `python -m bayward.ui.gallery DIR`
writes it as files to look at. Nothing here is used by the programs themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bayward.ui.views.base import View


@dataclass(frozen=True, slots=True)
class Sample:
    """One page to look at; `name` is `face/page-state`."""

    name: str
    view: View
    language: str = "en"

    @property
    def face(self) -> str:
        """kiosk, resident, console, auth, verify or demo."""
        return self.name.partition("/")[0]


def samples() -> Iterator[Sample]:
    """All of them."""
    from bayward.ui.gallery import (  # noqa: PLC0415 - only here
        admin,
        auth,
        console,
        custody,
        demo,
        doors,
        evidence,
        kiosk,
        log,
        parties,
        privacy,
        resident,
    )

    faces = (kiosk, resident, console, custody, doors, admin, log, evidence, privacy, parties)
    for module in (*faces, auth, demo):
        yield from module.samples()
