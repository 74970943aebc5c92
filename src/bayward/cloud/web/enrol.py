"""Where a new computer in a wall gets its certificate; the protocol is in `wire.enrolment`."""

from __future__ import annotations

from litestar import MediaType, Response, post
from litestar.params import JSONBody

from bayward.cloud.access import issuers
from bayward.cloud.audit import beacons
from bayward.cloud.audit import service as audit
from bayward.cloud.fleet import enrolment, renewal
from bayward.cloud.fleet.enrolment import Enrolled
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.unit import Work
from bayward.cloud.web import limits
from bayward.cloud.web.routes import PUBLIC, AnyRequest, show_anybody
from bayward.cloud.web.state import Desk, address_of, desk_of
from bayward.core.errors import Denied
from bayward.wire.enrolment import EnrolAnswer, EnrolRequest, RenewAnswer, RenewRequest
from bayward.wire.messages import Issuer

PATH = "/enrol"


@show_anybody(f"{PATH}/anchor", "a certificate is public; banks compare it with their ticket")
async def anchor(request: AnyRequest) -> Response[str]:
    """The root certificate."""
    return Response(desk_of(request).deployment.anchor_pem, media_type=MediaType.TEXT)


@post(
    PATH,
    opt={PUBLIC: "the one-time token in it is the credential"},
    status_code=200,
    include_in_schema=False,
)
async def enrol(request: AnyRequest, data: JSONBody[EnrolRequest]) -> EnrolAnswer:
    """Burn a token, issue a certificate."""
    desk = desk_of(request)
    desk.limiter.spend(limits.ENROL_FROM, "enrol", address_of(request))

    def take(work: Work) -> tuple[Enrolled, list[tuple[int, bytes]], str, list[str]] | None:
        done = enrolment.enrol(work, desk.deployment, data)
        if done is None:
            return None
        tenant = done.bank.tenant
        own = audit.vkey_of(work, tenant)
        return done, issuers.known(work, tenant), own, beacons.vkeys(work)

    outcome = await desk.unit.write(take)
    if outcome is None:
        raise await _turned_away(desk, Denied("enrolment.refused"), data.bank)
    done, known, tenant_vkey, witness_vkeys = outcome
    if done.replaced is not None:
        desk.gate.revoke(done.replaced)
    desk.gate.allow(
        DeviceIdentity(tenant=done.bank.tenant, bank=done.bank.bank, spki_pin=done.issued.pin)
    )
    return EnrolAnswer(
        tenant=done.bank.tenant,
        deployment=desk.deployment.name,
        certificate=done.issued.chain,
        anchor=desk.deployment.anchor_pem,
        link_url=desk.link_url,
        pins=sorted(desk.deployment.pins),
        issuers=[Issuer(kid=kid, spki=spki) for kid, spki in known],
        notifier_key=desk.notifier_key,
        tenant_vkey=tenant_vkey,
        witness_vkeys=witness_vkeys,
        now=desk.clock.now(),
    )


@post(
    f"{PATH}/renew",
    opt={PUBLIC: "the signature of the bank's own key in it is the credential"},
    status_code=200,
    include_in_schema=False,
)
async def renew(request: AnyRequest, data: JSONBody[RenewRequest]) -> RenewAnswer:
    """The next certificate of a bank."""
    desk = desk_of(request)
    desk.limiter.spend(limits.ENROL_FROM, "enrol", address_of(request))
    chain = await desk.unit.write(lambda work: renewal.renew(work, desk.deployment, data))
    if chain is None:
        raise await _turned_away(desk, Denied("enrolment.not_renewed"), data.bank)
    return RenewAnswer(certificate=chain, now=desk.clock.now())


async def _turned_away(desk: Desk, error: Denied, bank: str) -> Denied:
    """For the log of the tenant whose bank somebody wants to be, if there is such a bank."""
    found = await desk.unit.read(lambda work: enrolment.named(work, bank))
    if found is None:
        desk.strangers.saw(error.code)
    else:
        desk.strangers.saw(error.code, found.tenant, found.bank)
    return error
