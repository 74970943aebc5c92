"""What the control plane must know, and what must come true once the faults are over.

`CloudWatch` looks on while things happen: what was accepted is a beginning of the bank's own log,
messages per event stay few, queues short. `at_rest` is asked at the end, when nothing is broken
any more and everybody has gone home: then all that was delayed must have arrived, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from bayward.cloud.incidents import service as incidents
from bayward.cloud.notify import service as notify
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import MINUTE_MS
from bayward.core.commands import MOVES_A_DOOR
from bayward.core.ids import BankId, TenantId
from bayward.sim.checkers import Watch
from bayward.sim.cloud import SimCloud
from bayward.sim.mirror import Mirror
from bayward.sim.network import PREFIX_BYTES, Wire
from bayward.sim.register import register
from bayward.sim.tape import short
from bayward.sim.town import Founded
from bayward.sim.world import Violation
from bayward.wire import limits

FRAMES_PER_EVENT = 3  # upload and acknowledgement, and room for one that is sent again
FRAMES_PER_CONNECTION = 8  # hello, welcome, layout, directory, what was under way
FRAMES_PER_ORDER = 2
IDLE_PER_MINUTE = 2  # the answer to a heartbeat, and slack
STEPS_PER_EVENT = 40  # a program that wakes up for nothing wears out its card
STEPS_PER_MINUTE = 25  # heartbeats, looks at clocks, people in a queue
PIPE_BYTES_MAX = 2 * limits.UPLOADS_IN_FLIGHT_MAX * limits.FRAME_BYTES_MAX
LIVE_STATES = ("waiting", "sent")
JUST_NOW_MS = 2 * MINUTE_MS
ALARMS = ("door.forced_open", "door.open_too_long")
_IDLE = (b'"heartbeat"', b'"readings"')
_HEAD_BYTES = 60


class CloudWatch:
    """Judges the control plane and the line."""

    def __init__(self, founded: Founded, watches: Mapping[BankId, Watch]) -> None:
        self.frames = 0
        self.idle = 0
        self._founded = founded
        self._watches = watches
        self._by_name = {watch.bank.name: watch for watch in watches.values()}
        founded.cloud.on_accepted.append(self._accepted)
        founded.network.on_bytes = self._heard

    def _accepted(self, bank: BankId, size: int) -> None:
        """The mirror is a gap-free beginning of the bank's log, to the last bit."""
        watch = self._watches[bank]
        watch.look()  # what a failing disk has kept after all is seen here first
        if watch.bank.was_rolled_back:
            return
        known, root = self._founded.cloud.mirrored(bank)
        if not size <= known <= watch.size:
            raise Violation(f"cloud: {watch.bank.name} has {watch.size}, mirrored {known}")
        if root != watch.root_at(known):
            raise Violation(f"cloud: the mirror of {watch.bank.name} is another log")

    def _heard(self, wire: Wire, data: bytes) -> None:
        self._by_name[wire.line].hears(data)
        head = data[PREFIX_BYTES : PREFIX_BYTES + _HEAD_BYTES]
        if any(word in head for word in _IDLE):
            self.idle += 1
        else:
            self.frames += 1
        if len(data) > limits.FRAME_BYTES_MAX + PREFIX_BYTES or wire.under_way() > PIPE_BYTES_MAX:
            raise Violation(f"{wire.line}: more bytes on the wire than the limits allow")

    def check_efficiency(self) -> None:
        """Messages per event stay few: a link that says everything twice is safe and useless."""
        founded = self._founded
        events = sum(watch.events for watch in self._watches.values())
        connections = sum(bank.uplink.connections for bank in founded.banks)
        orders = sum(watch.orders for watch in self._watches.values())
        minutes = founded.world.now_ms / MINUTE_MS * len(founded.banks)
        allowed = (
            FRAMES_PER_EVENT * events
            + FRAMES_PER_CONNECTION * connections
            + FRAMES_PER_ORDER * orders * (1 + connections)
            + IDLE_PER_MINUTE * minutes
        )
        steps = STEPS_PER_EVENT * events + STEPS_PER_MINUTE * minutes
        if founded.world.steps > steps:
            raise Violation(f"{founded.world.steps} steps for {events} events, {steps:.0f} allowed")
        if self.frames > allowed:
            raise Violation(f"{self.frames} messages for {events} events, {allowed:.0f} allowed")


def at_rest(founded: Founded, watches: Mapping[BankId, Watch]) -> None:
    """Everything that was delayed has arrived; raises `Violation`."""
    for watch in watches.values():
        bank = watch.bank
        if bank.was_rolled_back:
            continue
        if bank.trouble is not None or not bank.is_working:
            raise Violation(f"{bank.name} does not work: {bank.trouble}")
        head = bank.journal.head
        if head.acked != head.size or bank.journal.reader().letters(1):
            raise Violation(f"{bank.name}: {head.size - head.acked} entries never arrived")
    cloud = founded.cloud
    if isinstance(cloud, SimCloud):
        _cloud_at_rest(cloud, founded, watches)
    elif isinstance(cloud, Mirror):
        _mirror_at_rest(cloud, watches)


def _cloud_at_rest(cloud: SimCloud, founded: Founded, watches: Mapping[BankId, Watch]) -> None:
    tenant = register().tenant
    cloud.read(partial(_orders_ended, founded=founded))
    cloud.read(_jobs_done)
    cloud.read(partial(_incidents_once, tenant=tenant))
    for watch in watches.values():
        if not watch.bank.was_rolled_back:
            cloud.read(partial(_views_agree, tenant=tenant, watch=watch))


