"""The keys a pack names: whose signatures to expect in it. They vouch for nothing.

They are lines of a C2SP tlog-policy (`ledger.known`), so that a reader can hold them against the
ones he has, and take over those he believes.
"""

from __future__ import annotations

from collections.abc import Iterable

from bayward.ledger.keys import VerifierKey


def write_policy(logs: Iterable[VerifierKey]) -> bytes:
    """The policy of a pack: its logs, and nothing demanded."""
    return "".join(f"log {key.vkey}\n" for key in logs).encode() + b"quorum none\n"
