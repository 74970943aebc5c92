"""A real database in memory, the real tenant log, two tenants; time is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from bayward.cloud import reactions
from bayward.cloud.people import service as people
from bayward.cloud.people.details import Details
from bayward.cloud.unit import House, Ids, Pending, Place, Work
from bayward.core.clock import Instant, after
from bayward.core.events import Event
from bayward.core.ids import PersonId, TenantId
from bayward.core.roles import Binding, Node, Role
from bayward.ledger.leaf import SALT_BYTES

START = Instant(1_800_000_000_000)


class HandClock:
    """A clock that a test moves."""

    def __init__(self, at: Instant = START) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at

    def monotonic_ms(self) -> int:
        return self.at


class Numbers:
    """Bytes that look random and repeat with every test. Of salts drawn at once each is another."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, size: int) -> bytes:
        width = SALT_BYTES if size % SALT_BYTES == 0 else size
        first, self.count = self.count + 1, self.count + max(1, size // width)
        return b"".join(n.to_bytes(width, "big") for n in range(first, self.count + 1))[:size]


@dataclass
class Bench:
    """What a test works with."""

    tx: sa.Connection
    house: House
    tenant: TenantId
    other: TenantId
    now: Instant = START
    ids: Ids = field(default_factory=lambda: Ids(Numbers()))
    told: list[tuple[TenantId, Event]] = field(default_factory=list)
    pending: dict[object, Pending] = field(default_factory=dict)
    secret: bytes = b""  # of the authenticator of whoever was set up last

    @property
    def work(self) -> Work:
        """One that is never committed; what is logged waits for whoever reads the log."""
        return Work(self.tx, self.now, self.ids, self.house, self._react, pending=self.pending)

    @property
    def node(self) -> Node:
        return Node(self.tenant)

    def wait(self, ms: int) -> None:
        self.now = after(self.now, ms)

    def person(
        self,
        name: str = "Anne",
        role: Role | None = Role.ADMIN,
        *,
        node: Node | None = None,
        tenant: TenantId | None = None,
    ) -> PersonId:
        home = tenant or self.tenant
        offered = None
        if role is not None:
            offered = Binding(PersonId(""), role, node or Node(home), self.now, None)
        details = Details(name=name, email=f"{name.lower()}@example.com")
        return people.add(self.work, home, None, details, offered).person

    def events(self, kind: str) -> list[Event]:
        return [event for _, event in self.told if event.type == kind]

    def _react(self, work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
        self.told.append((tenant, event))
        reactions.react(work, tenant, event, place)
