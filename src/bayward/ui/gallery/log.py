"""Samples of the log's page: all is well, one is being checked, one does not verify."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.console import ROOT, SHELL
from bayward.ui.gallery.rail import RAIL, STARTED
from bayward.ui.gallery.world import ago
from bayward.ui.views import console_admin as views
from bayward.ui.views.base import Say
from bayward.ui.views.console import Filter

VKEY = "northgate.example/lobby-a+3f2a91bc+AWq5p1v8Yc0s2QmK7nJd4RfT6hXb9Lz3GxE1uVwPqZkN"


def samples() -> Iterator[Sample]:
    """All is well; one does not verify."""
    good = views.LogRow(
        name="Lobby A",
        origin="northgate.example/lobby-a",
        size=8_214,
        root=ROOT,
        at=ago(95),
        witnesses=2,
        check=views.LogCheck(at=ago(95), entries=8_214),
        vkey=VKEY,
        chain_href="/console/log/chain/bank_5x8n",
    )
    forked = views.LogCheck(at=ago(30), entries=411, problem=Say("error.log.forked", {"size": 411}))
    page = views.Log(
        shell=SHELL,
        logs=(
            replace(
                good,
                name="Northgate House",
                origin="northgate.example/tenant",
                size=20_119,
                chain_href=None,
            ),
            good,
            replace(good, name="Annex", origin="northgate.example/annex", check=None),
            replace(
                good,
                name="Old town",
                origin="northgate.example/old-town",
                size=1_204_118,
                progress=(402_500, 1_204_118),
            ),
        ),
        anchor=views.Anchor(
            origin="northgate.example/anchor",
            size=61_204,
            root=ROOT,
            at=ago(8),
            witnesses=(
                ("city.example/witness", 61_204, ago(41)),
                ("insurer.example/witness", 61_190, ago(3_700)),
            ),
            stamp=(61_100, ago(2_900)),
        ),
        entries=(*STARTED, *RAIL),
        filters=(
            Filter(href="/console/log", key="all", is_current=True),
            Filter(href="/console/log?kind=doors", key="doors"),
            Filter(href="/console/log?kind=parcels", key="parcels"),
            Filter(href="/console/log?kind=administrators", key="administrators"),
        ),
    )
    yield Sample("console/log", page)
    broken = (page.logs[0], replace(good, check=forked))
    yield Sample("console/log-forked", replace(page, logs=broken))
