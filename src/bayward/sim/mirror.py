"""A control plane that keeps the banks' logs and nothing else: quick, and as strict.

Every hello and upload is judged by the real `wire.upload`; what was accepted is folded by the real
rules; letters are opened by the real key and go to the post. There are no tables, no slices and
no jobs, so a world with it costs a fraction of one with `sim.cloud`, and explores bank, link and
log as well. What it holds survives a crash; a crash in the middle of a message leaves nothing of
that message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.cloud.audit.mirror import event_of
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.jobs import Again
from bayward.core import fold
from bayward.core.bank import BankState
from bayward.core.clock import MINUTE_MS, SECOND_MS, Instant, after
from bayward.core.commands import (
    COMMAND_LIFE_MS,
    DOOR_COMMAND_LIFE_MS,
    MOVES_A_DOOR,
    Command,
    CommandResult,
    Order,
)
from bayward.core.compartment import Compartment
from bayward.core.errors import NotFound, Unavailable
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, CommandId, GrantId, PersonId, TenantId
from bayward.ledger.dense import Frontier
from bayward.ledger.keys import Signer, VerifierKey, cosigner
from bayward.ledger.note import open_note
from bayward.ledger.witness import note_of
from bayward.sim.gateway import Gateway
from bayward.sim.network import Network
from bayward.sim.plane import Crash, LogKeys, Plane
from bayward.sim.post import PostOffice, Received
from bayward.sim.register import Register, address_of
from bayward.sim.world import World
from bayward.wire.letters import open_letter
from bayward.wire.messages import (
    Acked,
    Hello,
    Issuer,
    Layout,
    Letter,
    LetterKind,
    Readings,
    TenantLog,
    Upload,
    Welcome,
)
from bayward.wire.upload import Accepted, KnownLog, check_hello, check_upload

MAIL_AGAIN_MS = MINUTE_MS
KEY_ID = 1


@dataclass(slots=True)
class Log:
    """One bank as its log tells of it; `read_hashes` is that of `ledger.dense.HashReader`."""

    name: str
    key: VerifierKey
    state: BankState
    frontier: Frontier = field(default_factory=Frontier)
    note: str = ""
    cosigned: str = ""
    hashes: list[bytes] = field(default_factory=list)

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        """The hashes at these places."""
        return [self.hashes[index] for index in indexes]

    @property
    def known(self) -> KnownLog:
        """The log as `wire.upload` wants it."""
        return KnownLog(self.key, self.frontier, self.note, self)


@dataclass(slots=True)
class Ordered:
    """An order and how far it has come."""

    bank: BankId
    order: Order
    not_after: Instant
    epoch: str = ""  # of the connection it was sent on
    is_open: bool = True


class Mirror(Plane):
    """See the top of this file; `layouts` are the banks as built."""

    def __init__(
        self,
        world: World,
        network: Network,
        post: PostOffice,
        known: Register,
        layouts: Mapping[str, Iterable[Compartment]],
    ) -> None:
        super().__init__(world, network)
        keys = world.stream("mirror keys")
        self.issuer = ec.derive_private_key(keys.getrandbits(250) + 1, ec.SECP256R1())
        self._notifier = ec.derive_private_key(keys.getrandbits(250) + 1, ec.SECP256R1())
        self._witness = ed25519.Ed25519PrivateKey.from_private_bytes(keys.randbytes(32))
        self._ids = world.stream("mirror ids")
        self._post = post
        self._names = {person: name for name, person in known.people.items()}
        self.told: set[str] = set()  # grants whose code has been sent
        self._mail: dict[str, tuple[str, Received]] = {}  # by subject: a newer code replaces it
        self._tenant = known.tenant
        self.logs = {
            known.banks[name].bank: Log(name, known.banks[name].signer.key, BankState.of(layout))
            for name, layout in layouts.items()
        }
        self.orders: dict[CommandId, Ordered] = {}
        self.ingest = _Inbox(self)
        self.start()

    def start(self) -> None:
        """Start on what was kept, which is everything."""
        self.listen()
        self.later(0, self._send_mail)

    def stop(self) -> None:
        """There is nothing to close."""
        self.is_up = False

    def mirrored(self, bank: BankId) -> tuple[int, bytes]:
        """Size and root of a bank's log as it was accepted."""
        log = self.logs[bank]
        return log.frontier.size, log.frontier.root

    def place(self, bank: BankId, order: Order) -> None:
        """Write an order down, and send it as soon as the bank is there."""
        is_door = isinstance(order, MOVES_A_DOOR)
        life_ms = DOOR_COMMAND_LIFE_MS if is_door else COMMAND_LIFE_MS
        command = CommandId.of(self._ids.randbytes(16))
        self.orders[command] = Ordered(bank, order, after(self.clock.now(), life_ms))
        self.pump_later(bank)

    def pump(self, gateway: Gateway) -> None:
        """Send what waits; what may be repeated, once more on each new connection."""
        now, epoch = self.clock.now(), gateway.epoch
        for command, one in self.orders.items():
            was_sent = one.epoch == epoch or (one.epoch and isinstance(one.order, MOVES_A_DOOR))
            is_ours = one.bank == gateway.device.bank and one.is_open
            if is_ours and not was_sent and now < one.not_after:
                one.epoch = epoch
                gateway.send([Command(command, one.order, one.not_after, epoch)])

    def ended(self, device: DeviceIdentity, result: CommandResult) -> None:
        """A bank has answered; its log will say the same."""
        del device
        self._close(result.command)

    def welcome(self, log: Log) -> Welcome:
        """What a bank is told when it connects."""
        return Welcome(
            acked=log.frontier.size,
            root=log.frontier.root,
            now=self.clock.now(),
            tenant=str(self._tenant),
            issuers=[Issuer(kid=KEY_ID, spki=_spki(self.issuer))],
            notifier_key=_spki(self._notifier),
            needs_layout=False,
            cosigned=log.cosigned or None,
        )

    def log_keys(self, tenant: TenantId) -> LogKeys:
        """There is no tenant's log here."""
        del tenant
        return LogKeys((self._cosigner().key.vkey,))

    def _cosigner(self) -> Signer:
        return cosigner("world.example/witness", self._witness, self.clock.now() // SECOND_MS)

    def keep(self, bank: BankId, accepted: Accepted) -> None:
        """Store what was accepted, and carry it out."""
        log = self.logs[bank]
        log.frontier, log.note = accepted.frontier, accepted.note
        log.cosigned = note_of(open_note(log.note, [log.key]), [self._cosigner()])
        log.hashes += accepted.stored_hashes
        for entry in accepted.entries:
            event = event_of(bank, entry)
            fold.apply(log.state, event)
            self._follow(event)
        for letter in accepted.letters:
            self._take_letter(log, bank, letter)
        self.later(0, self._send_mail)

    def _follow(self, event: Event) -> None:
        if event.type in (EventType.COMMAND_DONE, EventType.COMMAND_REFUSED):
            self._close(CommandId(event.command or ""))
        elif event.type in (EventType.GRANT_EXPIRED, EventType.GRANT_REVOKED):
            log = self.logs[BankId(event.bank or "")]
            self._mail.pop(f"{log.name}/{event.grant}", None)

    def _close(self, command: CommandId) -> None:
        if command in self.orders:
            self.orders[command].is_open = False

    def _take_letter(self, log: Log, bank: BankId, letter: Letter) -> None:
        if letter.kind is LetterKind.PICKUP:
            grant = log.state.grants[GrantId(letter.subject)]
            if not grant.is_live:
                return
            code = open_letter(letter.sealed, self._notifier, bank, grant.id)
            door = f"{log.state.layout[grant.compartment].number:02d}"
            received = Received("mail/parcel_ready", code, log.name, door)
            person = grant.recipient
        else:
            person = PersonId(letter.subject)
            code = open_letter(letter.sealed, self._notifier, bank, person)
            received = Received("mail/courier_code", code, log.name, "")
        self._mail[f"{log.name}/{letter.subject}"] = (address_of(self._names[person]), received)

    def _send_mail(self) -> None:
        for subject, (address, received) in list(self._mail.items()):
            try:
                self._post.take(address, received)
            except Again:
                self.later(MAIL_AGAIN_MS, self._send_mail)
                return
            self.told.add(subject.partition("/")[2])
            del self._mail[subject]

    @property
    def unsent(self) -> int:
        """Letters that nobody has got yet."""
        return len(self._mail)


class _Inbox:
    """`cloud.link.inbox.Inbox` over the mirror."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    async def hello(self, device: DeviceIdentity, hello: Hello) -> Welcome:
        self._check_disk()
        log = self._mirror.logs[device.bank]
        check_hello(log.known, hello)
        return self._mirror.welcome(log)

    async def upload(self, device: DeviceIdentity, upload: Upload) -> Acked:
        mirror = self._mirror
        self._check_disk()
        accepted = check_upload(mirror.logs[device.bank].known, upload)
        is_dying = mirror.is_crash_due()
        if is_dying and mirror.crash_when != "after":
            raise Crash
        if not accepted.is_replay:
            mirror.keep(device.bank, accepted)
        if is_dying:
            raise Crash
        log = mirror.logs[device.bank]
        return Acked(acked=accepted.checkpoint.size, cosigned=log.cosigned or None)

    async def tenant_log(self, device: DeviceIdentity, size: int) -> TenantLog:
        del device, size
        raise NotFound("log")

    async def layout(self, device: DeviceIdentity, layout: Layout) -> None:
        del device, layout

    async def readings(self, device: DeviceIdentity, readings: Readings) -> None:
        del device, readings

    async def connected(self, device: DeviceIdentity, epoch: str) -> None:
        del device, epoch

    async def disconnected(self, device: DeviceIdentity, epoch: str, reason: str) -> None:
        del device, epoch, reason

    def _check_disk(self) -> None:
        if self._mirror.is_full:
            raise Unavailable("storage.full", cause="full")


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
