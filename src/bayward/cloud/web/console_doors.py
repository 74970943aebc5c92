"""Doors for two in the console: what waits for a second person, asking, agreeing."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.custody import approvals
from bayward.cloud.custody.approvals import Approval, Door, Kind
from bayward.cloud.fleet.store import Bank, Built
from bayward.cloud.unit import Work
from bayward.cloud.web import places, two_doors
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_items import URL as ITEMS
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.compartment import CompartmentState
from bayward.core.events import TEXT_CHARS_MAX
from bayward.core.policy import Action as Do
from bayward.ui.views.base import Say
from bayward.ui.views.console import Shell
from bayward.ui.views.doors import Asked, DoorRow, Doors

URL = f"{ITEMS}/doors"

Short = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]


class DoorFields(Struct, frozen=True):
    """A door, what is asked there, and why."""

    bank: Short = ""
    compartment: Short = ""
    kind: Short = ""
    reason: Short = ""

    def door(self) -> Door:
        """The same, checked."""
        return two_doors.door_of(self.bank, self.compartment, self.kind)


@show(URL, Do.APPROVAL_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """All doors for two that he keeps; with the form to ask, where one is chosen."""
    query = request.query_params
    chosen = (query.get("compartment", ""), query.get("kind", ""))

    def build(words: Words, you: You, frame: Shell) -> Doors:
        found = approvals.all_waiting(words.work, you.tenant)
        rows = tuple(_row(words, you, found, *one) for one in two_doors.seen(words.work, you))
        asking = [
            (row, kind) for row in rows for kind in row.can_ask if (row.compartment, kind) == chosen
        ]
        return Doors(shell=frame, rows=rows, asking=asking[0] if asking else None)

    return await console(asker, places.widest(Do.APPROVAL_READ), build)


@do(f"{URL}/ask", Do.APPROVAL_ASK)
async def ask(request: AnyRequest, asker: Asking, data: URLEncodedBody[DoorFields]) -> Redirect:
    """Ask a second person."""
    await asker.write(
        two_doors.at(data.door),
        lambda work, you: two_doors.ask(work, you, data.door(), data.reason),
        lambda work, you: _says("door_ask", work, you, data.door()),
    )
    notify(request, "door.asked")
    return back(URL)


@do(f"{URL}/agree", Do.APPROVAL_GIVE)
async def agree(request: AnyRequest, asker: Asking, data: URLEncodedBody[DoorFields]) -> Redirect:
    """Agree to what somebody else has asked for."""
    await asker.write(
        two_doors.at(data.door),
        lambda work, you: two_doors.agree(work, you, data.door()),
        lambda work, you: _says("door_agree", work, you, data.door()),
    )
    notify(
        request, "door.agreed_restore" if data.door().kind is Kind.RESTORE else "door.agreed_key"
    )
    return back(URL)


@do(f"{URL}/refuse", Do.APPROVAL_REFUSE)
async def refuse(request: AnyRequest, asker: Asking, data: URLEncodedBody[DoorFields]) -> Redirect:
    """Say no, or take one's own question back."""
    await asker.write(
        two_doors.at(data.door),
        lambda work, you: approvals.refuse(work, you.tenant, data.door(), actor=you.person),
    )
    notify(request, "door.refused")
    return back(URL)


def _says(key: str, work: Work, you: You, door: Door) -> Say:
    words = Words(work, you.tenant)
    asked = approvals.waiting(work, you.tenant, door)
    by = "" if asked is None else words.person(asked.asked_by)
    reason = "" if asked is None else asked.reason
    facts = {"door": words.door(door.compartment), "by": by, "reason": reason}
    return Say(f"{key}_{door.kind.value}", facts)


def _row(words: Words, you: You, found: list[Approval], bank: Bank, built: Built) -> DoorRow:
    compartment = built.compartment
    here = [one for one in found if (one.bank, one.compartment) == (bank.bank, compartment.id)]
    waiting = {one.kind for one in here}
    possible = [Kind.KEY]
    if built.state is CompartmentState.BLOCKED:
        possible.insert(0, Kind.RESTORE)
    return DoorRow(
        bank_id=bank.bank,
        bank=bank.name,
        compartment=compartment.id,
        number=words.door(compartment.id),
        mode=compartment.mode.value,
        state=built.state.value,
        reason=built.block_reason or "",
        items=tuple(
            (f"{ITEMS}/{one.item.id}", one.exhibit or one.item.id.label)
            for one in two_doors.held(words.work, you, built)
        ),
        asked=tuple(
            Asked(
                kind=one.kind.value,
                by=words.person(one.asked_by),
                at=one.asked_at,
                until=one.until,
                reason=one.reason,
                is_yours=one.asked_by == you.person,
            )
            for one in here
        ),
        can_ask=tuple(kind.value for kind in possible if kind not in waiting),
    )
