"""Orders to banks: written down before they are sent, and each ends in an outcome.

    waiting ──sent to the bank──▶ sent ──it answered, or its log says so──▶ done | refused
       └───────────────────────────┴──`not_after` passed, no outcome──────▶ expired

An order that moves a door is sent on one connection and never again: it is good for seconds,
while somebody stands there. Any other is sent again on each new connection until its outcome is
known; a bank does it once, because it remembers ids. The bank's log has the last word: an order
given up here, or refused by a bank that could not tell whether its disk had kept it, was done
when the log reports it as done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter

import sqlalchemy as sa

from bayward.cloud.keyring import cells
from bayward.cloud.storage import outbox
from bayward.cloud.storage.schema import command as table
from bayward.cloud.unit import Place, Work
from bayward.core.clock import SECOND_MS, Instant, after
from bayward.core.commands import (
    MOVES_A_DOOR,
    UNDER_WAY,
    Command,
    CommandResult,
    ForgetPerson,
    OpenForGrant,
    Order,
    life_ms,
)
from bayward.core.errors import NotFound
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, CommandId, GrantId, TenantId
from bayward.wire.orders import decode_order, encode_order, kind_of, kind_of_type

EXPIRE_JOB = "command.expire"
ANSWER_GRACE_MS = 10 * SECOND_MS  # the answer to an order carried out at the last moment
PENDING_MAX = 200  # orders for one bank sent at once; the rest follow as these end


class State(StrEnum):
    """How far an order has come."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


