"""Samples of the kiosk, in every state that matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy
from bayward.ui.gallery import Sample
from bayward.ui.gallery.world import DOOR_14, WALL, ago
from bayward.ui.views import kiosk
from bayward.ui.views.base import Language, Problem


def frame(path: str, language: str = "en", *, back: str | None = "/kiosk") -> kiosk.Frame:
    """The frame of one screen."""
    languages = tuple(
        Language(code, f"{path}?lang={code}", is_current=code == language)
        for code in ("en", "es", "pl", "de")
    )
    return kiosk.Frame(bank="Lobby A", languages=languages, path=path, back=back, idle_s=600)


BAR = kiosk.CourierBar(carrier="UPS", courier="7K2", delivered=3)
WHO = kiosk.Match(ref="m1", unit="4B", name="M··· O·····")
SIZES = (
    kiosk.Size("S", 400, 110, 450, free=14, free_low=6),
    kiosk.Size("M", 400, 190, 450, free=8, free_low=3),
    kiosk.Size("L", 400, 390, 450, free=1),
    kiosk.Size("XL", 400, 790, 450, free=0),
)
OPEN = KnownDoor(is_closed=False, is_occupied=None, at=ago(1))
CLOSED = replace(OPEN, is_closed=True)
UNKNOWN = UnknownDoor(since=ago(4), why=UnknownWhy.BUS_SILENT)
PANEL = kiosk.DoorPanel(number="14", wall=WALL, position=DOOR_14, door=OPEN)
RECEIPT = f"https://lockers.northgate.example/receipt/bank_{26 * '7'}/{32 * 'k'}"
CONTACT = "Ines Duarte, front desk, 555 0142"


def attract(language: str = "en") -> kiosk.Attract:
    """The first screen."""
    return kiosk.Attract(
        frame=frame("/kiosk", language, back=None),
        presence_number="4821",
        presence_url="https://lockers.northgate.example/here/0c7m2k9v4x/8kq2m1",
    )


def collecting() -> Iterator[Sample]:
    """The resident's way."""
    first = attract()
    yield Sample("kiosk/attract", first)
    offline = replace(first.frame, is_offline=True)
    yield Sample(
        "kiosk/attract-offline",
        replace(first, frame=offline, presence_number=None, presence_url=None),
    )
    for language in ("es", "pl", "de"):
        yield Sample(f"kiosk/attract-{language}", attract(language), language)
    code = kiosk.CollectCode(frame=frame("/kiosk/collect"))
    yield Sample("kiosk/collect-code", code)
    yield Sample("kiosk/collect-code-pl", replace(code, frame=frame("/kiosk/collect", "pl")), "pl")
    yield Sample("kiosk/collect-code-typed-only", replace(code, is_camera_offered=False))
    loud = replace(code.frame, is_large_text=True, is_high_contrast=True)
    yield Sample("kiosk/collect-code-large-contrast", replace(code, frame=loud))
    late = replace(code.frame, is_idle_warning_shown=True)
    yield Sample("kiosk/timeout-warning", replace(code, frame=late))
    second = kiosk.SecondPerson(frame=frame("/kiosk/second"))
    yield Sample("kiosk/second-person", second)
    yield Sample(
        "kiosk/second-person-de", replace(second, frame=frame("/kiosk/second", "de")), "de"
    )
    yield Sample("kiosk/second-person-first", replace(second, is_recipient_awaited=True))
    refused = kiosk.Refused(frame=frame("/kiosk/collect"))
    yield Sample("kiosk/refused-for-two", replace(refused, retry="/kiosk", is_for_two=True))
    yield Sample("kiosk/refused", refused)
    yield Sample("kiosk/refused-wait", replace(refused, retry_in_s=272))
    door = kiosk.DoorOpen(frame=frame("/kiosk/door", back=None), panel=PANEL)
    yield Sample("kiosk/door-open", door)
    yield Sample("kiosk/door-opening", replace(door, panel=replace(PANEL, door=None)))
    yield Sample("kiosk/door-closed", replace(door, panel=replace(PANEL, door=CLOSED)))
    yield Sample("kiosk/door-unknown", replace(door, panel=replace(PANEL, door=UNKNOWN)))
    stuck = replace(PANEL, door=CLOSED, is_jammed=True)
    yield Sample("kiosk/door-jammed", replace(door, panel=stuck, parcels=2))
    inside = replace(PANEL, door=CLOSED, is_still_inside=True)
    yield Sample("kiosk/door-still-inside", replace(door, panel=inside))
    thanks = kiosk.Thanks(frame=frame("/kiosk/thanks", back=None), leave_after_s=600)
    receipt = kiosk.ReceiptCode(url=RECEIPT, door="14")
    yield Sample("kiosk/thanks", replace(thanks, receipt=receipt))
    yield Sample("kiosk/thanks-island", thanks)
    left = replace(thanks, what="delivered", receipt=replace(receipt, number=2, count=3))
    yield Sample("kiosk/thanks-delivered", left)
    cut = replace(thanks.frame, is_offline=True)
    yield Sample("kiosk/thanks-delivered-offline", replace(left, frame=cut))
    yield Sample("kiosk/thanks-cancelled", replace(thanks, what="cancelled"))
    yield Sample("kiosk/thanks-next", replace(thanks, next_href="/kiosk/door?next"))


