from __future__ import annotations

import pytest

from bayward.core.clock import Instant
from bayward.core.lockdown import Lockdown
from bayward.edge.agent import BankView, Purpose, Stage, Visit
from bayward.edge.kiosk import places
from bayward.edge.kiosk.places import place
from bayward.edge.kiosk.session import Refusal, Session

EVERY = [
    getattr(places, name) for name in dir(places) if str(getattr(places, name)).startswith("/kiosk")
]


def view(stage: Stage, purpose: Purpose | None = None, **changes: object) -> BankView:
    told = {
        "visit": Visit(stage=stage, purpose=purpose),
        "compartments": (),
        "lockdown": None,
        "is_siren_on": False,
        "is_online": True,
        "presence": "123456",
        "presence_until": Instant(0),
    }
    return BankView(**{**told, **changes})  # type: ignore[arg-type]  # one field each


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("purpose", [None, *Purpose])
def test_every_stage_has_a_proper_place_that_stands_still(
    stage: Stage, purpose: Purpose | None
) -> None:
    session = Session("en")
    for path in [*EVERY, "/kiosk/elsewhere", ""]:
        reached = place(view(stage, purpose), session, path)
        assert place(view(stage, purpose), session, reached) == reached


@pytest.mark.parametrize(
    ("stage", "purpose", "path", "reached"),
    [
        (Stage.IDLE, None, places.DOOR, places.HOME),
        (Stage.IDLE, None, places.COLLECT, places.COLLECT),
        (Stage.IDLE, None, places.PARCEL, places.HOME),
        (Stage.OPENING, Purpose.PICKUP, places.COLLECT, places.DOOR),
        (Stage.STUCK, Purpose.DEPOSIT, places.DOOR, places.PUT_IN),
        (Stage.DOOR_OPEN, Purpose.DEPOSIT, places.CONFIRM, places.CONFIRM),
        (Stage.DOOR_OPEN, Purpose.DEPOSIT, places.SIZE, places.PUT_IN),
        (Stage.CONFIRM, Purpose.DEPOSIT, places.PARCEL, places.CONFIRM),
        (Stage.COLLECTED, Purpose.PICKUP, places.DOOR, places.THANKS),
        (Stage.COURIER, None, places.SIZE, places.SIZE),
        (Stage.DOOR_OPEN, Purpose.PICKUP, places.HELP, places.HELP),
        (Stage.LOCKED_DOWN, None, places.COLLECT, places.HOME),
    ],
)
def test_the_screen_follows_the_visit(
    stage: Stage, purpose: Purpose | None, path: str, reached: str
) -> None:
    assert place(view(stage, purpose), Session("en"), path) == reached


def test_wrong_size_leads_back_to_the_sizes() -> None:
    session = Session("en")
    session.draft.is_resizing = True
    assert place(view(Stage.CONFIRM, Purpose.DEPOSIT), session, places.SIZE) == places.SIZE


def test_a_refusal_and_a_farewell_stay_until_they_are_forgotten() -> None:
    session = Session("en", refusal=Refusal(places.COLLECT, 4), farewell="delivered")
    assert place(view(Stage.IDLE), session, places.REFUSED) == places.REFUSED
    assert place(view(Stage.IDLE), session, places.THANKS) == places.THANKS
    session.forget()
    assert place(view(Stage.IDLE), session, places.REFUSED) == places.HOME
    assert place(view(Stage.IDLE), session, places.THANKS) == places.HOME


def test_lockdown_and_trouble_close_every_page_but_help() -> None:
    locked = view(Stage.IDLE, lockdown=Lockdown("bank", Instant(0), "x"))
    broken = view(Stage.IDLE, trouble="journal.not_writable")
    for path in EVERY:
        expected = places.HELP if path == places.HELP else places.HOME
        assert place(locked, Session("en"), path) == expected
        assert place(broken, Session("en"), path) == expected
