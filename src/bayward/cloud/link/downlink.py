"""What the control plane wants of a connected bank: orders carried out, a directory taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bayward.core.clock import SECOND_MS, Clock
from bayward.core.commands import Command, CommandResult
from bayward.core.errors import BaywardError, Unavailable
from bayward.core.ids import CommandId
from bayward.wire.link import CloudLink, State, directory_pages
from bayward.wire.link import events as e
from bayward.wire.messages import Recipient

COMMAND_MS_MAX = 30 * SECOND_MS  # how long a caller waits for an order that could wait a day
COMMAND_GRACE_MS = 10 * SECOND_MS  # an answer to an order carried out at the last moment

T = TypeVar("T")


class Downlink:
    """Matches callers with answers of one connection; `flush` sends what the link has ready."""

    def __init__(self, link: CloudLink, clock: Clock, flush: Callable[[], Awaitable[None]]) -> None:
        self._link = link
        self._clock = clock
        self._flush = flush
        self._room = asyncio.Event()
        self._commands: dict[CommandId, asyncio.Future[CommandResult]] = {}
        self._pushing = asyncio.Lock()
        self._page: asyncio.Future[None] | None = None

    async def command(self, command: Command) -> CommandResult:
        """Send an order made for this connection and wait for its outcome.

        The same order asked for twice is sent once. Raises `Unavailable` with `link.lost`,
        `link.no_answer` or `link.other_connection`.
        """
        if command.epoch != self._link.epoch:
            raise Unavailable("link.other_connection", command=command.id)
        outcome = self._commands.get(command.id)
        if outcome is None:
            outcome = asyncio.get_running_loop().create_future()
            self._commands[command.id] = outcome
            outcome.add_done_callback(lambda _: self._commands.pop(command.id, None))
            try:
                await self._send(command)
            except BaywardError as error:
                _fail(outcome, error)
            except BaseException:
                outcome.cancel()
                raise
        return await asyncio.shield(outcome)

    async def push_directory(self, revision: int, recipients: Sequence[Recipient]) -> None:
        """Send the whole directory, page by page, and wait until the bank has it.

        Raises `Unavailable("link.lost")`, or `LimitExceeded` when there are too many.
        """
        pages = directory_pages(revision, recipients)
        async with self._pushing:
            for page in pages:
                self._check_live()
                taken = self._page = asyncio.get_running_loop().create_future()
                self._link.page(page, self._clock.monotonic_ms())
                await self._flush()
                await taken

    def heard(self, event: e.CommandEnded | e.PageTaken) -> None:
        """The bank has answered, or its time has passed."""
        if isinstance(event, e.PageTaken):
            _resolve(self._page, None)
            return
        outcome = self._commands.get(event.command)
        if event.is_done is None:
            _fail(outcome, Unavailable("link.no_answer", command=event.command))
        else:
            _resolve(outcome, CommandResult(event.command, event.is_done, event.result))

    def make_room(self) -> None:
        """Something was answered: whoever waits for room may look again."""
        self._room.set()

    def lost(self) -> None:
        """The connection has ended, and with it every wait."""
        for outcome in list(self._commands.values()):
            _fail(outcome, Unavailable("link.lost"))
        _fail(self._page, Unavailable("link.lost"))
        self._room.set()

    async def _send(self, command: Command) -> None:
        left_ms = command.not_after - self._clock.now()
        within_ms = max(0, min(left_ms, COMMAND_MS_MAX)) + COMMAND_GRACE_MS
        try:
            async with asyncio.timeout(within_ms / SECOND_MS):
                while self._link.state is State.LIVE and not self._link.has_room():
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise Unavailable("link.no_answer", command=command.id) from None
        self._check_live()
        self._link.command(command, self._clock.monotonic_ms(), within_ms=within_ms)
        await self._flush()

    def _check_live(self) -> None:
        if self._link.state is not State.LIVE:
            raise Unavailable("link.lost")


def _resolve(future: asyncio.Future[T] | None, result: T) -> None:
    if future is not None and not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T] | None, error: BaywardError) -> None:
    if future is not None and not future.done():
        future.set_exception(error)
        future.exception()  # seen: whoever waited may have gone
