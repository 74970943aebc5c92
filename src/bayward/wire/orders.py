"""Orders on the wire, and as rows of the command table: one object with its `kind` inside.

`core.commands` knows no JSON. Each order there has one struct here, with every text bounded; the
conversions go through one table, so that a new order is one struct and one line.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from bayward.core import commands
from bayward.core.clock import Instant
from bayward.core.commands import SCOPE_BANK, Order
from bayward.core.errors import Invalid
from bayward.core.ids import CompartmentId, GrantId, Id, PersonId
from bayward.wire import limits

_ID_TAIL = "[0-9a-hjkmnp-tv-z]{25}[048cgmrw]"  # 128 bits in 130: the last two are zero
_ID_CHARS = 27


def id_meta(kind: type[Id]) -> Meta:
    """The one spelling of an id of this kind."""
    length = len(kind.prefix) + _ID_CHARS
    return Meta(pattern=f"^{kind.prefix}_{_ID_TAIL}$", min_length=length, max_length=length)


GrantText: TypeAlias = Annotated[str, id_meta(GrantId)]
PersonText: TypeAlias = Annotated[str, id_meta(PersonId)]
CompartmentText: TypeAlias = Annotated[str, id_meta(CompartmentId)]
ScopeText: TypeAlias = Annotated[
    str,
    Meta(
        pattern=rf"^({SCOPE_BANK}|cmp_{_ID_TAIL})(?!\n)$",  # Python's $ lets a newline through
        max_length=len("cmp") + _ID_CHARS,
    ),
]
InstantNumber: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
ReasonText: TypeAlias = Annotated[str, Meta(max_length=limits.REASON_CHARS_MAX)]
NameText: TypeAlias = Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)]
CarrierText: TypeAlias = Annotated[str, Meta(max_length=limits.CARRIER_CHARS_MAX)]
ModesText: TypeAlias = Annotated[
    str, Meta(pattern=r"^([a-z]+(,[a-z]+)*)?(?!\n)$", max_length=limits.CARRIER_CHARS_MAX)
]
PresenceText: TypeAlias = Annotated[str, Meta(max_length=limits.PRESENCE_CHARS_MAX)]


class WireOrder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of the orders; `kind` is the tag."""


class AdmitCourier(WireOrder, frozen=True, tag="admit_courier", omit_defaults=True):
    """A courier may deposit here until then; `modes`: and open compartments of these."""

    person: PersonText
    name: NameText
    carrier: CarrierText
    until: InstantNumber
    modes: ModesText = ""


class DismissCourier(WireOrder, frozen=True, tag="dismiss_courier"):
    """No longer."""

    person: PersonText


class OpenForGrant(WireOrder, frozen=True, tag="open_for_grant"):
    """A resident's tap, with the number the kiosk shows."""

    grant: GrantText
    presence: PresenceText
    actor: PersonText


class RotateCode(WireOrder, frozen=True, tag="rotate_code"):
    """A new code for a grant."""

    grant: GrantText


class RevokeGrant(WireOrder, frozen=True, tag="revoke_grant"):
    """A grant is withdrawn."""

    grant: GrantText
    reason: ReasonText


class EngageLockdown(WireOrder, frozen=True, tag="engage_lockdown"):
    """Lock down the bank or one compartment."""

    scope: ScopeText
    actor: PersonText
    reason: ReasonText


class ReleaseLockdown(WireOrder, frozen=True, tag="release_lockdown"):
    """The administrator's override."""

    scope: ScopeText
    actor: PersonText
    reason: ReasonText


class BlockCompartment(WireOrder, frozen=True, tag="block_compartment"):
    """Out of service."""

    compartment: CompartmentText
    actor: PersonText
    reason: ReasonText


class RestoreCompartment(WireOrder, frozen=True, tag="restore_compartment", omit_defaults=True):
    """Back into service; `second` has agreed to it."""

    compartment: CompartmentText
    actor: PersonText
    second: PersonText | None = None


class ForgetPerson(WireOrder, frozen=True, tag="forget_person"):
    """Take whatever names him off the bank's own disk. Since version 2."""

    person: PersonText


AnyWireOrder: TypeAlias = (
    AdmitCourier
    | DismissCourier
    | OpenForGrant
    | RotateCode
    | RevokeGrant
    | EngageLockdown
    | ReleaseLockdown
    | BlockCompartment
    | RestoreCompartment
    | ForgetPerson
)

_PAIRS: dict[type[Order], type[AnyWireOrder]] = {
    commands.AdmitCourier: AdmitCourier,
    commands.DismissCourier: DismissCourier,
    commands.OpenForGrant: OpenForGrant,
    commands.RotateCode: RotateCode,
    commands.RevokeGrant: RevokeGrant,
    commands.EngageLockdown: EngageLockdown,
    commands.ReleaseLockdown: ReleaseLockdown,
    commands.BlockCompartment: BlockCompartment,
    commands.RestoreCompartment: RestoreCompartment,
    commands.ForgetPerson: ForgetPerson,
}
_BACK = {wire: order for order, wire in _PAIRS.items()}
_TYPED = {
    "grant": GrantId,
    "person": PersonId,
    "actor": PersonId,
    "second": PersonId,
    "compartment": CompartmentId,
    "until": Instant,
}
_decoder = msgspec.json.Decoder(AnyWireOrder)


def kind_of(order: Order) -> str:
    """The order's name, as in the `kind` column and in `command.sent`."""
    return kind_of_type(type(order))


def kind_of_type(order: type[Order]) -> str:
    """The name of all orders of one type."""
    return str(_PAIRS[order].__struct_config__.tag)


def order_to_wire(order: Order) -> AnyWireOrder:
    """The struct of an order; raises `Invalid("order.malformed")` when a text is too long."""
    told = {field.name: _plain(getattr(order, field.name)) for field in fields(order)}
    try:
        return msgspec.convert(told, _PAIRS[type(order)])
    except msgspec.ValidationError as error:
        raise Invalid("order.malformed", why=str(error)[: limits.FACT_CHARS_MAX]) from None


def order_from_wire(wire: AnyWireOrder) -> Order:
    """The order of a decoded struct."""
    told = {
        name: _TYPED[name](value) if name in _TYPED and value is not None else value
        for name, value in msgspec.structs.asdict(wire).items()
    }
    return _BACK[type(wire)](**told)


def encode_order(order: Order) -> str:
    """The order as JSON text, `kind` included."""
    return msgspec.json.encode(order_to_wire(order)).decode()


def decode_order(text: str | bytes) -> Order:
    """Read it back; raises `Invalid("order.malformed")`."""
    try:
        return order_from_wire(_decoder.decode(text))
    except (ValueError, RecursionError) as error:
        raise Invalid("order.malformed", why=str(error)[: limits.FACT_CHARS_MAX]) from None


def _plain(value: object) -> object:
    """What msgspec takes: no subclasses of `str`."""
    return str(value) if isinstance(value, str) else value
