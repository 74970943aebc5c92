"""What an older neighbour is told: the same message without what its version does not know.

Unknown fields are refused (`wire.messages`), so a field that came with a version is said only on
connections that speak it. Every such field is optional, and without it the message means what it
always meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from bayward.wire.messages import Acked, Message, Welcome

M = TypeVar("M", bound=Message)

SINCE: Mapping[type[Message], Mapping[str, int]] = {
    Welcome: {"cosigned": 2},
    Acked: {"cosigned": 2, "witness_note": 2},
}
"""Message → field → the version it came with."""

TENANT_LOG_SINCE = 2
"""The version that a neighbour must speak to be asked for the tenant's log."""


def spoken(message: M, version: int) -> M:
    """The message as somebody who speaks `version` can read it."""
    unknown = [name for name, since in SINCE.get(type(message), {}).items() if since > version]
    return msgspec.structs.replace(message, **dict.fromkeys(unknown)) if unknown else message
