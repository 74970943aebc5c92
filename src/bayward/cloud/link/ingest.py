"""Taking in what banks say: one message, one transaction, and only then an answer.

An upload is verified, stored, and carried out in a single transaction: entries and disclosures,
the new head of the bank's log, every event with all that follows from it, the sealed letters,
and an entry in the tenant's log that says which checkpoint was accepted. Either all of it is
durable and acknowledged, or nothing happened and the bank sends it again. What is stored
already changes nothing; what contradicts it is kept as evidence and raises an incident.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bayward.cloud.access import issuers
from bayward.cloud.audit import beacons, mirror, receipt_words, showing
from bayward.cloud.audit import service as audit
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.notify import service as notify
from bayward.cloud.unit import Place, Unit, Work
from bayward.core.errors import Invalid
from bayward.core.ids import BankId, TenantId
from bayward.wire.messages import (
    Acked,
    Hello,
    Issuer,
    Layout,
    Readings,
    TenantLog,
    Upload,
    Welcome,
)
from bayward.wire.upload import (
    Accepted,
    AcceptedEntry,
    Fork,
    Gap,
    KnownLog,
    UploadRefused,
    check_hello,
    check_upload,
)

_log = structlog.get_logger()


@dataclass(slots=True)
class Presence:
    """A bank that is connected now; `directory_revision` is the one it has."""

    tenant: TenantId
    epoch: str
    directory_revision: int


class Ingest:
    """The `Inbox` of the bank-facing listener; `notifier_key` is the public one (SPKI DER)."""

    def __init__(self, unit: Unit, notifier_key: bytes) -> None:
        self._unit = unit
        self._notifier_key = notifier_key
        self._greeted: dict[BankId, int] = {}  # the directory each bank said it has
        self.present: dict[BankId, Presence] = {}

    async def start(self) -> None:
        """Call once before the first bank connects."""
        await self._unit.write(fleet.restarted)

    async def hello(self, device: DeviceIdentity, hello: Hello) -> Welcome:
        """Compare a bank's log with what was accepted, and tell it where to go on."""
        answer = await self._unit.write(lambda work: self._greet(work, device, hello))
        if isinstance(answer, UploadRefused):
            raise answer
        self._greeted[device.bank] = hello.directory_revision
        return answer

    async def upload(self, device: DeviceIdentity, upload: Upload) -> Acked:
        """Verify, store, cosign, carry out; gives the acknowledgement."""
        answer = await self._unit.write(lambda work: _take(work, device, upload))
        if isinstance(answer, UploadRefused):
            raise answer
        return answer

    async def tenant_log(self, device: DeviceIdentity, size: int) -> TenantLog:
        """Prove the tenant's log to a bank; its own is cosigned again when that is long ago."""

        def find(work: Work) -> tuple[TenantLog, bool]:
            bank = fleet.get_bank(work, device.tenant, device.bank)
            return showing.show(work, device.tenant, bank.bank, bank.origin, size)

        shown, is_stale = await self._unit.read(find)
        if is_stale:
            await self._unit.write(lambda work: _refresh(work, device))
            shown, _ = await self._unit.read(find)
        return shown

    async def layout(self, device: DeviceIdentity, layout: Layout) -> None:
        """The bank as built."""
        await self._unit.write(
            lambda work: fleet.take_layout(work, device.tenant, device.bank, layout)
        )

    async def readings(self, device: DeviceIdentity, readings: Readings) -> None:
        """How the doors stand."""
        await self._unit.write(
            lambda work: fleet.take_readings(work, device.tenant, device.bank, readings)
        )

    async def connected(self, device: DeviceIdentity, epoch: str) -> None:
        """The bank was welcomed: orders that wait for it can go."""
        revision = self._greeted.pop(device.bank, 0)
        self.present[device.bank] = Presence(device.tenant, epoch, revision)
        await self._unit.write(lambda work: _connect(work, device))

    async def disconnected(self, device: DeviceIdentity, epoch: str, reason: str) -> None:
        """That connection has ended; a newer one of the same bank is not touched by it."""
        present = self.present.get(device.bank)
        if present is None or present.epoch != epoch:
            return
        del self.present[device.bank]
        await self._unit.write(
            lambda work: fleet.disconnected(work, device.tenant, device.bank, reason)
        )

    def _greet(self, work: Work, device: DeviceIdentity, hello: Hello) -> Welcome | UploadRefused:
        needs_layout = fleet.greeted(work, device.tenant, device.bank, hello)
        known = mirror.known(work, device.tenant, device.bank, hello.origin)
        try:
            check_hello(known, hello)
        except UploadRefused as refused:
            _keep_evidence(work, device, known, refused)
            return refused
        return Welcome(
            acked=known.size,
            root=known.root,
            now=work.now,
            tenant=str(device.tenant),
            issuers=[
                Issuer(kid=kid, spki=spki) for kid, spki in issuers.known(work, device.tenant)
            ],
            notifier_key=self._notifier_key,
            needs_layout=needs_layout,
            witness_note=_tenant_note(work, device),
            cosigned=beacons.newest(work, device.tenant, known.key.name),
        )


