"""A sample of the page of evidence packs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.console import SHELL
from bayward.ui.gallery.world import ago, ahead
from bayward.ui.views.base import Choice
from bayward.ui.views.evidence import EvidencePage, Kept, PackRow


def samples() -> Iterator[Sample]:
    """All of them."""
    yield Sample("console/evidence", evidence_packs())


def evidence_packs() -> EvidencePage:
    """Packs in each state."""
    made = PackRow(
        name="evidence-7x3k9qzv2m4t8w1c",
        log="Lobby A",
        person="Anne Weber",
        asked_at=ago(4_000),
        first=411,
        last=980,
        entries=570,
        done=570,
        state="ready",
        digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        is_stamped=True,
        fetch_until=ahead(7),
        is_yours=True,
    )
    return EvidencePage(
        shell=SHELL,
        logs=(Choice("northgate.example/lobby-a", "Lobby A", is_chosen=True),),
        kept=(
            Kept("Who", (Choice("actor", "Who did it", is_chosen=True),)),
            Kept("What somebody typed, where a name may stand", (Choice("reason", "Reason"),)),
        ),
        packs=(
            replace(
                made,
                name="evidence-0000000000000001",
                state="working",
                done=180,
                item="ITM-5N3B6R7T2W",
            ),
            made,
            replace(
                made, name="evidence-0000000000000002", state="failed", problem="log.moved", done=0
            ),
        ),
        entries_max=20_000,
    )