def _mirror_at_rest(mirror: Mirror, watches: Mapping[BankId, Watch]) -> None:
    if mirror.unsent:
        raise Violation(f"{mirror.unsent} letters were never sent")
    for bank, watch in watches.items():
        if watch.bank.was_rolled_back:
            continue
        theirs, mine = mirror.logs[bank].state, watch.state
        for what in ("parcels", "grants", "lockdowns", "spaces"):
            here = {key: _told(one) for key, one in getattr(mine, what).items()}
            there = {key: _told(one) for key, one in getattr(theirs, what).items()}
            _same(watch, what, here, there)
            _same(watch, what, there, here)
        recent = mirror.clock.now() - JUST_NOW_MS
        untold = [key for key, one in mine.grants.items() if one.is_live and key not in mirror.told]
        if untold:
            raise Violation(f"{watch.bank.name}: nobody was told of {short(untold[0])}")
        for command, one in mirror.orders.items():
            is_old = one.not_after < recent or not isinstance(one.order, MOVES_A_DOOR)
            if one.bank == bank and one.is_open and is_old and one.not_after > recent:
                raise Violation(f"an order without an end: {short(command)}")


def _told(one: object) -> str:
    """What a view knows of a thing: its state, or that it is there."""
    state = getattr(one, "state", None)
    return "there" if state is None else str(state.value)


def _orders_ended(work: Work, founded: Founded) -> None:
    """Each order has an outcome; one for a bank that is out of order may still wait."""
    working = [bank.made.bank for bank in founded.banks if bank.is_working]
    recent = work.now - JUST_NOW_MS
    stuck = work.tx.execute(
        sa.select(s.command.c.kind, s.command.c.state).where(
            s.command.c.state.in_(LIVE_STATES),
            s.command.c.bank.in_(working),
            s.command.c.created_at < recent,
        )
    ).all()
    if stuck:
        raise Violation(f"orders without an end: {[tuple(row) for row in stuck]}")


def _jobs_done(work: Work) -> None:
    dead = work.tx.execute(
        sa.select(s.job.c.kind, s.job.c.last_error).where(s.job.c.state == "dead")
    )
    found = [tuple(row) for row in dead]
    if found:
        raise Violation(f"jobs given up: {found}")


def _incidents_once(work: Work, tenant: TenantId) -> None:
    """Of each kind at each bank one is live at most, and each alarm is counted in one."""
    wanted = (s.incident.c.bank, s.incident.c.kind, s.incident.c.state, s.incident.c["count"])
    rows = [tuple(row) for row in work.tx.execute(sa.select(*wanted))]
    live = Counter((bank, kind) for bank, kind, state, _ in rows if state != "closed")
    twice = [key for key, number in live.items() if number > 1]
    if twice:
        raise Violation(f"two incidents of one kind at once: {twice}")
    told: Counter[tuple[str, str]] = Counter()
    for bank, kind, _, count in rows:
        told[bank, kind] += count
    alarms = sa.select(s.happening.c.bank, s.happening.c.type).where(
        s.happening.c.tenant == tenant, s.happening.c.type.in_(ALARMS)
    )
    happened = Counter((row.bank, row.type) for row in work.tx.execute(alarms))
    for key, number in happened.items():
        if told[key] < number:
            raise Violation(f"{number} times {key[1]}, {told[key]} in incidents")


def _views_agree(work: Work, tenant: TenantId, watch: Watch) -> None:
    """The control plane's parcels, doors, grants, orders and lockdowns are the bank's."""
    bank, state = watch.bank.made.bank, watch.state

    def theirs(key: sa.Column[str], value: sa.Column[str]) -> dict[str, str]:
        table = key.table
        mine = (table.c.tenant == tenant) & (table.c.bank == bank)
        return {row[0]: row[1] for row in work.tx.execute(sa.select(key, value).where(mine))}

    parcels = {key: one.state.value for key, one in state.parcels.items()}
    _same(watch, "parcels", parcels, theirs(s.parcel.c.parcel, s.parcel.c.state))
    doors = {key: one.state.value for key, one in state.spaces.items()}
    _same(watch, "doors", doors, theirs(s.compartment.c.compartment, s.compartment.c.state))
    grants = {key: one.state.value for key, one in state.grants.items()}
    _same(watch, "grants", grants, theirs(s.grant.c.grant, s.grant.c.state))
    _all_told(work, watch)
    ordered = theirs(s.command.c.command, s.command.c.state)
    orders = {
        key: "done" if told.startswith("done:") else "refused"
        for key, (told, _) in state.commands.items()
        if key in ordered
    }
    _same(watch, "orders", orders, ordered)
    locked = {one.scope: "locked" for one in incidents.lockdowns(work, tenant, bank=bank)}
    _same(watch, "lockdowns", dict.fromkeys(state.lockdowns, "locked"), locked)
    _same(watch, "lockdowns", locked, dict.fromkeys(state.lockdowns, "locked"))


def _all_told(work: Work, watch: Watch) -> None:
    """Whoever may collect something has been sent the code for it."""
    sent = sa.select(s.delivery.c.subject).where(
        s.delivery.c.kind == notify.PARCEL_READY, s.delivery.c.state == "sent"
    )
    told = set(work.tx.execute(sent).scalars())
    for key, grant in watch.state.grants.items():
        if grant.is_live and key not in told:
            raise Violation(f"{watch.bank.name}: nobody was told of {short(key)}")


def _same(watch: Watch, what: str, mine: Mapping[Any, str], theirs: Mapping[str, str]) -> None:
    wrong = [
        f"{short(key)} {value}/{theirs.get(key)}"
        for key, value in mine.items()
        if value != theirs.get(key)
    ]
    if wrong:
        raise Violation(f"{watch.bank.name}: {what} differ, bank/cloud: {', '.join(wrong)}")
