"""Somebody was erased: what a bank knows without him.

The state is a fold over the log. When what names him has been taken out of the log, a replay gives
another state than the one in memory; `forget` makes that one the same. Codes keep their tags,
which name nobody, so that a dead code is not drawn again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bayward.core.bank import BankState
from bayward.core.clock import Instant
from bayward.core.custody import ParcelState
from bayward.core.events import ERASED, Event, EventType
from bayward.core.fold import buried_with
from bayward.core.ids import PersonId

_NOBODY = PersonId(ERASED)
_INSIDE = (ParcelState.EXPECTED, ParcelState.DEPOSITED, ParcelState.HELD)


def is_tied(bank: BankState, person: PersonId, now: Instant) -> bool:
    """Whether he still has something under way here: a parcel, a grant, a code of his own."""
    if any(one.is_live and one.recipient == person for one in bank.grants.values()):
        return True
    for parcel in bank.parcels.values():
        brings = parcel.courier == person and parcel.state is ParcelState.EXPECTED
        if brings or (parcel.recipient == person and parcel.state in _INSIDE):
            return True
    admission = bank.couriers.get(person)
    return admission is not None and now < admission.until


def is_named(bank: BankState, person: PersonId) -> bool:
    """Whether the state names him anywhere."""
    parcels, grants = bank.parcels.values(), bank.grants.values()
    return (
        person in bank.couriers
        or any(person in (one.recipient, one.courier) for one in parcels)
        or any(one.recipient == person for one in grants)
        or any(one.courier == person for one in bank.tags.values())
    )


def forget(bank: BankState, person: PersonId, erased: Iterable[Event]) -> None:
    """Name him nowhere any more; `erased` are the events as they read now."""
    for parcel in list(bank.parcels.values()):
        rest = parcel
        if parcel.recipient == person:
            rest = replace(rest, recipient=_NOBODY, tracking=None)
        if parcel.courier == person:
            rest = replace(rest, courier=_NOBODY)
        bank.parcels[parcel.id] = rest
    for grant in list(bank.grants.values()):
        if grant.recipient == person:
            bank.grants[grant.id] = replace(grant, recipient=_NOBODY)
    admission = bank.couriers.pop(person, None)
    for tag, use in list(bank.tags.items()):
        if use.courier == person:
            until = use.buried_until if admission is None else buried_with(admission.until)
            bank.tags[tag] = replace(use, courier=None, buried_until=until)
    for event in erased:
        held = bank.lockdowns.get(event.scope or "")
        if event.type is EventType.LOCKDOWN_ENGAGED and held and held.since == event.time:
            bank.lockdowns[held.scope] = replace(held, reason=event.reason or "")
