"""What the bank-facing listener needs from the rest of the control plane.

`ingest` implements it on the database. The listener calls it for one bank at a time: never two
of these at once for the same device, except `readings`, which may arrive while an upload commits.
"""

from __future__ import annotations

from typing import Protocol

from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.wire.messages import Acked, Hello, Layout, Readings, TenantLog, Upload, Welcome


class Inbox(Protocol):
    """Takes what banks say; each method returns only after what it did is durable.

    Any of them may raise `Unavailable` or `LimitExceeded`: the bank is told to come back later
    (fact `retry_after_ms`, if given). Other errors are told to the bank as refused.
    """

    async def hello(self, device: DeviceIdentity, hello: Hello) -> Welcome:
        """A bank introduces itself.

        Raises `wire.upload.UploadRefused` (from `check_hello`) when its log is not the one that
        was accepted before, after the evidence was kept; the connection is then closed.
        """

    async def upload(self, device: DeviceIdentity, upload: Upload) -> Acked:
        """Verify with `wire.upload.check_upload`, store, commit; gives the acknowledgement.

        Raises `UploadRefused`, after the evidence of a fork was kept.
        """

    async def tenant_log(self, device: DeviceIdentity, size: int) -> TenantLog:
        """Show the tenant's log to a bank that remembers `size` entries of it."""

    async def layout(self, device: DeviceIdentity, layout: Layout) -> None:
        """The bank as built; replaces what was known."""

    async def readings(self, device: DeviceIdentity, readings: Readings) -> None:
        """How the doors stand; only the latest counts."""

    async def connected(self, device: DeviceIdentity, epoch: str) -> None:
        """The bank was welcomed; from now on `Connections.send_command` reaches it.

        `epoch` is the nonce of this connection, to be put into its commands.
        """

    async def disconnected(self, device: DeviceIdentity, epoch: str, reason: str) -> None:
        """That connection has ended; `reason` is a stable code."""
