"""Parties outside: nobody, many, and one who has something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.console import SHELL
from bayward.ui.gallery.privacy import BASES
from bayward.ui.gallery.world import ago
from bayward.ui.views.base import Problem
from bayward.ui.views.console import Pager
from bayward.ui.views.console_parties import HeldItem, Parties, PartyPage, PartyRow

ID = "pty_0c7m2k9v4x1q8z5n3b6r7t2w4y"
HREF = f"/console/parties/{ID}"
COURT = PartyRow(href=HREF, name="County Court", named_at=ago(86_400), items=212)
LAB = PartyRow(href=HREF, name="State laboratory, Dr. Okafor", named_at=ago(172_800), items=14)
OWNER = PartyRow(
    href=HREF, name="Ferdinand Aubry, 4 Mill Lane", named_at=ago(950_400), items=1, is_leaving=True
)
LONG = PartyRow(
    href=HREF,
    name="Public prosecutor's office at the regional court of Frankfurt (Oder), branch office"
    " Eberswalde, room 2.114, Oberamtsanwältin Wolff-Schneidereit",
    named_at=ago(8_000_000),
    items=3,
)
LIST = Parties(
    shell=SHELL, rows=(COURT, LAB, OWNER, LONG), pager=Pager(older="/console/parties?after=1-x")
)
PAGE = PartyPage(shell=SHELL, row=COURT, id=ID, created_at=ago(30_000_000), bases=BASES)


def samples() -> Iterator[Sample]:
    """Nobody is named; many are; one is free to go, one has things, one is going."""
    yield Sample("console/parties-none", replace(LIST, rows=(), pager=Pager()))
    yield Sample("console/parties-not-found", replace(LIST, rows=(), query="Wolff", pager=Pager()))
    yield Sample("console/parties", LIST)
    yield Sample("console/party", replace(PAGE, is_alone=True))
    held = (
        HeldItem(href="/console/items/itm_a", name="Exhibit A1", since=ago(700_000)),
        HeldItem(
            href="/console/items/itm_b", name="ITM-9K2M4X1Q8Z", since=ago(600), is_offered=True
        ),
    )
    refused = Problem("erase.party_items", {"count": 1})
    yield Sample("console/party-has-items", replace(PAGE, row=LAB, held=held, problem=refused))
    yield Sample("console/party-to-be-erased", replace(PAGE, row=OWNER, asked_at=ago(7_000)))
