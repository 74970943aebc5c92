from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.core.compartment import Size
from bayward.core.door import UnlockOutcome
from bayward.edge.agent import BankView, BeginDeposit, SignIn, Stage
from bayward.edge.controller import UnlockEnded
from bayward.edge.kiosk import places
from bayward.edge.kiosk.screens import Screens, courier_bar, size_views
from bayward.edge.kiosk.session import Session
from bayward.edge.settings import CloudSettings
from bayward.edge.view import bank_view
from bayward.ui.views import kiosk as views
from edge_bench import make_settings
from table_top import COURIER, TableTop

CLOUD = CloudSettings(web="https://lockers.test")
ONLINE = replace(make_settings(), cloud=CLOUD)


@pytest.fixture
def top() -> TableTop:
    return TableTop()


def seen(top: TableTop, *, is_online: bool = True) -> BankView:
    return replace(bank_view(top.controller), is_online=is_online)


def test_presence_is_offered_only_with_a_network(top: TableTop) -> None:
    top.do(SignIn("00000000"))  # the first decision draws the number
    screen = Screens(ONLINE).of(places.HOME, seen(top), Session("en"))
    assert isinstance(screen, views.Attract)
    assert (
        screen.presence_url == f"https://lockers.test/here/{ONLINE.bank}/{screen.presence_number}"
    )
    assert not screen.frame.is_offline
    offline = Screens(ONLINE).of(places.HOME, seen(top, is_online=False), Session("en"))
    assert isinstance(offline, views.Attract)
    assert (offline.presence_number, offline.presence_url) == (None, None)
    assert offline.frame.is_offline
    island = Screens(make_settings()).of(places.HOME, seen(top), Session("en"))
    assert isinstance(island, views.Attract)
    assert island.presence_number is None
    assert not island.frame.is_offline


def test_a_courier_is_known_by_carrier_and_three_characters(top: TableTop) -> None:
    top.do(SignIn(top.admit()))
    bar = courier_bar(seen(top))
    assert (bar.carrier, bar.courier) == ("UPS", COURIER[-3:].upper())


def test_sizes_show_what_is_free_and_within_reach(top: TableTop) -> None:
    sizes = {one.value: (one.free, one.free_low) for one in size_views(seen(top))}
    assert sizes == {"S": (2, 0), "M": (2, 2), "L": (2, 0)}
    top.deposit()
    assert {one.value: one.free for one in size_views(seen(top))}["S"] == 1


def test_a_stuck_door_and_an_occupied_one_are_told(top: TableTop) -> None:
    top.do(SignIn(top.admit()))
    top.do(BeginDeposit(COURIER, Size.S, "1Z5R89390357567127", needs_low=False))
    top.do(UnlockEnded(top.unlocks()[-1].command, UnlockOutcome.NO_EDGE))
    assert seen(top).visit.stage is Stage.STUCK
    screen = Screens(ONLINE).of(places.PUT_IN, seen(top), Session("en"))
    assert isinstance(screen, views.PutIn)
    assert screen.panel.is_jammed
    assert screen.panel.position.column == 1


def test_every_place_has_a_page(top: TableTop) -> None:
    top.do(SignIn(top.admit()))
    top.do(BeginDeposit(COURIER, Size.S, "1Z5R89390357567127", needs_low=False))
    paths = {path for fitting in places.PLACES.values() for path in fitting}
    for path in paths | {places.HELP, places.PUT_IN}:
        view = Screens(ONLINE).of(path, seen(top), Session("en"))
        assert view.frame.path == path