def _tenant_note(work: Work, device: DeviceIdentity) -> str | None:
    origin = audit.origin_of(work, device.tenant)
    return mirror.newest_note(work, device.tenant, origin)


def _refresh(work: Work, device: DeviceIdentity) -> None:
    bank = fleet.get_bank(work, device.tenant, device.bank)
    head = mirror.head(work, device.tenant, bank.bank, bank.origin)
    if head is not None:
        beacons.refresh(work, device.tenant, head)


def _connect(work: Work, device: DeviceIdentity) -> None:
    fleet.connected(work, device.tenant, device.bank)
    work.wake(f"bank/{device.bank}")


def _take(work: Work, device: DeviceIdentity, upload: Upload) -> Acked | UploadRefused:
    bank = fleet.get_bank(work, device.tenant, device.bank)
    known = mirror.known(work, device.tenant, device.bank, bank.origin)
    try:
        accepted = check_upload(known, upload)
    except Gap as gap:  # not a lie: the bank goes on from the size it is told
        return gap
    except UploadRefused as refused:
        _keep_evidence(work, device, known, refused)
        return refused
    if not accepted.is_replay:
        _carry_out(work, device, known, accepted)
    return Acked(
        acked=accepted.checkpoint.size,
        cosigned=beacons.newest(work, device.tenant, known.key.name),
        witness_note=_tenant_note(work, device),
    )


def _keep_evidence(
    work: Work, device: DeviceIdentity, known: KnownLog, refused: UploadRefused
) -> None:
    mirror.refuse(work, device.tenant, device.bank, known, refused)
    if isinstance(refused, Fork):
        fleet.quarantine(work, device.tenant, device.bank)


def _carry_out(work: Work, device: DeviceIdentity, known: KnownLog, accepted: Accepted) -> None:
    origin = known.key.name
    mirror.keep(work, device.tenant, device.bank, known.key, accepted)
    receipt_words.keep(work, device.tenant, device.bank, origin, accepted.entries)
    for entry in accepted.entries:
        _carry_out_entry(work, device, origin, entry)
    for letter in accepted.letters:  # after the events: a letter follows the grant it is for
        notify.take_letter(work, device.tenant, device.bank, origin, letter)


def _carry_out_entry(work: Work, device: DeviceIdentity, origin: str, entry: AcceptedEntry) -> None:
    try:
        event = mirror.event_of(device.bank, entry)
    except Invalid as invalid:
        # Signed and in order, so it is evidence and stays; but of a vocabulary we do not have.
        _log.warning(
            "ingest.not_understood", bank=device.bank, index=entry.index, code=invalid.code
        )
        return
    work.emit(event, tenant=device.tenant, place=Place(origin, entry.index))
