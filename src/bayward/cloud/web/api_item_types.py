"""What the JSON API takes and gives about items."""

from __future__ import annotations

from bayward.cloud.web.api_types import Given, Reason, Short, Taken


class ItemIn(Taken, frozen=True):
    """Something that is taken into custody; `kind` evidence, medicine or parcel.

    `party` is the name of who brought it, or the id of one who was named before.
    `kept_at` (`ten_…/site_…`, or down to a bank) says who may see it; "" is one's own place.
    """

    kind: Short
    detail: Reason
    case: Short = ""
    exhibit: Short = ""
    party: Reason = ""
    reason: Reason = ""
    seal: Short = ""
    photo: Short = ""
    kept_at: Short = ""
    count: int | None = None
    unit: Short = ""
    lot: Short = ""
    expires_on: Short = ""
    is_controlled: bool = False


class OfferIn(Taken, frozen=True):
    """An offer; `kind` hand_over (with `to`), release (`party`) or disposal (`authority`).

    `party` is a name, or the id of one who was named before.
    A hand-over with `kept_at`, the path of another site, is a transfer to there.
    Of a stock also dispense (`count`, `authority`), waste and correction (`count`, `reason`).
    """

    kind: Short
    to: Short = ""
    party: Reason = ""
    authority: Reason = ""
    reason: Reason = ""
    photo: Short = ""
    count: int | None = None
    kept_at: Short = ""


class ReadingIn(Taken, frozen=True):
    """What is read on the seal, and a picture's SHA-256.

    `result` is intact or broken; of what comes back also replaced, with the number of the new
    seal, or missing, with none.
    """

    seal: Short = ""
    result: Short = ""
    photo: Short = ""
    reason: Reason = ""
    count: int | None = None


class CountIn(Taken, frozen=True):
    """How many somebody has counted."""

    count: int


class WhyIn(Taken, frozen=True):
    """Why."""

    reason: Reason


class SealIn(Taken, frozen=True):
    """A seal that was put on."""

    seal: Short
    reason: Reason = ""


class PhotoIn(Taken, frozen=True):
    """The SHA-256 of a photograph, and what it shows."""

    photo: Short
    detail: Reason = ""


class ItemOut(Given, frozen=True):
    """An item; `holder` and `offered_to` are ids, and a party outside has a name beside his."""

    item: str
    label: str
    kind: str
    case: str | None
    exhibit: str | None
    state: str
    holder_kind: str
    holder: str
    holder_name: str | None
    since: int
    offered_to: str | None
    offered_name: str | None
    offer_kind: str | None
    offer_until: int | None
    seal: str | None
    seal_state: str | None
    is_broken: bool
    seal_broken_at: int | None
    kept_at: str | None
    out_since: int | None
    count: int | None
    unit: str | None
    lot: str | None
    expires_on: str | None
    is_controlled: bool
    is_count_due: bool
    is_doubted: bool
