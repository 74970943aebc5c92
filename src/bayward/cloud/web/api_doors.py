"""JSON API: doors for two; asking, agreeing, and who may open them."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from bayward.cloud.access.store import AdmissionView
from bayward.cloud.custody import approvals
from bayward.cloud.custody.approvals import Approval, Door
from bayward.cloud.unit import Work
from bayward.cloud.web import keepers, places, two_doors
from bayward.cloud.web.api_types import Given, PageOut, Reason, Short, Taken
from bayward.cloud.web.asking import You
from bayward.cloud.web.routes import Asking, api
from bayward.core.clock import Instant
from bayward.core.compartment import modes_of, modes_text
from bayward.core.ids import BankId, PersonId
from bayward.core.policy import Action


class DoorIn(Taken, frozen=True):
    """A door for two and what is asked there; `kind` restore or key."""

    bank: Short
    compartment: Short
    kind: Short
    reason: Reason = ""

    def door(self) -> Door:
        """The same, checked."""
        return two_doors.door_of(self.bank, self.compartment, self.kind)


class ApprovalOut(Given, frozen=True):
    """What was asked for; `given_by` has agreed, and it counts until `until`."""

    bank: str
    compartment: str
    kind: str
    asked_by: str
    reason: str
    asked_at: int
    until: int
    given_by: str | None


class KeeperIn(Taken, frozen=True):
    """Let somebody open doors for two of a bank, with another such person, until then.

    `modes` is evidence, medicine, or both with a comma between them.
    """

    bank: Short
    modes: Short
    until: int


class KeeperOut(Given, frozen=True):
    """Somebody's permission at a bank, as far as it has come."""

    person: str
    bank: str
    modes: str
    state: str
    until: int


@api("get", "/approvals", Action.APPROVAL_READ)
async def listed(asker: Asking) -> PageOut:
    """What waits for a second person at doors one keeps."""

    def read(work: Work, you: You) -> PageOut:
        mine = {built.compartment.id for _, built in two_doors.seen(work, you)}
        found = approvals.all_waiting(work, you.tenant)
        return PageOut(rows=[_out(one) for one in found if one.compartment in mine], after=None)

    return await asker.read(places.widest(Action.APPROVAL_READ), read)


@api("post", "/approvals/ask", Action.APPROVAL_ASK, status_code=202)
async def ask(asker: Asking, data: JSONBody[DoorIn]) -> None:
    """Ask a second person; nothing happens until one has agreed."""
    await asker.write(
        two_doors.at(data.door),
        lambda work, you: two_doors.ask(work, you, data.door(), data.reason),
    )


@api("post", "/approvals/agree", Action.APPROVAL_GIVE)
async def agree(asker: Asking, data: JSONBody[DoorIn]) -> ApprovalOut:
    """Agree to what somebody else has asked for."""
    return await asker.write(
        two_doors.at(data.door), lambda work, you: _out(two_doors.agree(work, you, data.door()))
    )


@api("post", "/approvals/decline", Action.APPROVAL_REFUSE, status_code=204)
async def decline(asker: Asking, data: JSONBody[DoorIn]) -> None:
    """Say no, or take one's own question back."""
    await asker.write(
        two_doors.at(data.door),
        lambda work, you: approvals.refuse(work, you.tenant, data.door(), actor=you.person),
    )


@api("post", "/people/{person:str}/doors", Action.COURIER_ADMIT)
async def admit(asker: Asking, person: FromPath[str], data: JSONBody[KeeperIn]) -> KeeperOut:
    """Give somebody a code of his own for doors for two; the bank mails it to him."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> KeeperOut:
        bank, modes = places.parse(BankId, data.bank), modes_of(data.modes)
        keepers.admit(work, you, person_id, bank, modes=modes, until=Instant(data.until))
        return _keeper(keepers.admission(work, you, person_id, bank))

    return await asker.write(keepers.at(person), take)


def _out(one: Approval) -> ApprovalOut:
    return ApprovalOut(
        bank=one.bank,
        compartment=one.compartment,
        kind=one.kind.value,
        asked_by=one.asked_by,
        reason=one.reason,
        asked_at=one.asked_at,
        until=one.until,
        given_by=one.given_by,
    )


def _keeper(one: AdmissionView) -> KeeperOut:
    return KeeperOut(
        person=one.person,
        bank=one.bank,
        modes=modes_text(one.modes),
        state=one.state.value,
        until=one.until,
    )
