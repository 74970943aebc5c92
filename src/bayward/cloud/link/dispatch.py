"""Sending banks what waits for them: orders, and the directory when it has changed.

Commits wake it; so does a bank that connects. What could not be said stays written down: an
order that may wait goes out on the bank's next connection, one that moves a door runs out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

import structlog

from bayward.cloud import orders
from bayward.cloud.fleet import service as fleet
from bayward.cloud.link.ingest import Ingest, Presence
from bayward.cloud.unit import Unit
from bayward.core.commands import Command, CommandResult
from bayward.core.errors import LimitExceeded, Unavailable
from bayward.core.ids import BankId
from bayward.wire.messages import Recipient

_TOPIC = "bank/"
_log = structlog.get_logger()


class Reach(Protocol):
    """How connected banks are reached: `link.connections.Connections`."""

    async def send_command(self, bank: BankId, command: Command) -> CommandResult:
        """Have an order carried out and wait for how it ended; raises `Unavailable`."""
        ...

    async def push_directory(
        self, bank: BankId, revision: int, recipients: Sequence[Recipient]
    ) -> None:
        """Replicate a directory; raises `Unavailable` or `LimitExceeded`."""
        ...


class Dispatcher:
    """One per process; `start` it before banks connect, `stop` it before the store closes."""

    def __init__(self, unit: Unit, reach: Reach, ingest: Ingest) -> None:
        self._unit = unit
        self._reach = reach
        self._ingest = ingest
        self._pushing: dict[BankId, bool] = {}  # a directory is under way; True: look again after
        self._tasks: set[asyncio.Task[None]] = set()
        self._off: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen to commits."""
        self._off = self._unit.on_commit(self._heard)

    async def stop(self) -> None:
        """Send nothing more; answers still under way are given up, their orders stay written."""
        if self._off is not None:
            self._off()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _heard(self, topics: frozenset[str]) -> None:
        for topic in topics:
            if topic.startswith(_TOPIC):
                self._poke(BankId(topic.removeprefix(_TOPIC)))

    def _poke(self, bank: BankId) -> None:
        present = self._ingest.present.get(bank)
        if present is None:
            return
        self._spawn(self._send_orders(bank, present))  # never behind a directory
        if bank in self._pushing:
            self._pushing[bank] = True
        else:
            self._pushing[bank] = False
            self._spawn(self._keep_directory(bank))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_orders(self, bank: BankId, present: Presence) -> None:
        try:
            taken = await self._unit.write(
                lambda work: orders.take(work, present.tenant, bank, present.epoch)
            )
        except (Unavailable, LimitExceeded) as error:  # the next commit for it wakes us again
            _log.warning("dispatch.storage", bank=bank, code=error.code)
            return
        for command in taken:
            self._spawn(self._send_order(bank, present, command))

    async def _send_order(self, bank: BankId, present: Presence, command: Command) -> None:
        try:
            result = await self._reach.send_command(bank, command)
            await self._unit.write(lambda work: orders.end(work, present.tenant, bank, result))
        except Unavailable as error:
            _log.info("dispatch.no_outcome", bank=bank, command=command.id, code=error.code)

    async def _keep_directory(self, bank: BankId) -> None:
        try:
            while (present := self._ingest.present.get(bank)) is not None:
                self._pushing[bank] = False
                await self._send_directory(bank, present)
                if not self._pushing[bank]:
                    break
        except (Unavailable, LimitExceeded) as error:
            _log.info("dispatch.no_directory", bank=bank, code=error.code)
        finally:
            del self._pushing[bank]

    async def _send_directory(self, bank: BankId, present: Presence) -> None:
        revision, people = await self._unit.read(
            lambda work: fleet.directory(work, present.tenant, bank)
        )
        if revision == present.directory_revision:
            return
        recipients = [
            Recipient(person=str(one.person), unit=one.unit, name=one.name, needs_low=one.needs_low)
            for one in people
        ]
        await self._reach.push_directory(bank, revision, recipients)
        present.directory_revision = revision
