"""What is asked of a time-stamp authority, whichever program answers; ours is `tsa`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Revoked:
    """A list of revoked certificates and the certificate of its issuer, both in DER."""

    listed: bytes
    issuer: bytes


class Stamper(Protocol):
    """A time-stamp authority."""

    async def stamp(self, data: bytes) -> bytes:
        """A verified RFC 3161 response over these bytes."""

    async def revoked(self, token: bytes, data: bytes) -> Revoked | None:
        """What the issuer of the certificate of such a response has revoked, if it can be had."""
