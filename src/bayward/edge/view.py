"""What the kiosk may know, made from what the controller knows."""

from __future__ import annotations

from collections.abc import Sequence

from bayward.core.bank import Space
from bayward.core.clock import Instant
from bayward.core.commands import SCOPE_BANK
from bayward.core.compartment import Compartment
from bayward.core.door import DoorReading, KnownDoor, UnknownDoor, UnknownWhy
from bayward.core.lockdown import Lockdown
from bayward.edge.agent import BankView, CompartmentView, ReceiptWord, Stage, Visit
from bayward.edge.controller import Controller

_HANDED_OVER = frozenset({Stage.DEPOSITED, Stage.COLLECTED})


def bank_view(controller: Controller, receipt: ReceiptWord | None = None) -> BankView:
    """How things stand: no names, no parcels, no codes.

    `receipt` is the newest of this bank; it is shown to the visit it belongs to.
    """
    bank, visit = controller.bank, controller.visit
    if visit.stage not in _HANDED_OVER or (receipt and receipt.compartment != visit.compartment):
        receipt = None
    free = {space.id for space in bank.free()}
    opening = {unlock.compartment for unlock in bank.unlocks.values() if unlock.result is None}
    admission = bank.couriers.get(visit.courier) if visit.courier else None
    doors = {
        compartment: None if compartment in opening and not space.is_open else door_of(space)
        for compartment, space in bank.spaces.items()
    }
    return BankView(
        visit=visit,
        compartments=tuple(
            CompartmentView(built, compartment in free, doors[compartment])
            for compartment, built in bank.layout.items()
        ),
        lockdown=_lockdown(controller),
        is_siren_on=bank.siren_since is not None,
        is_online=False,  # the shell knows
        presence=controller.presence,
        presence_until=controller.presence_until,
        carrier=admission.carrier if admission is not None else "",
        receipt=receipt,
    )


def _lockdown(controller: Controller) -> Lockdown | None:
    """The bank's own, or the newest door's when that is what somebody has just run into."""
    lockdowns = controller.bank.lockdowns
    if SCOPE_BANK in lockdowns or controller.visit.stage is not Stage.LOCKED_DOWN:
        return lockdowns.get(SCOPE_BANK)
    return max(lockdowns.values(), key=lambda one: one.since, default=None)


def out_of_order(layout: Sequence[Compartment], trouble: str) -> BankView:
    """What is left to say when the journal cannot be used: nothing opens, and why."""
    return BankView(
        visit=Visit(stage=Stage.OUT_OF_ORDER),
        compartments=tuple(CompartmentView(one, is_free=False, door=None) for one in layout),
        lockdown=None,
        is_siren_on=False,
        is_online=False,
        presence="",
        presence_until=Instant(0),
        trouble=trouble,
    )


def door_of(space: Space) -> DoorReading:
    """A door as the log knows it."""
    if space.is_open is None:
        why = UnknownWhy.NEVER_READ if space.closed_at is None else UnknownWhy.BUS_SILENT
        return UnknownDoor(space.closed_at or Instant(0), why)
    at = space.open_since if space.is_open else space.closed_at
    return KnownDoor(not space.is_open, space.is_occupied, at or space.since)
