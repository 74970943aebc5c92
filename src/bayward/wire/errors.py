"""The two errors of the protocol, in the manner of h11.

`RemoteProtocolError` says that the other side broke the rules: close the connection and say so in
a log. `LocalProtocolError` says that our own program did, and is a bug in the code around the
link; no input from the other side ever causes it.
"""

from __future__ import annotations

from bayward.core.errors import Conflict, Invalid


class RemoteProtocolError(Invalid):
    """Raised when bytes from the other side are not what the protocol allows at this point."""


class LocalProtocolError(Conflict):
    """Raised when the program asks a link for something its state does not allow."""
