"""Carrying out the order to forget somebody who was erased.

His name goes from the directory at once. What the log holds of him goes as soon as it has been
uploaded and he has nothing under way at this bank; until then the order stays open, and is sent
again on each new connection. Only then the controller writes down that it is done, so the bank's
own log, signed, is what the control plane believes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import structlog

from bayward.core.clock import MINUTE_MS, SECOND_MS
from bayward.core.commands import UNDER_WAY, Command, CommandResult, ForgetPerson
from bayward.core.errors import BaywardError
from bayward.core.ids import CommandId, PersonId
from bayward.edge import agent, redaction
from bayward.edge.clerk import Clerk
from bayward.edge.directory import Directory
from bayward.edge.office import Office
from bayward.edge.state_dir import StateDir

LOOK_MS = MINUTE_MS  # a grant that runs out without a word to the control plane is seen then
REPORT_MS = 10 * SECOND_MS  # the controller answers at once, or not at all

log = structlog.get_logger("edge.forget")


class DirectoryFile(msgspec.Struct, frozen=True):
    """The directory as it is kept."""

    revision: int
    recipients: tuple[agent.Recipient, ...]


def keep_directory(state: StateDir, office: Office, directory: Directory) -> None:
    """Keep the directory, then use it."""
    state.replace("directory", DirectoryFile(directory.revision, directory.recipients))
    office.directory = directory


class Forgetter:
    """One of a bank; `present` is the log of this epoch."""

    def __init__(self, state: StateDir, present: Path, clerk: Clerk, office: Office) -> None:
        self._state = state
        self._present = present
        self._clerk = clerk
        self._office = office
        self._tasks: dict[CommandId, asyncio.Task[CommandResult]] = {}
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def begin(self, command: Command, epoch: str) -> CommandResult:
        """Begin, and say so at once: it may take days, and a door must not wait behind it.

        The outcome is in the log. An order that came twice is done once.
        """
        if command.id not in self._tasks:
            task = asyncio.create_task(self._carry_out(command, epoch), name="forget")
            self._tasks[command.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(command.id, None))
        return CommandResult(command.id, is_done=False, result=UNDER_WAY)

    def look_again(self) -> None:
        """More of the log has gone up."""
        self._news.set()
        self._news = asyncio.Event()

    async def stop(self) -> None:
        """Give up what waits; the order comes again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, command: Command, epoch: str) -> CommandResult:
        assert isinstance(command.order, ForgetPerson), "the host gives no other"
        while True:
            news = self._news
            async with self._one_at_a_time:  # each looks through the whole log
                if await self._is_forgotten(command.order.person):
                    result = await self._reported(command, epoch)
                    if result is not None:
                        return result
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_MS / SECOND_MS):
                    await news.wait()

    async def _reported(self, command: Command, epoch: str) -> CommandResult | None:
        """Have the controller write it down; None when a parcel for him came in between."""
        try:
            async with asyncio.timeout(REPORT_MS / SECOND_MS):
                return await self._office.carry_out(command, epoch)
        except (TimeoutError, BaywardError) as error:
            log.warning("not forgotten yet", why=str(error))
            return None

    async def _is_forgotten(self, person: PersonId) -> bool:
        try:
            self._leave_out(person)
            for path in self._state.journals():
                if path != self._present:
                    await asyncio.to_thread(redaction.let_go, path, person)
            return await self._is_gone_from_present(person)
        except (BaywardError, sqlite3.Error) as error:
            log.warning("not forgotten yet", why=str(error))
            return False

    def _leave_out(self, person: PersonId) -> None:
        known = self._office.directory
        rest = tuple(one for one in known.recipients if one.person != person)
        if len(rest) < len(known.recipients):
            keep_directory(self._state, self._office, replace(known, recipients=rest))

    async def _is_gone_from_present(self, person: PersonId) -> bool:
        found = await asyncio.to_thread(redaction.find, self._present, person)

        def take_out() -> bool:
            is_ready = self._clerk.is_ready_to_forget(person, found)
            if is_ready:
                self._clerk.forget(person, found)
            return is_ready

        return await self._office.on_clerks_thread(take_out)
