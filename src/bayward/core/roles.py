"""Roles, the tree they are bound to, and which authority covers which.

A person may do something because of a *binding*: a role at a node of the tree tenant ⊃ site ⊃
bank ⊃ compartment, for a time. The platform is a node of its own and contains no tenant: who
runs the servers has no standing access to anybody's doors or data.

`covers` is the whole theory of delegation. One binding covers another when its role ranks at
least as high, its node contains the other's and it does not end earlier. Authority is handed
on only downwards along `covers`, and `covers` is transitive: therefore no sequence of grants,
by however many people, ever makes a binding that some first binding did not cover already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import BankId, CompartmentId, PersonId, SiteId, TenantId

_PLATFORM_PATH = "platform"


class Role(StrEnum):
    """What somebody is here for, lowest rank first."""

    RESIDENT = "resident"
    COURIER = "courier"
    BEARER = "bearer"  # has items in his hands now and then: an officer, a nurse, a teacher
    CUSTODIAN = "custodian"  # keeps items for others: a property room, a pharmacy
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"

    @property
    def rank(self) -> int:
        """Height, 0 is the lowest."""
        return list(Role).index(self)

    @property
    def is_staff(self) -> bool:
        """Whether he signs in with a password and a second factor, never by a link."""
        return self.rank >= Role.BEARER.rank


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree; no level may be skipped. Nothing set: the platform."""

    tenant: TenantId | None = None
    site: SiteId | None = None
    bank: BankId | None = None
    compartment: CompartmentId | None = None

    def __post_init__(self) -> None:
        levels = (self.tenant, self.site, self.bank, self.compartment)
        depth = len(self.levels)
        if any(level is not None for level in levels[depth:]):
            raise Invalid("scope.gap")

    @property
    def levels(self) -> tuple[str, ...]:
        """The ids from the tenant down to here."""
        told: list[str] = []
        for level in (self.tenant, self.site, self.bank, self.compartment):
            if level is None:
                break
            told.append(level)
        return tuple(told)

    @property
    def path(self) -> str:
        """The node as text, `ten_…/site_…`, for storage and logs."""
        return "/".join(self.levels) or _PLATFORM_PATH

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path back; raises `Invalid` on anything else."""
        if path == _PLATFORM_PATH:
            return cls()
        parts: list[str | None] = [*path.split("/")]
        if len(parts) > 4:  # noqa: PLR2004 - the four levels of the tree
            raise Invalid("scope.malformed")
        tenant, site, bank, compartment = parts + [None] * (4 - len(parts))
        return cls(
            TenantId.parse(tenant or ""),
            None if site is None else SiteId.parse(site),
            None if bank is None else BankId.parse(bank),
            None if compartment is None else CompartmentId.parse(compartment),
        )

    def contains(self, other: Node) -> bool:
        """Whether `other` is this node or below it; the platform contains only itself."""
        mine, theirs = self.levels, other.levels
        if not mine:
            return not theirs
        return theirs[: len(mine)] == mine


PLATFORM = Node()


@dataclass(frozen=True, slots=True)
class Binding:
    """One person holds one role at one node; `not_after` None: until taken back."""

    person: PersonId
    role: Role
    node: Node
    not_before: Instant
    not_after: Instant | None
    granted_by: PersonId | None = None  # None: by the set-up of the deployment

    def __post_init__(self) -> None:
        if (self.role is Role.SUPER_ADMIN) is not (self.node == PLATFORM):
            raise Invalid("role.scope", role=self.role.value, scope=self.node.path)

    def is_active(self, now: Instant) -> bool:
        """Whether it counts at `now`."""
        return self.not_before <= now and (self.not_after is None or now < self.not_after)

    @property
    def is_owner(self) -> bool:
        """An owner administers the whole tenant for good; every tenant keeps at least one."""
        whole = self.node.tenant is not None and self.node.site is None
        return self.role is Role.ADMIN and whole and self.not_after is None

    def covers(self, other: Binding) -> bool:
        """Whether `other` gives nobody anything that this one does not have."""
        lasts = self.not_after is None or (
            other.not_after is not None and other.not_after <= self.not_after
        )
        return self.role.rank >= other.role.rank and self.node.contains(other.node) and lasts


def active(bindings: Iterable[Binding], now: Instant) -> tuple[Binding, ...]:
    """Those that count at `now`."""
    return tuple(binding for binding in bindings if binding.is_active(now))