_OPEN = (State.WAITING, State.SENT)


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order as we keep it."""

    id: CommandId
    bank: BankId
    order: Order
    actor: str
    state: State
    not_after: Instant
    created_at: Instant
    result: str | None
    ended_at: Instant | None


def place(work: Work, tenant: TenantId, bank: BankId, order: Order, *, actor: str) -> CommandId:
    """Write an order down; it is sent as soon as this is committed and the bank is connected."""
    command = work.ids.new(CommandId)
    not_after = after(work.now, life_ms(order))
    row = {
        "tenant": tenant,
        "command": command,
        "bank": bank,
        "kind": kind_of(order),
        "is_door": isinstance(order, MOVES_A_DOOR),
        "about": None if isinstance(order, ForgetPerson) else _about(order) or actor,
        "body": encode_order(order),
        "actor": actor,
        "state": State.WAITING.value,
        "not_after": not_after,
        "created_at": work.now,
        "sendings": 0,
    }
    work.tx.execute(table.insert().values(cells.sealed(work.tx, table, row)))
    work.emit(
        Event(
            type=EventType.COMMAND_SENT,
            time=work.now,
            bank=bank,
            command=command,
            actor=actor,
            detail=kind_of(order),
            grant=getattr(order, "grant", None),
            compartment=getattr(order, "compartment", None),
            scope=getattr(order, "scope", None),
            reason=getattr(order, "reason", None),
            not_after=not_after,
        ),
        tenant=tenant,
    )
    due = after(not_after, ANSWER_GRACE_MS)
    work.enqueue(EXPIRE_JOB, command, {"tenant": tenant, "command": command}, due)
    work.wake(f"bank/{bank}")
    return command


def _about(order: Order) -> str | None:
    """Whom an order names. Whoever is to be forgotten has no key left to seal it under."""
    named: str | None = getattr(order, "person", None)
    return named


def take(work: Work, tenant: TenantId, bank: BankId, epoch: str) -> list[Command]:
    """The orders to send to a bank now, oldest first, marked as sent on connection `epoch`."""
    on_new = (table.c.state == State.SENT.value) & (table.c.epoch != epoch)
    may_repeat = ~table.c.is_door
    chosen = (
        sa.select(table.c.command)
        .where(
            table.c.tenant == tenant,
            table.c.bank == bank,
            table.c.not_after > work.now,
            (table.c.state == State.WAITING.value) | (on_new & may_repeat),
        )
        .order_by(table.c.created_at, table.c.command)
        .limit(PENDING_MAX)
    )
    rows = work.tx.execute(
        table.update()
        .where(table.c.tenant == tenant, table.c.command.in_(chosen))
        .values(
            state=State.SENT.value,
            sent_at=work.now,
            epoch=epoch,
            sendings=table.c.sendings + 1,
        )
        .returning(
            table.c.tenant,
            table.c.command,
            table.c.about,
            table.c.body,
            table.c.not_after,
            table.c.created_at,
        )
    ).mappings()
    opened = [cells.opened(work.tx, table, row) for row in rows]
    return [
        Command(CommandId(one["command"]), decode_order(one["body"]), one["not_after"], epoch)
        for one in sorted(opened, key=itemgetter("created_at", "command"))
    ]


def end(work: Work, tenant: TenantId, bank: BankId, result: CommandResult) -> None:
    """Record what a bank answered; the first answer stands, also against an expiry.

    Of what it only has begun its log tells the outcome; until then it is sent again.
    """
    if result.result == UNDER_WAY and not result.is_done:
        return
    _end_as_told(work, tenant, bank, result, (*_OPEN, State.EXPIRED))


def ended_by_log(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
    """`command.done` and `command.refused` as the bank has logged them (a reaction)."""
    del place
    is_done = event.type is EventType.COMMAND_DONE
    told = (event.result if is_done else event.reason) or ""
    result = CommandResult(CommandId(event.command or ""), is_done=is_done, result=told)
    overruled = (State.EXPIRED, State.REFUSED) if is_done else (State.EXPIRED,)
    _end_as_told(work, tenant, BankId(event.bank or ""), result, (*_OPEN, *overruled))


def expire(work: Work, tenant: TenantId, command: CommandId) -> None:
    """Give up an order whose time has passed without an outcome."""
    _end(work, tenant, command, (State.EXPIRED, "expired"), _is_in(_OPEN))


def get(work: Work, tenant: TenantId, command: CommandId) -> Ordered:
    """How far an order has come; raises `NotFound`."""
    mine = (table.c.tenant == tenant) & (table.c.command == command)
    row = work.tx.execute(sa.select(table).where(mine)).mappings().one_or_none()
    if row is None:
        raise NotFound("command")
    told = cells.opened(work.tx, table, row)
    return Ordered(
        id=CommandId(told["command"]),
        bank=BankId(told["bank"]),
        order=decode_order(told["body"]),
        actor=told["actor"],
        state=State(told["state"]),
        not_after=told["not_after"],
        created_at=told["created_at"],
        result=told["result"],
        ended_at=told["ended_at"],
    )


def latest_open(
    work: Work, tenant: TenantId, bank: BankId, grant: GrantId, *, since: Instant
) -> Ordered | None:
    """The newest tap for a grant that is not older than `since`."""
    recent = (
        sa.select(table.c.command)
        .where(
            table.c.tenant == tenant,
            table.c.bank == bank,
            table.c.is_door,
            table.c.created_at >= since,
        )
        .order_by(table.c.created_at.desc(), table.c.command.desc())
        .limit(PENDING_MAX)
    )
    for command in work.tx.execute(recent).scalars():
        found = get(work, tenant, CommandId(command))
        if isinstance(found.order, OpenForGrant) and found.order.grant == grant:
            return found
    return None


def _end_as_told(
    work: Work,
    tenant: TenantId,
    bank: BankId,
    told: CommandResult,
    before: tuple[State, ...],
) -> None:
    state = State.DONE if told.is_done else State.REFUSED
    ours = table.c.bank == bank  # a bank cannot answer for another one
    _end(work, tenant, told.command, (state, told.result), ours & _is_in(before))


def _is_in(states: tuple[State, ...]) -> sa.ColumnElement[bool]:
    return table.c.state.in_([state.value for state in states])


def _end(
    work: Work,
    tenant: TenantId,
    command: CommandId,
    ending: tuple[State, str],
    condition: sa.ColumnElement[bool],
) -> None:
    state, result = ending
    row = work.tx.execute(
        table.update()
        .where(table.c.tenant == tenant, table.c.command == command, condition)
        .values(state=state.value, result=result, ended_at=work.now)
        .returning(table.c.bank, table.c.kind)
    ).one_or_none()
    if row is None:
        return
    outbox.discard(work.tx, EXPIRE_JOB, command)
    if state is State.DONE and row.kind == kind_of_type(ForgetPerson):
        mine = (table.c.tenant == tenant) & (table.c.command == command)
        work.tx.execute(table.update().where(mine).values(body=None))  # his id was in it
    work.emit(
        Event(
            type=EventType.COMMAND_ENDED,
            time=work.now,
            bank=row.bank,
            command=command,
            result=state.value,
            reason=None if state is State.DONE else result,
            detail=row.kind,
        ),
        tenant=tenant,
    )
