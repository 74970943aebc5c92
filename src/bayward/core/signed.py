"""How sure it is that who is named in a line of custody wrote it.

A fresh code is asked of some acts and not of others (`core.policy`), so a form must not say of
all of its lines what is so of some.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bayward.core.events import Event, EventType

_T = EventType


class Signed(StrEnum):
    """What was shown for a line."""

    CODE = "code"  # a fresh code of his own, for this very line, by who is named
    WITNESS = "witness"  # one by the witness; who is named had shown his for the offer before it
    SESSION = "session"  # nothing: he was signed in, perhaps for hours
    BANK = "bank"  # what somebody showed at a bank, or an order to it; the bank's own log tells
    PROGRAM = "program"  # nobody


SIGNED: Mapping[EventType, Signed] = {
    _T.ITEM_REGISTERED: Signed.CODE,
    _T.CUSTODY_OFFERED: Signed.CODE,
    _T.CUSTODY_ACCEPTED: Signed.CODE,
    _T.CUSTODY_RETURNED: Signed.CODE,
    _T.CUSTODY_TAKEN: Signed.CODE,
    _T.CUSTODY_RELEASED: Signed.WITNESS,
    _T.ITEM_DISPOSED: Signed.WITNESS,
    _T.CUSTODY_REFUSED: Signed.SESSION,
    _T.CUSTODY_WITHDRAWN: Signed.SESSION,
    _T.SEAL_APPLIED: Signed.SESSION,
    _T.SEAL_CHECKED: Signed.SESSION,
    _T.ITEM_PHOTOGRAPHED: Signed.SESSION,
    _T.ITEM_COUNTED: Signed.SESSION,
    _T.CUSTODY_STORED: Signed.BANK,
    _T.CUSTODY_FETCHED: Signed.BANK,
    _T.CUSTODY_LAPSED: Signed.PROGRAM,
    _T.CUSTODY_BROKEN: Signed.BANK,
}
"""Of each type of event; of `item.drawn` see `signed_of`."""


def signed_of(event: Event) -> Signed:
    """What was shown for this line; a draw needs a witness or none (`core.medicine`)."""
    if event.type is _T.ITEM_DRAWN:
        return Signed.CODE if event.witness is None else Signed.WITNESS
    return SIGNED.get(event.type, Signed.PROGRAM)
