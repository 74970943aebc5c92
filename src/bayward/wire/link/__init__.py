"""The link between a bank and the control plane, as two objects without a socket.

    bank                                   control plane
    EdgeLink ── hello ───────────────────▶ CloudLink       what is my log, which connection
             ◀───────────────── welcome ──                 how much of it is stored
             ── upload, upload, … ───────▶                 at most 4 unanswered
             ◀─────────────────── acked ──                 verified and durable
             ◀───────── command, command ──                at most 8 unanswered
             ── ended ───────────────────▶

Time and bytes come in from outside, so that the same code runs over TLS and in a simulated world.
"""

from __future__ import annotations

from bayward.wire.link.cloud import CloudLink
from bayward.wire.link.edge import EdgeLink
from bayward.wire.link.pages import directory_pages
from bayward.wire.link.states import Flow, State

__all__ = ["CloudLink", "EdgeLink", "Flow", "State", "directory_pages"]
