"""Two people at a door: a compartment for evidence or medicine opens for nobody alone.

Both must have been admitted at this bank for that mode (`Admission.modes`), and be two: who
deposits or collects, and who types a code of his own beside him. At Collect either may be the
first. It needs no cable, and no memory of the bank's log: whoever walks away, and a power cut,
end the wait, and both begin again. A tap opens no such door, because nobody sees who else is in
the room.

What asks for the second person is in `step.Desk`; `Desk.unlock` refuses to forget it.
"""

from __future__ import annotations

from bayward.core.errors import Denied
from bayward.core.events import EventType
from bayward.core.ids import GrantId, PersonId
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
    purpose = desk.visit.purpose
    if purpose is Purpose.PICKUP and desk.visit.grant is None and use.grant is not None:
        _collects(desk, use.grant)
        return
    if use.courier is None or (purpose is Purpose.PICKUP and desk.visit.grant is None):
        refuse(desk, "code", "code.wrong_kind")
        return
    admission = desk.bank.couriers.get(use.courier)
    if admission is None or desk.now >= admission.until:
        refuse(desk, "code", "courier.not_admitted")
        return
    if use.courier == _first(desk):
        refuse(desk, "code", "same_person")
        return
    if not _fits(desk, use.courier):
        refuse(desk, "code", "second.not_for_mode", grant=desk.visit.grant)
        return
    desk.record(EventType.ACCESS_SECONDED, actor=use.courier, method="code", purpose=purpose)
    if purpose is Purpose.PICKUP:
        pickup.together(desk, use.courier)
    else:
        deposit.together(desk, use.courier)


def _collects(desk: Desk, grant_id: GrantId) -> None:
    """The second person was here first; now the one who collects has typed his code."""
    grant = desk.bank.grants.get(grant_id)
    if grant is not None and desk.needs_second(grant.compartment):
        told = {"actor": grant.recipient, "method": "code", "purpose": Purpose.PICKUP}
        desk.record(EventType.ACCESS_SECONDED, **told)
    pickup.joined(desk, grant_id)


def _fits(desk: Desk, second: PersonId) -> bool:
    """Whether he is admitted for the door, or for one of those a deposit may go into."""
    grant = desk.bank.grants.get(desk.visit.grant) if desk.visit.grant is not None else None
    if grant is not None:
        return desk.may_open(second, grant.compartment)
    first = desk.visit.courier
    return first is not None and bool(desk.modes_of(first) & desk.modes_of(second))


def _first(desk: Desk) -> PersonId | None:
    """Who is here already."""
    grant = desk.bank.grants.get(desk.visit.grant) if desk.visit.grant is not None else None
    return desk.visit.courier if grant is None else grant.recipient
