"""Who is turned away before anybody knows who it is: by TLS, by a token that opens nothing.

Such a refusal belongs into the forensic log like any other (mission M45), but whoever can cause it
needs no right at all, so it may not cost an entry each time. What is alike is counted: the first is
written within a second, what follows as one entry every `EACH_MS` with how many there were. Reasons
come from the fixed list below, so nothing a stranger sends gets into the log, and a flood makes it
grow by a handful of entries in ten minutes.

No network address is kept: in a handshake we do not learn it, and the log lasts longer than
there is a ground to keep one. The program's own log and the proxy in front have it.

A certificate of ours that is not admitted (any more) names its bank: that is told to its tenant,
because a retired bank that still dials may be a stolen one. All else is in the platform's log.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from cryptography import x509

from bayward.cloud.fleet import store as fleet
from bayward.cloud.fleet.pki import identity_of
from bayward.cloud.unit import OPERATOR, Unit, Work
from bayward.core.clock import MINUTE_MS, Clock
from bayward.core.errors import BaywardError, Denied
from bayward.core.events import Event, EventType
from bayward.core.ids import BankId, TenantId

EACH_MS = 10 * MINUTE_MS
GATHER_S = 1.0
KINDS_MAX = 1_000  # banks times reasons; beyond it nobody is named any more
FACES = frozenset({"session.unknown", "link", "http.host", "http.origin", "rate"})
"""Codes of errors of the faces and of the JSON API that are refusals of strangers."""
REASONS = FACES | {
    # in the TLS handshake of the banks' listeners
    "tls.handshake", "tls.certificate", "tls.no_certificate", "tls.cipher",
    "tls.unreadable_certificate", "device.identity", "device.deployment", "device.revoked",
    # a bank that wants to be another one
    "link.foreign_path",
    # a new bank without its ticket, a bank without its key
    "enrolment.refused", "enrolment.not_renewed",
}  # fmt: skip
"""Why somebody is turned away; nothing else gets into the log."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """What is counted together; without a bank it is the platform's."""

    reason: str
    tenant: TenantId = OPERATOR
    bank: BankId | None = None


Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Strangers:
    """Counts in one event loop; what was counted and not yet written is lost with the process."""

    def __init__(
        self, unit: Unit, clock: Clock, deployment: str, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._deployment = deployment
        self._sleep = sleep
        self._waiting: Counter[Kind] = Counter()
        self._told: dict[Kind, int] = {}  # when it was written last
        self._news = asyncio.Event()

    def saw(self, reason: str, tenant: TenantId = OPERATOR, bank: BankId | None = None) -> None:
        """Somebody was turned away; a reason that is not in `REASONS` is not counted."""
        if reason not in REASONS:
            return
        kind = Kind(reason, tenant, bank)
        if kind not in self._waiting and len(self._waiting) >= KINDS_MAX:
            kind = Kind(reason)
        self._waiting[kind] += 1
        self._news.set()

    def saw_handshake(self, reason: str, certificate: x509.Certificate | None) -> None:
        """A TLS handshake failed; the certificate is one that our own authority has signed."""
        try:
            device = None if certificate is None else identity_of(certificate, self._deployment)
        except Denied:  # ours, and names nobody
            device = None
        if device is None:
            self.saw(reason)
        else:
            self.saw(reason, device.tenant, device.bank)

    async def run(self) -> None:
        """Write down what is due, until cancelled."""
        while True:
            await self._news.wait()
            await self._sleep(GATHER_S)
            try:
                await self.tell()
            except BaywardError as error:  # the database is busy or full: counted on
                _log.warning("strangers.untold", code=error.code)
            if not self._waiting:
                self._news.clear()

    async def stop(self) -> None:
        """Write everything; a disk that is full does not hold up the end of the program."""
        try:
            await self.tell(is_everything=True)
        except BaywardError as error:
            _log.warning("strangers.untold", code=error.code, refusals=self._waiting.total())

    async def tell(self, *, is_everything: bool = False) -> None:
        """Write what is due, or everything."""
        now = self._clock.monotonic_ms()
        self._told = {kind: at for kind, at in self._told.items() if now - at < EACH_MS}
        due = {
            kind: count
            for kind, count in self._waiting.items()
            if is_everything or kind not in self._told
        }
        if not due:
            return
        await self._unit.write(lambda work: _write(work, due))
        self._waiting.subtract(due)
        self._waiting = +self._waiting
        self._told |= dict.fromkeys(due, now)


def _write(work: Work, due: dict[Kind, int]) -> None:
    known = {one.tenant for one in fleet.tenants(work.tx)}
    for kind, count in due.items():
        is_known = kind.tenant in known
        event = Event(
            type=EventType.STRANGER_REFUSED,
            time=work.now,
            bank=kind.bank if is_known else None,
            reason=kind.reason,
            count=count,
        )
        work.emit(event, tenant=kind.tenant if is_known else OPERATOR)
