"""The bank's way to the control plane: dials out, and nothing ever dials in.

uplink       dials, waits, dials again
connection   one connection: the link, the log, the host
dialer       WebSocket over mutual TLS
outbox       the journal, as the uplink needs it
trouble      why it does not work, in words
"""

from __future__ import annotations

from bayward.edge.uplink.dialer import Dialer
from bayward.edge.uplink.outbox import JournalOutbox, LogHead, Outbox
from bayward.edge.uplink.ports import Facts, Host, LinkStatus, OwnLog
from bayward.edge.uplink.trouble import Trouble
from bayward.edge.uplink.uplink import Uplink, UplinkSetup

__all__ = [
    "Dialer",
    "Facts",
    "Host",
    "JournalOutbox",
    "LinkStatus",
    "LogHead",
    "Outbox",
    "OwnLog",
    "Trouble",
    "Uplink",
    "UplinkSetup",
]
