"""Keeps a bank connected: dials, serves the connection until it ends, waits, dials again.

The bank does not need it. Doors, codes and lockdown go on without a control plane; what happened
meanwhile goes up when the link is back, from where the control plane's memory ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bayward.core.clock import SECOND_MS, Clock
from bayward.core.errors import BaywardError
from bayward.core.ids import ID_BYTES, base32
from bayward.edge.uplink.backoff import STEADY_MS, WAIT_MS_MAX, Backoff
from bayward.edge.uplink.connection import Connection, hello_of
from bayward.edge.uplink.outbox import Outbox
from bayward.edge.uplink.ports import Dial, Host, LinkStatus
from bayward.edge.uplink.trouble import Trouble, trouble_of
from bayward.wire import limits
from bayward.wire.link import EdgeLink
from bayward.wire.versions import VERSIONS

_log = structlog.get_logger("edge.uplink")
_QUARANTINE = ("journal.rolled_back", "journal.forked", "journal.quarantined")


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSetup:
    """What the uplink works with. `random` is in [0, 1); `random_bytes(n)` is unpredictable."""

    dial: Dial
    host: Host
    outbox: Outbox
    clock: Clock
    random: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    versions: tuple[int, ...] = VERSIONS


class Uplink:
    """See the top of this file; `run` it as one task and cancel it to stop."""

    def __init__(self, setup: UplinkSetup) -> None:
        self._setup = setup
        self._backoff = Backoff(setup.random)
        self._connection: Connection | None = None
        self._live_at: int | None = None
        self._redial = asyncio.Event()
        self._status: LinkStatus | None = None

    @property
    def status(self) -> LinkStatus | None:
        """How the link stands; None before the first attempt has ended."""
        return self._status

    def committed(self, size: int) -> None:
        """The log has `size` entries; whatever is new goes up at once."""
        if self._connection is not None:
            self._connection.committed(size)

    def readings_changed(self) -> None:
        """A door, the siren or a lockdown changed."""
        if self._connection is not None:
            self._connection.readings_changed()

    def redial(self) -> None:
        """Do not wait any longer: the network is back, or there is a new certificate."""
        self._redial.set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            self._redial.clear()
            wait_ms = await self._once()
            try:
                async with asyncio.timeout(wait_ms / SECOND_MS):
                    await self._redial.wait()
            except TimeoutError:
                continue

    async def _once(self) -> int:
        """One connection from dialling to its end; gives how long to wait before the next."""
        asked_ms = 0
        try:
            trouble, asked_ms = await self._serve()
        except (BaywardError, OSError) as error:
            trouble = trouble_of(error)
        except Exception as error:  # noqa: BLE001 - a bug here must not end the uplink for good
            _log.exception("uplink failed")
            trouble = Trouble("link.internal", type(error).__name__)
        finally:
            self._connection = None
        now = self._setup.clock.monotonic_ms()
        if self._live_at is not None and now - self._live_at >= STEADY_MS:
            self._backoff.worked()
        self._live_at = None
        self._tell(is_up=False, code=trouble.code, words=trouble.words)
        if trouble.code in _QUARANTINE:
            return WAIT_MS_MAX
        return max(asked_ms, self._backoff.wait_ms())

    async def _serve(self) -> tuple[Trouble, int]:
        setup = self._setup
        head = await setup.outbox.head()
        transport, version = await setup.dial()
        hello = hello_of(
            head,
            setup.host,
            setup.clock,
            epoch=base32(setup.random_bytes(ID_BYTES)),
            versions=setup.versions,
        )
        connection = self._connection = Connection(
            transport,
            link=EdgeLink(hello, heartbeat_ms=self._heartbeat_ms(), version=version),
            outbox=setup.outbox,
            host=setup.host,
            clock=setup.clock,
            on_live=self._is_live,
            on_refused=self._is_refused,
        )
        reason = await connection.run()
        return Trouble(reason), connection.retry_after_ms

    def _heartbeat_ms(self) -> int:
        spread_ms = limits.HEARTBEAT_MS_MAX - limits.HEARTBEAT_MS_MIN
        return limits.HEARTBEAT_MS_MIN + int(self._setup.random() * spread_ms)

    def _is_live(self) -> None:
        self._live_at = self._setup.clock.monotonic_ms()
        self._tell(is_up=True)

    def _is_refused(self, why: str) -> None:
        trouble = Trouble("link.upload_refused", why)
        self._tell(is_up=True, code=trouble.code, words=trouble.words)

    def _tell(self, *, is_up: bool, code: str = "", words: str = "") -> None:
        """Once for each change, not for each attempt."""
        old = self._status
        if old is not None and (old.is_up, old.code) == (is_up, code):
            return
        since = old.since if old is not None and old.is_up == is_up else self._setup.clock.now()
        self._status = LinkStatus(is_up=is_up, since=since, code=code, words=words)
        if is_up and not code:
            _log.info("link up")
        else:
            _log.warning("link in trouble", is_up=is_up, code=code, words=words)
        self._setup.host.take_status(self._status)
