"""A real SMTP server that keeps what it is given: the post office of a simulated world.

Messages arrive over a socket, are parsed by the standard library, and are held newest first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from bayward.core.clock import Clock, Instant

MESSAGES_MAX = 200  # the oldest fall out; a world that waits years must not fill memory
MESSAGE_BYTES_MAX = 2_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived."""

    ref: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    pictures: tuple[tuple[str, bytes], ...]  # (Content-ID, bytes)
    at: Instant


class Mailbox:
    """Listens on loopback; `is_broken` makes it refuse, as servers do."""

    def __init__(
        self,
        clock: Clock,
        on_message: Callable[[Message], None] | None = None,
        *,
        port: int = 0,
    ) -> None:
        self.messages: list[Message] = []
        self.is_broken = False
        self.port = port  # 0: any that is free
        self._clock = clock
        self._on_message = on_message
        self._server: asyncio.Server | None = None
        self._arrived = asyncio.Event()
        self._count = 0

    async def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True, data_size_limit=MESSAGE_BYTES_MAX),
            "127.0.0.1",
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def to(self, address: str) -> list[Message]:
        """What one address received, newest first."""
        return [message for message in self.messages if message.to == address]

    async def wait_for(
        self, address: str, subject_has: str = "", *, after: int = 0, timeout_s: float = 15
    ) -> Message:
        """The next message to `address` beyond the `after` it has had; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while True:
                self._arrived.clear()
                found = [one for one in self.to(address) if subject_has in one.subject]
                if len(found) > after:
                    return found[0]
                await self._arrived.wait()

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take one message in."""
        del server, session
        if self.is_broken:
            return "451 4.3.0 The post office is shut"
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        for to in envelope.rcpt_tos:
            self._keep(to, envelope.mail_from or "", raw)
        return "250 OK"

    def _keep(self, to: str, sender: str, raw: bytes) -> None:
        parsed = message_from_bytes(raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self._count += 1
        message = Message(
            ref=str(self._count),
            sender=sender,
            to=to,
            subject=str(parsed["Subject"] or ""),
            text=_part(parsed, "plain"),
            html=_part(parsed, "html"),
            pictures=tuple(
                (str(part["Content-ID"] or "").strip("<>"), part.get_content())
                for part in parsed.walk()
                if part.get_content_maintype() == "image" and isinstance(part, EmailMessage)
            ),
            at=self._clock.now(),
        )
        self.messages = [message, *self.messages][:MESSAGES_MAX]
        self._arrived.set()
        if self._on_message is not None:
            self._on_message(message)


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    return str(body.get_content()) if body is not None else ""
