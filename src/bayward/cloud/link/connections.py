"""Which banks are connected to this process, and the way to reach them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bayward.cloud.link.session import Session
from bayward.core.commands import Command, CommandResult
from bayward.core.errors import Unavailable
from bayward.core.ids import BankId
from bayward.wire.messages import Recipient


class Connections:
    """The sessions of this process, at most one for each bank."""

    def __init__(self) -> None:
        self._sessions: dict[BankId, Session] = {}

    def is_connected(self, bank: BankId) -> bool:
        """Can the bank be reached now?"""
        session = self._sessions.get(bank)
        return session is not None and session.is_live

    def connected(self) -> frozenset[BankId]:
        """Every bank that can be reached now."""
        return frozenset(bank for bank in self._sessions if self.is_connected(bank))

    def epoch(self, bank: BankId) -> str:
        """The nonce of the bank's connection, for its commands; raises `Unavailable`."""
        return self._live(bank).epoch

    async def send_command(self, bank: BankId, command: Command) -> CommandResult:
        """Have a bank carry out an order, and wait for how it ended.

        `command.epoch` must be that of the present connection. Raises `Unavailable` with
        `link.not_connected`, `link.other_connection`, `link.lost` (the connection broke; whether
        the order was carried out is in the bank's log, later) or `link.no_answer`.
        """
        return await self._live(bank).down.command(command)

    async def push_directory(
        self, bank: BankId, revision: int, recipients: Sequence[Recipient]
    ) -> None:
        """Replicate who can be delivered to; returns when the bank has it all.

        Raises `Unavailable` with `link.not_connected` or `link.lost`, and `LimitExceeded` beyond
        `RECIPIENTS_MAX`.
        """
        await self._live(bank).down.push_directory(revision, recipients)

    def drop(self, bank: BankId, reason: str = "link.dropped") -> bool:
        """End the bank's connection at once; False when it has none. It may come back."""
        session = self._sessions.get(bank)
        if session is not None:
            session.drop(reason)
        return session is not None

    async def enter(self, session: Session) -> None:
        """Take the place of the bank's older connection, once that has finished its writing."""
        bank = session.device.bank
        older = self._sessions.get(bank)
        self._sessions[bank] = session
        if older is not None:
            older.drop("link.replaced")
            await asyncio.shield(older.ended)

    def leave(self, session: Session) -> None:
        """The connection has ended."""
        session.has_ended()
        if self._sessions.get(session.device.bank) is session:
            del self._sessions[session.device.bank]

    def _live(self, bank: BankId) -> Session:
        session = self._sessions.get(bank)
        if session is None or not session.is_live:
            raise Unavailable("link.not_connected", bank=bank)
        return session
