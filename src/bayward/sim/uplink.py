"""A simulated bank's side of the link: the real `EdgeLink` over a simulated wire.

A shell as thin as it can be: it reads the journal, hands frames over, and does what the link's
events say. Everything in it dies with the power except what it wrote to the disk.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import load_der_public_key

from bayward.core.clock import SECOND_MS
from bayward.core.commands import CommandResult
from bayward.core.errors import BaywardError, Unavailable
from bayward.core.ids import CommandId, base32
from bayward.edge.controller import CommandReceived
from bayward.edge.uplink.backoff import Backoff
from bayward.edge.uplink.outbox import JournalOutbox
from bayward.ledger.keys import parse_vkey
from bayward.sim.network import Network, Wire
from bayward.sim.settle import settled
from bayward.sim.world import Violation
from bayward.wire.errors import RemoteProtocolError
from bayward.wire.link import EdgeLink, State
from bayward.wire.link import events as e
from bayward.wire.messages import (
    Done,
    DoorReading,
    DoorState,
    Ended,
    Hello,
    Readings,
    TenantLog,
    Welcome,
    layout_of,
)
from bayward.wire.tenant_log import Doubted, check_tenant_log, claimed_size
from bayward.wire.versions import VERSIONS

if TYPE_CHECKING:
    from bayward.sim.bank import SimBank

HEARTBEAT_MS = 100 * SECOND_MS  # twice the real one: an idle world should not cost more than it
LOOK_MS = 20 * SECOND_MS  # how often a link looks at its clock when nothing happens
RETRY_MS_MIN = SECOND_MS
EPOCH_BYTES = 16
DELIVERED_KEPT = 20  # orders that a fault may deliver once more


class Uplink:
    """Keeps a connection up while there is power, and everything moving over it."""

    def __init__(self, bank: SimBank, network: Network) -> None:
        self.connections = 0
        self.delivered: deque[CommandReceived] = deque(maxlen=DELIVERED_KEPT)
        self.linger_ms = 0  # how long entries wait for company; the real uplink sends at once
        self.link: EdgeLink | None = None
        self._bank = bank
        self._network = network
        self._wire: Wire | None = None
        self._chance = bank.world.stream(f"uplink/{bank.made.name}")
        self._is_lingering = False
        self._has_news = True  # unchanged readings are not told again: nothing in a world looks
        self._backoff = Backoff(self._chance.random)
        self._calls: dict[CommandId, list[str]] = {}
        settings = bank.made.settings
        self._layout_hash = hashlib.sha256(repr(settings.layout).encode()).hexdigest()

    @property
    def is_live(self) -> bool:
        """Whether the control plane is on the line."""
        return self.link is not None and self.link.state is State.LIVE

    def start(self) -> None:
        """The program runs: connect, now and whenever there is no connection."""
        self._bank.later(self._chance.randint(0, 2 * SECOND_MS), self._connect)

    def power_off(self) -> None:
        """Gone without a word."""
        if self._wire is not None:
            self._wire.edge.is_closed = True
            self._wire.cut(self._chance, is_noticed=self._chance.random() < 0.5)  # noqa: PLR2004 - as often as not
        self._wire = self.link = None
        self._is_lingering = False
        self._calls.clear()

    def grown(self) -> None:
        """The log has grown: send what there is room for."""
        if self.link is not None:
            self.link.committed(self._bank.journal.head.size)
            self.link.readings_changed()
            self._has_news = True
            if not self.linger_ms:
                self._pump()
            elif not self._is_lingering:
                self._is_lingering = True
                self._bank.later(self.linger_ms, self._linger_ends)

    def _linger_ends(self) -> None:
        self._is_lingering = False
        self._pump()

    def report(self, result: CommandResult) -> None:
        """A command has ended; answer whoever asked on this connection."""
        for call in self._calls.pop(result.command, []):
            if self.link is not None and self.is_live:
                self.link.answer(call, Ended(is_done=result.is_done, result=result.result))
        self._flush()

    def _connect(self) -> None:
        if self._bank.trouble is not None or self.link is not None:
            return
        wire = self._network.connect(self._bank.name)
        if wire is None:
            self._again()
            return
        try:
            link = EdgeLink(self._hello(), heartbeat_ms=HEARTBEAT_MS)
        except BaywardError:  # the journal cannot be read now
            wire.edge.close()
            self._again()
            return
        self.connections += 1
        self.link, self._wire = link, wire
        bank = self._bank
        wire.edge.on_frame = lambda data: bank.guard(lambda: self._received(link, data))
        wire.edge.on_closed = lambda reason: bank.guard(lambda: self._lost(link, reason))
        link.opened(self._mono())
        self._flush()
        bank.later(LOOK_MS, lambda: self._look(link))

    def _again(self) -> None:
        self._bank.later(max(RETRY_MS_MIN, self._backoff.wait_ms()), self._connect)

    def _mono(self) -> int:
        return self._bank.clock.monotonic_ms()

    def _hello(self) -> Hello:
        head = settled(self._outbox().head())
        return Hello(
            protocols=list(VERSIONS),
            firmware="sim",
            boot=head.boot,
            origin=head.origin,
            size=head.size,
            checkpoint=head.checkpoint,
            epoch=base32(self._chance.randbytes(EPOCH_BYTES)),
            layout_hash=self._layout_hash,
            directory_revision=self._bank.disk.notes.get("directory_revision", 0),
            now=self._bank.trusted.now(),
        )

    def _look(self, link: EdgeLink) -> None:
        if link is not self.link:
            return
        now = self._mono()
        for event in link.tick(now):
            self._take(link, event)
        if link is self.link and link.state is State.LIVE:
            if self._has_news and link.wants_readings(now):
                self._has_news = False
                link.readings(self._readings(), now)
            if link.wants_tenant_log(now):
                seen = self._bank.disk.notes.get("tenant_log")
                link.ask_tenant_log(0 if seen is None else seen.checkpoint.size, now)
            self._pump()
        self._flush()
        self._bank.later(LOOK_MS, lambda: self._look(link))

    def _received(self, link: EdgeLink, data: bytes) -> None:
        if link is not self.link:
            return
        try:
            events = link.receive(data, self._mono())
        except RemoteProtocolError as error:
            self._close(error.code)
            return
        for event in events:
            if link is self.link:
                self._take(link, event)
        self._pump()
        self._flush()

    def _take(self, link: EdgeLink, event: e.EdgeEvent) -> None:
        bank = self._bank
        match event:
            case e.Welcomed(welcome):
                self._welcomed(link, welcome)
            case e.TimeHeard(cloud=cloud):
                bank.trusted.confirm(cloud)
            case e.UploadAcked(size=size, cosigned=cosigned, witness_note=witness_note):
                self._acknowledge(size)
                self._see(cosigned, witness_note)
            case e.TenantLogTold(shown, acked):
                self._judge(shown, acked)
                self._see(shown.cosigned, None)
            case e.CallRefused(text=text, details=details):
                bank.world.tell(bank.name, "(turned away)", text)
                if details.size is not None and details.root is not None:
                    self._compare(details.size, details.root)
                if link.state is State.CLOSED:
                    self._close(text)
            case e.CommandArrived(call=call, command=command):
                self._calls.setdefault(command.id, []).append(call)
                self._handle(link, call, CommandReceived(command, link.epoch))
            case e.DirectoryArrived(call=call, revision=revision, recipients=recipients):
                bank.disk.notes["directory"] = recipients
                bank.disk.notes["directory_revision"] = revision
                link.answer(call, Done())
            case e.Closed(reason=reason):
                self._close(reason)

    def _handle(self, link: EdgeLink, call: str, received: CommandReceived) -> None:
        self.delivered.append(received)
        try:
            self._bank.handle(received)
        except BaywardError as error:
            self._calls.pop(received.command.id, None)
            if link is self.link and link.state is State.LIVE:
                link.refuse(call, error.code)

    def _welcomed(self, link: EdgeLink, welcome: Welcome) -> None:
        bank = self._bank
        if not self._compare(welcome.acked, welcome.root):
            self._close("link.log_contradicts")
            return
        bank.disk.notes["issuers"] = {
            one.kid: load_der_public_key(one.spki) for one in welcome.issuers
        }
        bank.disk.notes["notifier"] = load_der_public_key(welcome.notifier_key)
        self._acknowledge(welcome.acked)
        if link is not self.link:
            return
        self._see(welcome.cosigned, welcome.witness_note)
        link.go_live(welcome.acked)
        self._backoff.worked()
        bank.world.tell(bank.name, "(link live)", f"acked={welcome.acked}")
        if welcome.needs_layout:
            settings = bank.made.settings
            layout = layout_of(settings.name, self._layout_hash, settings.layout)
            link.layout(layout, self._mono())

    def _judge(self, shown: TenantLog, acked: int) -> None:
        """The control plane of a world is honest: whatever crashed, its log proves itself."""
        bank, notes = self._bank, self._bank.disk.notes
        vkey, size = bank.log_keys.tenant_vkey, claimed_size(shown)
        if vkey is None or bank.was_rolled_back:
            return
        try:
            own = None if size is None else settled(self._outbox().at(size))
            known = notes.get("tenant_log")
            notes["tenant_log"] = check_tenant_log(shown, parse_vkey(vkey), known, own, acked)
        except Unavailable as error:  # the journal cannot be read now
            bank.world.tell(bank.name, "(not compared)", error.code)
        except Doubted as doubted:
            raise Violation(f"{bank.name}: {doubted}") from doubted

    def _see(self, cosigned: str | None, witness_note: str | None) -> None:
        """A cosignature for the next beacon, compared with our log first."""
        if cosigned is None or self.link is None:
            return
        seen = self._bank.beacons.take(cosigned, witness_note)
        if seen is not None:
            self._compare(seen.checkpoint.size, seen.checkpoint.root)

    def _compare(self, size: int, root: bytes) -> bool:
        """What the control plane remembers of our log; a contradiction is for a technician."""
        try:
            settled(self._outbox().check(size, root))
        except BaywardError as error:
            if self._bank.journal_is_quarantined():
                self._bank.give_up(error)
            return False
        return True

    def _pump(self) -> None:
        """Upload while there is something and there is room."""
        link, bank = self.link, self._bank
        if link is None:
            return
        try:
            while (first := link.upload_from()) is not None:
                upload = settled(self._outbox().upload(first))
                if upload is None:
                    break
                link.upload(upload, self._mono())
        except Unavailable as error:
            bank.world.tell(bank.name, "(not uploaded)", error.code)
        self._flush()

    def _readings(self) -> Readings:
        doors = []
        for compartment, door in self._bank.steel.doors.items():
            is_silent = self._bank.steel.is_silent
            state = DoorState.OPEN if door.is_open else DoorState.CLOSED
            state = DoorState.UNKNOWN if is_silent else state
            doors.append(DoorReading(compartment=compartment, state=state, age_ms=0))
        head = self._bank.journal.head
        return Readings(
            doors=doors,
            is_siren_on=self._bank.steel.is_siren_on,
            lockdowns=[],
            pending=head.size - head.acked,
        )

    def _flush(self) -> None:
        if self.link is None or self._wire is None:
            return
        for frame in self.link.data_to_send():
            self._wire.edge.send(frame)

    def _close(self, reason: str) -> None:
        if self.link is not None and self._wire is not None:
            self._flush()
            self._wire.edge.close()
            self._lost(self.link, reason)

    def _lost(self, link: EdgeLink, reason: str) -> None:
        if link is not self.link:
            return
        self._bank.world.tell(self._bank.name, "(link lost)", reason)
        link.close()
        self._wire = self.link = None
        self._calls.clear()
        self._again()

    def _acknowledge(self, size: int) -> None:
        """Tell the journal; when it cannot be written, the next connection tells it again."""
        try:
            settled(self._outbox().acknowledge(size))
        except BaywardError as error:
            self._bank.world.tell(self._bank.name, "(not written)", error.code)
            self._close(error.code)

    def _outbox(self) -> JournalOutbox:
        return JournalOutbox(self._bank.journal, self._bank.made.signer, _errand)


async def _errand(run: Callable[[], Any]) -> Any:
    """The journal's thread is ours."""
    return run()
