"""The desk at the whole control plane: the same services that the web's handlers call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bayward.cloud.access import couriers as admissions
from bayward.cloud.access import service as access
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import Wanted
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import Incident, State
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, Instant
from bayward.core.compartment import CompartmentState
from bayward.core.custody import ParcelState
from bayward.core.errors import BaywardError, Unavailable
from bayward.core.ids import BankId, CompartmentId, GrantId, PersonId, TenantId
from bayward.sim.cloud import SimCloud
from bayward.sim.plane import Crash
from bayward.sim.settle import settled

ADMITTED_MS = 30 * DAY_MS
LIVE = (State.OPEN, State.ACKNOWLEDGED)

T = TypeVar("T")


class Office:
    """`sim.desk.Desk` over the real services; `actor` is the administrator."""

    def __init__(self, cloud: SimCloud, tenant: TenantId, actor: PersonId) -> None:
        self._cloud = cloud
        self._tenant = tenant
        self._actor = actor

    def pass_for(self, person: PersonId, bank: BankId, compartment: CompartmentId) -> str | None:
        """The square picture for his parcel behind that door."""

        def ask(work: Work) -> str | None:
            grant = self._grant(work, person, bank, compartment)
            if grant is None:
                return None
            return access.issue_pass(
                work, self._tenant, access.get_grant(work, self._tenant, grant)
            )

        return self._ask(ask)

    def tap(
        self, person: PersonId, bank: BankId, compartment: CompartmentId, presence: str
    ) -> bool:
        """Order that door open."""

        def ask(work: Work) -> bool:
            grant = self._grant(work, person, bank, compartment)
            if grant is None:
                return False
            access.open_for_grant(work, self._tenant, grant, presence=presence, actor=person)
            return True

        return self._ask(ask) is True

    def admit(self, courier: PersonId, name: str, bank: BankId) -> None:
        """Let a courier deposit at a bank."""
        self._ask(
            lambda work: admissions.admit(
                work,
                self._tenant,
                bank,
                person=courier,
                name=name,
                carrier="UPS",
                until=Instant(work.now + ADMITTED_MS),
                actor=self._actor,
            )
        )

    def is_quiet(self, bank: BankId) -> bool:
        """A glance at the wall on the screen."""
        [(alarms, blocked)] = self._cloud.storage.glance(
            "SELECT (SELECT count(*) FROM incident WHERE bank = ? AND state <> 'closed'), "
            "(SELECT count(*) FROM compartment WHERE bank = ? AND state = 'blocked')",
            bank,
            bank,
        )
        return not alarms and not blocked

    def blocked(self, bank: BankId) -> list[CompartmentId]:
        """Doors out of service."""

        def ask(work: Work) -> list[CompartmentId]:
            built = fleet_store.layout(work.tx, self._tenant, bank)
            return [one.compartment.id for one in built if one.state is CompartmentState.BLOCKED]

        return self._ask(ask) or []

    def restore(self, bank: BankId, compartment: CompartmentId) -> None:
        """Put a door back into service."""
        self._ask(
            lambda work: fleet.restore(work, self._tenant, bank, compartment, actor=self._actor)
        )

    def end_alarms(self, bank: BankId) -> None:
        """Acknowledge, release, and close once nothing is locked any more."""
        found = self._ask(
            lambda work: incidents.incidents(work, self._tenant, states=LIVE, bank=bank)
        )
        for incident in found or ():
            self._ask(self._ending(incident))

    def indulge(self, whim: str, bank: BankId, lot: float) -> None:
        """Make something of the day."""
        self._ask(lambda work: self._indulge(work, whim, bank, lot))

    def _ask(self, ask: Callable[[Work], T]) -> T | None:
        cloud = self._cloud
        if not cloud.is_up:
            return None
        try:
            return settled(cloud.unit.write(ask))
        except Crash:
            cloud.crash()
        except Unavailable:
            cloud.world.tell("cloud", "(not written)")
        except BaywardError as error:
            cloud.world.tell("cloud", "(says no)", error.code)
        return None

    def _grant(
        self, work: Work, person: PersonId, bank: BankId, compartment: CompartmentId
    ) -> GrantId | None:
        wanted = Wanted(bank=bank, recipient=person, states=(ParcelState.DEPOSITED,))
        for parcel in custody.parcels(work, self._tenant, wanted):
            if parcel.compartment == compartment:
                return access.parcel_grant(work, self._tenant, parcel.id).id
        return None

    def _ending(self, incident: Incident) -> Callable[[Work], None]:
        tenant, actor = self._tenant, self._actor

        def end(work: Work) -> None:
            if incident.state is State.OPEN:
                incidents.acknowledge(work, tenant, incident.id, actor=actor)
            if incidents.lockdowns(work, tenant, incident=incident.id):
                incidents.release(work, tenant, incident.id, actor=actor, reason="looked, all shut")
            else:
                incidents.close(work, tenant, incident.id, actor=actor, reason="looked after")

        return end

    def _indulge(self, work: Work, whim: str, bank: BankId, lot: float) -> None:
        tenant, actor = self._tenant, self._actor
        if whim == "drill":
            incidents.lock_down(work, tenant, bank, actor=actor, reason="a drill")
            return
        if whim == "repair":
            built = fleet_store.layout(work.tx, tenant, bank)
            if built:
                door = picked(built, lot).compartment.id
                fleet.block(work, tenant, bank, door, actor=actor, reason="repair")
            return
        wanted = Wanted(bank=bank, states=(ParcelState.DEPOSITED,))
        found = custody.parcels(work, tenant, wanted)
        if not found:
            return
        grant = access.parcel_grant(work, tenant, picked(found, lot).id)
        if whim == "resend":
            access.rotate(work, tenant, grant.id, actor=actor)
        else:
            access.revoke(work, tenant, grant.id, actor=actor, reason="withdrawn")


def picked(things: Sequence[T], lot: float) -> T:
    """The one that a number between 0 and 1 falls on."""
    return things[min(int(lot * len(things)), len(things) - 1)]
