"""Parcels in doubt: those whose door was forced open while they were behind it.

Nobody knows what became of such a parcel, so no page says that it is safe, or simply collected.
What is known stands in the bank's log: `door.forced_open` names the parcel that was inside.
"""

from __future__ import annotations

from collections.abc import Iterable

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody.store import ParcelView
from bayward.cloud.incidents import service as incidents
from bayward.cloud.incidents.store import State
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.custody import ParcelState
from bayward.core.events import EventType
from bayward.core.ids import BankId, ParcelId, TenantId

# A parcel that never went in is nobody's loss.
WAS_INSIDE = (ParcelState.DEPOSITED, ParcelState.HELD, ParcelState.COLLECTED)
FORCINGS_MAX = 200  # of one page of parcels


def forced_at(
    work: Work, tenant: TenantId, parcels: Iterable[ParcelView]
) -> dict[ParcelId, Instant]:
    """When the door of each of these was forced last, by the bank's clock; only of those."""
    inside = tuple(one.id for one in parcels if one.state in WAS_INSIDE)
    if not inside:
        return {}
    wanted = Wanted(parcels=inside, types=(EventType.DOOR_FORCED_OPEN,))
    found = audit.happenings(work, tenant, wanted, count=FORCINGS_MAX)
    return {ParcelId(one.event.parcel or ""): one.event.time for one in reversed(found)}


def is_looked_into(work: Work, tenant: TenantId, bank: BankId) -> bool:
    """Whether an incident about a forced door of this bank is not closed."""
    live = (State.OPEN, State.ACKNOWLEDGED)
    found = incidents.incidents(work, tenant, states=live, bank=bank)
    return any(one.kind == EventType.DOOR_FORCED_OPEN.value for one in found)
