"""Which version of the protocol a connection speaks.

The version is agreed in the WebSocket handshake (`Sec-WebSocket-Protocol: bayward.v2,
bayward.v1`), before any message, so that a message never has to be read by somebody who does not
know its version. A program speaks its own version N and N - 1, newest first, and the newest that
both speak is taken; without one the handshake is refused and says so. `hello` repeats the list
inside the channel, so that nobody on the way can talk the two down unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bayward.wire.errors import RemoteProtocolError

VERSIONS: tuple[int, ...] = (2, 1)
"""What this program speaks, newest first: N and N - 1."""

_PREFIX = "bayward.v"


def subprotocol(version: int) -> str:
    """The name of a version in the handshake."""
    return f"{_PREFIX}{version}"


def agree(offered: Iterable[str], versions: Sequence[int] = VERSIONS) -> int | None:
    """The newest version that both sides speak; None when there is none."""
    names = set(offered)
    return next((one for one in sorted(versions, reverse=True) if subprotocol(one) in names), None)


def version_of(name: str | None, versions: Sequence[int] = VERSIONS) -> int:
    """The version that the other side has chosen; raises `RemoteProtocolError` for none of ours."""
    for version in versions:
        if name == subprotocol(version):
            return version
    raise RemoteProtocolError("link.no_common_version", chosen=(name or "none")[:40])


def check_agreed(agreed: int, theirs: Iterable[int], versions: Sequence[int] = VERSIONS) -> None:
    """Raise `RemoteProtocolError("link.downgraded")` unless it is the newest that both speak."""
    if agree(map(subprotocol, theirs), versions) != agreed:
        raise RemoteProtocolError("link.downgraded", agreed=agreed)
