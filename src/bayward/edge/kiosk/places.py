"""Which page belongs to which stage of a visit.

The agent says how far a visit is; the screen follows. `PLACES` names for each stage the pages
that may be shown, the first being where to go from anywhere else. So a page that is called up
out of turn, by a double touch or a stale screen, leads to the right one and does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from bayward.edge.agent import BankView, Purpose, Stage
from bayward.edge.kiosk.session import Session

HOME = "/kiosk"
HELP = "/kiosk/help"
COLLECT = "/kiosk/collect"
REFUSED = "/kiosk/refused"
SECOND = "/kiosk/second"
DOOR = "/kiosk/door"
THANKS = "/kiosk/thanks"
DELIVER = "/kiosk/deliver"
PARCEL = "/kiosk/deliver/parcel"
RECIPIENT = "/kiosk/deliver/recipient"
SIZE = "/kiosk/deliver/size"
PUT_IN = "/kiosk/deliver/door"
CONFIRM = "/kiosk/deliver/confirm"

_START = (HOME, COLLECT, DELIVER)
_DRAFT = (PARCEL, RECIPIENT, SIZE)
PLACES: Mapping[Stage, tuple[str, ...]] = {
    Stage.IDLE: _START,
    Stage.REFUSED: (REFUSED, *_START),
    Stage.OPENING: (DOOR,),
    Stage.DOOR_OPEN: (DOOR,),
    Stage.STUCK: (DOOR,),
    Stage.STILL_INSIDE: (DOOR,),
    Stage.COLLECTED: (THANKS,),
    Stage.COURIER: _DRAFT,
    Stage.LOOKS_EMPTY: (CONFIRM, SIZE),
    Stage.CONFIRM: (CONFIRM, SIZE),
    Stage.DEPOSITED: _DRAFT,
    Stage.FULL: (SIZE, RECIPIENT, PARCEL),
    Stage.SECOND_PERSON: (SECOND,),
    Stage.LOCKED_DOWN: (HOME,),
    Stage.OUT_OF_ORDER: (HOME,),
}
_AT_A_DEPOSIT = (PUT_IN, CONFIRM, SIZE)
_DOOR_STAGES = frozenset({Stage.OPENING, Stage.DOOR_OPEN, Stage.STUCK})


def places(view: BankView, session: Session) -> tuple[str, ...]:
    """The pages that may be shown now, the proper one first."""
    if view.trouble is not None or view.lockdown is not None:
        return (HOME, HELP)
    visit = view.visit
    if visit.stage in _DOOR_STAGES and visit.purpose is Purpose.DEPOSIT:
        return (*_AT_A_DEPOSIT, HELP)
    fitting = PLACES[visit.stage]
    if session.refusal is not None and visit.stage is Stage.IDLE:
        fitting = (*fitting, REFUSED)
    if session.farewell is not None and visit.stage is Stage.IDLE:
        fitting = (*fitting, THANKS)
    return (*fitting, HELP)


def place(view: BankView, session: Session, path: str) -> str:
    """Where somebody who asks for `path` belongs."""
    fitting = places(view, session)
    if path not in fitting:
        return fitting[0]
    has_compartment = view.visit.stage in _DOOR_STAGES | {Stage.LOOKS_EMPTY, Stage.CONFIRM}
    if path == SIZE and has_compartment and not session.draft.is_resizing:
        return fitting[0]  # only "wrong size" leads back to the sizes
    return path
