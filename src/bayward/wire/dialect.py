"""What an older neighbour is told: the same message without what its version does not know.

Unknown fields are refused (`wire.messages`), so a field that came with a version is said only on
connections that speak it. Every such field is optional, and without it the message means what it
always meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from bayward.core.errors import Unavailable
from bayward.wire.messages import Acked, Command, Message, Welcome
from bayward.wire.orders import AdmitCourier, AnyWireOrder, ForgetPerson, RestoreCompartment

M = TypeVar("M", bound=Message)

SINCE: Mapping[type[Message], Mapping[str, int]] = {
    Welcome: {"cosigned": 2},
    Acked: {"cosigned": 2, "witness_note": 2},
}
"""Message → field → the version it came with."""

TENANT_LOG_SINCE = 2
"""The version that a neighbour must speak to be asked for the tenant's log."""

SINCE_OF_ORDERS: Mapping[type[AnyWireOrder], Mapping[str, tuple[int, object]]] = {
    AdmitCourier: {"modes": (2, "")},
    RestoreCompartment: {"second": (2, None)},
}
"""Order → field → the version it came with, and what is said when it is not said."""


ORDERS_SINCE: Mapping[type[AnyWireOrder], int] = {ForgetPerson: 2}
"""Order → the version that a neighbour must speak to be given it; the others all do."""


def spoken(message: M, version: int) -> M:
    """The message as somebody who speaks `version` can read it.

    Raises `Unavailable("link.too_old")` for an order he has no word for.
    """
    if isinstance(message, Command):
        if ORDERS_SINCE.get(type(message.order), 1) > version:
            raise Unavailable("link.too_old", version=version)
        news = SINCE_OF_ORDERS.get(type(message.order), {})
        dropped = {name: default for name, (since, default) in news.items() if since > version}
        if dropped:
            order = msgspec.structs.replace(message.order, **dropped)
            message = msgspec.structs.replace(message, order=order)
    unknown = [name for name, since in SINCE.get(type(message), {}).items() if since > version]
    return msgspec.structs.replace(message, **dict.fromkeys(unknown)) if unknown else message
