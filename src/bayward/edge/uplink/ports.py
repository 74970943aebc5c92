"""What the uplink needs from the rest of the bank, and what it tells about itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bayward.core.clock import Instant
from bayward.core.commands import Command, CommandResult
from bayward.ledger.checkpoint import Checkpoint
from bayward.wire.messages import Layout, Readings, Recipient, TenantLog, Welcome
from bayward.wire.transport import Transport

Dial = Callable[[], Awaitable[tuple[Transport, int]]]
"""Connects; gives the connection and the protocol version. Raises `edge.uplink.trouble.Trouble`."""


OwnLog = Callable[[int], Awaitable[Checkpoint | None]]
"""The bank's own log at a size; None when that is no size of it. Raises `Unavailable`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What hello says of the bank; `directory_revision` is 0 without a directory."""

    firmware: str
    layout_hash: str
    directory_revision: int


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link stands, for a screen and a log read at three in the morning.

    `code` is stable, `words` say what it means and what to do; both empty while all is well.
    """

    is_up: bool
    since: Instant
    code: str = ""
    words: str = ""


class Host(Protocol):
    """The bank around the uplink. What it raises is told to the control plane by its code."""

    async def carry_out(self, command: Command, epoch: str) -> CommandResult:
        """Carry out an order that came over the connection `epoch`; returns how it ended."""

    async def take_directory(self, revision: int, recipients: tuple[Recipient, ...]) -> None:
        """Replace the directory; returns when it is kept."""

    async def take_welcome(self, welcome: Welcome) -> None:
        """Keep the keys the control plane gave."""

    def take_cosigned(self, cosigned: str, witness_note: str | None) -> Checkpoint | None:
        """Verify and keep a cosigned checkpoint of ours; gives it when it is good and news."""

    def remembered(self) -> int:
        """How many entries of the tenant's log were proven to this bank; 0: none."""

    async def take_tenant_log(self, shown: TenantLog, acked: int, own: OwnLog) -> None:
        """The tenant's log was shown; `acked` of our entries were acknowledged before."""

    def still_connected(self) -> None:
        """Called again and again while the link is live."""

    def take_time(self, cloud: Instant, round_trip_ms: int) -> None:
        """The control plane's clock said `cloud`, at most `round_trip_ms` ago."""

    def take_status(self, status: LinkStatus) -> None:
        """The link came up, went down, or fails in another way than before."""

    def facts(self) -> Facts:
        """What hello says."""

    def layout(self) -> Layout:
        """The bank as built."""

    def readings(self) -> Readings:
        """How the doors stand now."""