def delivering() -> Iterator[Sample]:
    """The courier's way."""
    sign_in = kiosk.CourierSignIn(frame=frame("/kiosk/deliver"), is_badge_offered=True)
    yield Sample("kiosk/courier-sign-in", sign_in)
    yield Sample(
        "kiosk/courier-sign-in-wrong",
        replace(sign_in, is_badge_offered=False, problem=Problem("credential.refused")),
    )
    tracking = kiosk.TrackingNumber(frame=frame("/kiosk/deliver/parcel"), courier=BAR)
    yield Sample("kiosk/tracking-number", tracking)
    yield Sample(
        "kiosk/tracking-number-wrong",
        replace(tracking, value="1Z5R8939", problem=Problem("tracking.malformed")),
    )
    find = kiosk.FindRecipient(
        frame=frame("/kiosk/deliver/recipient"), courier=BAR, tracking="1Z5R89390357567127"
    )
    yield Sample("kiosk/find-recipient", find)
    matches = (WHO, kiosk.Match(ref="m2", unit="2A", name="M·· O····"))
    yield Sample("kiosk/find-recipient-found", replace(find, query="oka", matches=matches))
    yield Sample("kiosk/find-recipient-none", replace(find, query="xyz", matches=()))
    size = kiosk.ChooseSize(
        frame=frame("/kiosk/deliver/size", back="/kiosk/deliver/recipient"),
        courier=BAR,
        recipient=WHO,
        sizes=SIZES,
    )
    yield Sample("kiosk/choose-size", size)
    yield Sample("kiosk/choose-size-low", replace(size, is_low_needed=True))
    put_in = kiosk.PutIn(
        frame=frame("/kiosk/deliver/door", back=None), courier=BAR, panel=PANEL, recipient=WHO
    )
    yield Sample("kiosk/put-in", put_in)
    yield Sample("kiosk/put-in-opening", replace(put_in, panel=replace(PANEL, door=None)))
    confirm = kiosk.Confirm(
        frame=frame("/kiosk/deliver/confirm", back=None),
        courier=BAR,
        number="14",
        recipient=WHO,
        tracking="1Z5R8…7127",
    )
    yield Sample("kiosk/confirm", confirm)
    yield Sample("kiosk/confirm-empty", replace(confirm, sees_parcel=False))
    full = kiosk.BankFull(
        frame=frame("/kiosk/deliver/full"),
        courier=BAR,
        larger=SIZES[2:3],
        overflow="Front desk, until 20:00",
    )
    yield Sample("kiosk/bank-full", full)
    yield Sample("kiosk/bank-full-all", replace(full, courier=None, larger=()))


def trouble() -> Iterator[Sample]:
    """When nothing opens."""
    locked = kiosk.LockedDown(frame=frame("/kiosk", back=None), since=ago(24), contact=CONTACT)
    yield Sample("kiosk/locked-down", locked)
    yield Sample(
        "kiosk/locked-down-es", replace(locked, frame=frame("/kiosk", "es", back=None)), "es"
    )
    yield Sample(
        "kiosk/out-of-order",
        kiosk.OutOfOrder(
            frame=frame("/kiosk", back=None),
            problem=Problem("journal.not_writable"),
            contact=CONTACT,
        ),
    )
    page = kiosk.Help(frame=frame("/kiosk/help"), contact=CONTACT)
    yield Sample("kiosk/help", page)
    yield Sample("kiosk/help-door", replace(page, topic="door", contact=""))


def in_large_letters() -> Iterator[Sample]:
    """Long words on the smallest screens."""
    locked = kiosk.LockedDown(frame=frame("/kiosk", "es", back=None), since=ago(24))
    bar = replace(BAR, carrier="Mensajeros del Norte")
    shown: dict[str, kiosk.KioskView] = {
        "locked-down": replace(locked, contact=CONTACT),
        "tracking-number": kiosk.TrackingNumber(
            frame=frame("/kiosk/deliver/parcel", "es"), courier=bar
        ),
        "put-in": kiosk.PutIn(
            frame=frame("/kiosk/deliver/door", "es", back=None),
            courier=bar,
            panel=PANEL,
            recipient=WHO,
        ),
        "thanks": kiosk.Thanks(
            frame=replace(frame("/kiosk/thanks", "es", back=None), is_offline=True),
            what="delivered",
            leave_after_s=600,
            receipt=kiosk.ReceiptCode(url=RECEIPT, door="14", number=2, count=3),
        ),
        "help": kiosk.Help(frame=frame("/kiosk/help", "es"), contact=CONTACT),
    }
    for name, view in shown.items():
        large = replace(view.frame, is_large_text=True)
        yield Sample(f"kiosk/{name}-es-large", replace(view, frame=large), "es")


def samples() -> Iterator[Sample]:
    """All of this file."""
    yield from collecting()
    yield from delivering()
    yield from trouble()
    yield from in_large_letters()
