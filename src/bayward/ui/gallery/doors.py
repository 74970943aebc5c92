"""Samples of doors for two: nothing waits, something waits, somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.custody import CUSTODIAN, HREF
from bayward.ui.gallery.world import ago
from bayward.ui.views.base import Problem
from bayward.ui.views.doors import Asked, DoorRow, Doors

FULL = DoorRow(
    bank_id="bnk_1",
    bank="Property room",
    compartment="cmp_14",
    number="14",
    mode="evidence",
    state="occupied",
    items=((HREF, "A1"),),
    can_ask=("key",),
)
BLOCKED = replace(
    FULL,
    compartment="cmp_15",
    number="15",
    state="blocked",
    reason="seal broken",
    items=(),
    can_ask=("restore", "key"),
)
FREE = replace(FULL, compartment="cmp_3", number="3", mode="medicine", state="free", items=())
ASKED = Asked(
    kind="restore",
    by="Ines Duarte",
    at=ago(300),
    until=ago(-1_500),
    reason="I looked inside with R. Haas: empty.",
)
PAGE = Doors(shell=CUSTODIAN, rows=(FULL, BLOCKED, FREE))


def samples() -> Iterator[Sample]:
    """Doors for two in every state that matters."""
    yield Sample("console/doors", PAGE)
    yield Sample("console/doors-none", replace(PAGE, rows=()))
    yours = replace(ASKED, kind="key", is_yours=True, reason="The lock does not move.")
    waits = replace(BLOCKED, asked=(ASKED, yours), can_ask=())
    yield Sample("console/doors-waiting", replace(PAGE, rows=(FULL, waits, FREE)))
    asking = replace(PAGE, asking=(BLOCKED, "restore"), problem=Problem("approval.waiting"))
    yield Sample("console/doors-asking", asking)
