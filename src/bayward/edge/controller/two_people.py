"""Two people at a door: a compartment for evidence opens for nobody alone.

Who has shown a credential for one waits until a second person, admitted at this bank, types a
code of his own; both then stand there. It needs no cable, and no memory of the bank's log: whoever
walks away, and a power cut, end the wait, and both begin again. A tap opens no such door, because
nobody sees who else is in the room.

What asks for the second person is in `step.Desk`; `Desk.unlock` refuses to forget it.
"""

from __future__ import annotations

from bayward.core.errors import Denied
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.edge.agent import PresentSecond, Purpose, Stage
from bayward.edge.controller import deposit, pickup
from bayward.edge.controller.pickup import refuse, typed
from bayward.edge.controller.step import Desk


def present(desk: Desk, request: PresentSecond) -> None:
    """The second person typed his code; whatever is wrong with it ends the visit of both."""
    if desk.visit.stage is not Stage.SECOND_PERSON:
        raise Denied("visit.none")
    use = typed(desk, request.text)
    if use is None:
        return
    if use.courier is None:
        refuse(desk, "code", "code.wrong_kind")
        return
    admission = desk.bank.couriers.get(use.courier)
    if admission is None or desk.now >= admission.until:
        refuse(desk, "code", "courier.not_admitted")
        return
    if use.courier == _first(desk):
        refuse(desk, "code", "same_person")
        return
    purpose = desk.visit.purpose
    desk.record(EventType.ACCESS_SECONDED, actor=use.courier, method="code", purpose=purpose)
    if purpose is Purpose.PICKUP:
        pickup.together(desk, use.courier)
    else:
        deposit.together(desk, use.courier)


def _first(desk: Desk) -> PersonId | None:
    """Who is here already."""
    grant = desk.bank.grants.get(desk.visit.grant) if desk.visit.grant is not None else None
    return desk.visit.courier if grant is None else grant.recipient
