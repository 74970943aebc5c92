"""A knife, its owner and a court: what tests about parties outside begin with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted
from bayward.cloud.custody import items, parties
from bayward.cloud.custody.items import Description, Proposal
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.service import Basis
from bayward.core.errors import BaywardError
from bayward.core.events import Event
from bayward.core.ids import ItemId, PartyId, PersonId, TenantId
from bayward.core.items import ItemKind, OfferKind
from bayward.core.roles import Role
from cloud_bench import CloudBench

REASON = Basis.OBJECTION
OWNER, COURT = "Zebulon Quist", "County Court"


@dataclass
class Kept:
    """What there is of two parties; Cleo has written it down."""

    cloud: CloudBench
    tenant: TenantId
    cleo: PersonId
    drew: PersonId
    item: ItemId
    owner: PartyId
    court: PartyId

    async def erase(self, party: PartyId, *, leaves_items: bool = False) -> privacy.Erased:
        more = {"basis": REASON, "actor": self.drew, "leaves_items": leaves_items}
        return await self.cloud.do(privacy.erase, self.tenant, party, **more)

    async def give_out(self, to: str) -> None:
        """It goes to somebody outside, before a witness."""
        offer = Proposal(kind=OfferKind.RELEASE, party=to, authority="order 7")
        await self.cloud.do(items.offer, self.tenant, self.item, offer, actor=self.cleo)
        await self.cloud.do(items.witness, self.tenant, self.item, actor=self.drew)

    async def events(self) -> list[Event]:
        """The line of the item, oldest first, as it can be read now."""
        found = await self.cloud.do(audit.happenings, self.tenant, Wanted(item=self.item))
        return [one.event for one in reversed(found)]

    async def refused(self, party: PartyId, *, leaves_items: bool = False) -> str:
        with pytest.raises(BaywardError) as caught:
            await self.erase(party, leaves_items=leaves_items)
        return caught.value.code


async def lived(cloud: CloudBench, tenant: TenantId) -> Kept:
    """A knife comes from its owner, goes to the court and comes back."""
    cleo = await cloud.person(tenant, "Cleo", Role.CUSTODIAN)
    drew = await cloud.person(tenant, "Drew", Role.CUSTODIAN)
    told = Description(
        kind=ItemKind.EVIDENCE, text="a knife", party=OWNER, reason="found at 4 Mill"
    )
    item = await cloud.do(items.register, tenant, told, actor=cleo)
    owner, court = [await cloud.do(parties.named, tenant, one) for one in (OWNER, COURT)]
    assert owner.id is not None
    assert court.id is not None
    kept = Kept(cloud, tenant, cleo, drew, item, owner.id, court.id)
    await kept.give_out(COURT)
    await cloud.do(items.take_back, tenant, item, actor=cleo)
    return kept
