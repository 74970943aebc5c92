"""Items: evidence, medicine and parcels that have exactly one holder at each moment.

An item is in the hands of a person, in a compartment, or with an outside party; it changes hands
only when both sides say so. The holder makes an `Offer`; who receives it accepts, each with a
second factor of his own (`core.policy`). What leaves the house or is destroyed has nobody on the
other side who could sign in, so a witness does: a second person, never the holder himself.

Here are the words and the table; `core.item_rules` says which event may follow which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bayward.core.clock import MINUTE_MS, Instant
from bayward.core.errors import Conflict
from bayward.core.ids import ItemId, PartyId, PersonId

OFFER_LIFE_MS = 30 * MINUTE_MS  # to cross a building and sign in; what waits longer is forgotten


class ItemKind(StrEnum):
    """What an item is."""

    EVIDENCE = "evidence"
    MEDICINE = "medicine"
    PARCEL = "parcel"


class ItemState(StrEnum):
    """Where an item is, as its log tells."""

    HELD = "held"  # in the hands of a person
    OFFERED = "offered"  # still with its holder; somebody has to say yes
    STORED = "stored"  # in a compartment
    OUTSIDE = "outside"  # with a party that does not sign in here
    DISPOSED = "disposed"


class ItemMove(StrEnum):
    """What can happen to an item."""

    OFFER = "offer"
    ACCEPT = "accept"
    RELEASE = "release"
    DISPOSE = "dispose"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    STORE = "store"
    FETCH = "fetch"
    RETURN = "return"
    TAKE = "take"
    DRAW = "draw"


class OfferKind(StrEnum):
    """What is offered, and so whose yes is needed."""

    HAND_OVER = "hand_over"  # the receiver's
    RELEASE = "release"  # a witness's: the party signs on paper
    DISPOSAL = "disposal"  # a witness's
    DISPENSE = "dispense"  # of a stock, to somebody; a witness's (`core.medicine`)
    WASTE = "waste"  # a part of it is destroyed; a witness's
    CORRECTION = "correction"  # it was counted wrong; a witness's


class SealState(StrEnum):
    """What a seal looked like when it was last looked at."""

    INTACT = "intact"
    BROKEN = "broken"


class SealFound(StrEnum):
    """What is found in place of the record's seal when somebody outside has opened it."""

    REPLACED = "replaced"  # another seal, put on outside
    MISSING = "missing"  # none


_S = ItemState
_M = ItemMove
TRANSITIONS: dict[tuple[ItemState, ItemMove], ItemState] = {
    (_S.HELD, _M.OFFER): _S.OFFERED,
    (_S.OFFERED, _M.ACCEPT): _S.HELD,
    (_S.OFFERED, _M.RELEASE): _S.OUTSIDE,
    (_S.OFFERED, _M.DISPOSE): _S.DISPOSED,
    (_S.OFFERED, _M.REFUSE): _S.HELD,
    (_S.OFFERED, _M.WITHDRAW): _S.HELD,
    (_S.OFFERED, _M.LAPSE): _S.HELD,
    (_S.OUTSIDE, _M.RETURN): _S.HELD,
    (_S.OFFERED, _M.DRAW): _S.HELD,
    (_S.HELD, _M.DRAW): _S.HELD,
    (_S.HELD, _M.TAKE): _S.HELD,
    (_S.OUTSIDE, _M.TAKE): _S.HELD,
    (_S.STORED, _M.TAKE): _S.HELD,
    # What a bank reports has happened; where it comes from is not asked.
    (_S.HELD, _M.STORE): _S.STORED,
    (_S.OFFERED, _M.STORE): _S.STORED,
    (_S.OUTSIDE, _M.STORE): _S.STORED,
    (_S.STORED, _M.STORE): _S.STORED,
    (_S.STORED, _M.FETCH): _S.HELD,
    (_S.HELD, _M.FETCH): _S.HELD,
    (_S.OFFERED, _M.FETCH): _S.HELD,
    (_S.OUTSIDE, _M.FETCH): _S.HELD,
}

ENDS = {
    OfferKind.HAND_OVER: ItemMove.ACCEPT,
    OfferKind.RELEASE: ItemMove.RELEASE,
    OfferKind.DISPOSAL: ItemMove.DISPOSE,
    OfferKind.DISPENSE: ItemMove.DRAW,
    OfferKind.WASTE: ItemMove.DRAW,
    OfferKind.CORRECTION: ItemMove.DRAW,
}


class HolderKind(StrEnum):
    """Who or what can have an item."""

    PERSON = "person"
    COMPARTMENT = "compartment"
    PARTY = "party"
    NOBODY = "nobody"  # it was disposed of


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has it: `ref` is the id of a person, a compartment or a party.

    `name` is what a party was called when it was named; in entries from before parties had ids
    that is all there is, and `ref` as well.
    """

    kind: HolderKind
    ref: str
    name: str = field(default="", compare=False)

    @property
    def called(self) -> str:
        """What is known of him here: the name of a party, the id of everything else."""
        return self.name or self.ref


NOBODY = Holder(HolderKind.NOBODY, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The holder is ready to give it away until `until`; nothing has changed hands yet."""

    kind: OfferKind
    until: Instant
    to: PersonId | None = None  # of a hand-over
    party: str | None = None  # of a release
    party_id: PartyId | None = None  # the same by his id
    authority: str | None = None  # of a disposal, a release, or a prescription
    count: int | None = None  # of a stock: how many are drawn, or how many there are
    scope: str | None = None  # of a transfer: path of the node where it is kept from then on


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """So many of one lot of a medicine; `unit` is what is counted."""

    count: int
    unit: str
    lot: str
    expires_on: str | None = None  # the last day, YYYY-MM-DD
    is_controlled: bool = False
    is_count_due: bool = False  # its holder counts before he passes it on
    is_doubted: bool = False  # somebody has counted another number


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item, as the events so far tell."""

    id: ItemId
    kind: ItemKind
    state: ItemState
    holder: Holder
    since: Instant  # this holder
    offer: Offer | None = None
    seal: str | None = None
    seal_state: SealState | None = None
    seal_broken_at: Instant | None = None  # a seal was first found broken or changed; for good
    is_broken: bool = False  # its custody is not unbroken
    stock: Stock | None = None  # of medicine that is counted
    out_since: Instant | None = None  # taken out of a compartment then, and not back since


def moved(state: ItemState, move: ItemMove) -> ItemState:
    """The state after `move`; raises `Conflict` when the table has no such line."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise Conflict("item.move", state=state.value, move=move.value) from None
