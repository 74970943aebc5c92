"""The view of each page, from what the agent shows and what this screen remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bayward.core.clock import SECOND_MS, Instant
from bayward.core.compartment import Size as CoreSize
from bayward.core.door import KnownDoor
from bayward.core.ids import LABEL_PREFIX, CompartmentId
from bayward.edge.agent import NOT_FOR_MODE, BankView, Purpose, Recipient, Stage
from bayward.edge.kiosk import places
from bayward.edge.kiosk.session import Session
from bayward.edge.settings import BankSettings
from bayward.ui.i18n import catalogues
from bayward.ui.views import kiosk as views
from bayward.ui.views.base import Language, Problem
from bayward.ui.views.wall import Cell, Reach, Wall, door_label

RECEIPT_S = 30  # to take the telephone out and scan; the next person can touch it away
COURIER_CHARS = 3  # enough to tell two couriers apart, too little to be a name


@dataclass(frozen=True, slots=True)
class Screens:
    """Builds views for one bank."""

    settings: BankSettings
    say_url: str | None = None  # where a screen is read aloud, if this computer can

    def of(self, path: str, bank: BankView, session: Session, topic: str = "") -> views.KioskView:
        """The view of a page that `places.place` allowed."""
        if path == places.HELP:
            return self._help(path, bank, session, topic)
        if bank.trouble is not None:
            return self._out_of_order(path, bank, session)
        if bank.lockdown is not None or bank.visit.stage is Stage.LOCKED_DOWN:
            return self._locked_down(path, bank, session)
        return _PAGES[path](self, path, bank, session)

    def frame(
        self, path: str, bank: BankView, session: Session, back: str | None = places.HOME
    ) -> views.Frame:
        """What stands around a page."""
        languages = catalogues()
        known = [code for code in self.settings.kiosk.languages if code in languages.codes()]
        return views.Frame(
            bank=self.settings.name,
            languages=tuple(
                Language(code, f"{path}?lang={code}", code == session.language) for code in known
            ),
            path=path,
            back=back,
            is_large_text=session.is_large_text,
            is_high_contrast=session.is_high_contrast,
            is_offline=self.settings.cloud is not None and not bank.is_online,
            say_url=self.say_url,
        )

    def panel(self, bank: BankView) -> views.DoorPanel:
        """The door this visit is about."""
        seen = bank.compartment(bank.visit.compartment or CompartmentId())
        number = door_label(seen.built.number)
        wall = Wall.of(
            (one.built for one in bank.compartments),
            lambda _: Cell(),
            kiosk_after=self.settings.kiosk.after_column,
        )
        return views.DoorPanel(
            number=number,
            wall=wall,
            position=wall.position(number, Reach(seen.built.reach)),
            door=seen.door,
            is_jammed=bank.visit.stage is Stage.STUCK,
            is_still_inside=bank.visit.stage is Stage.STILL_INSIDE,
        )

    def attract(self, path: str, bank: BankView, session: Session) -> views.Attract:
        """The first screen."""
        cloud = self.settings.cloud
        is_here_offered = cloud is not None and bank.is_online
        url = f"{cloud.web}/here/{self.settings.bank}/{bank.presence}" if cloud else None
        return views.Attract(
            frame=self.frame(path, bank, session, back=None),
            presence_number=bank.presence if is_here_offered else None,
            presence_url=url if is_here_offered else None,
            presence_until=bank.presence_until if is_here_offered else None,
        )

    def collect(self, path: str, bank: BankView, session: Session) -> views.CollectCode:
        """Type or show the code."""
        return views.CollectCode(
            frame=self.frame(path, bank, session),
            digits=self.settings.kiosk.code_digits,
            is_camera_offered=self.settings.kiosk.has_camera,
        )

    def second(self, path: str, bank: BankView, session: Session) -> views.SecondPerson:
        """One is here; this door needs two."""
        visit = bank.visit
        return views.SecondPerson(
            frame=self.frame(path, bank, session),
            digits=self.settings.kiosk.code_digits,
            is_recipient_awaited=visit.purpose is Purpose.PICKUP and visit.grant is None,
        )

    def refused(self, path: str, bank: BankView, session: Session) -> views.Refused:
        """The one text for every refused code."""
        refusal = session.refusal
        return views.Refused(
            frame=self.frame(path, bank, session),
            retry=refusal.retry if refusal else places.COLLECT,
            retry_in_s=refusal.wait_s if refusal else 0,
            is_for_two=bank.visit.refusal == NOT_FOR_MODE,
        )

    def door(self, path: str, bank: BankView, session: Session) -> views.DoorOpen:
        """Take your parcel."""
        return views.DoorOpen(
            frame=self.frame(path, bank, session),
            panel=self.panel(bank),
            open_until_s=self.settings.controller.door_open_ms_max // SECOND_MS,
        )

    def thanks(self, path: str, bank: BankView, session: Session) -> views.Thanks:
        """Done, with the receipts to take along."""
        frame = self.frame(path, bank, session)
        what = session.farewell or "collected"
        cloud, handed = self.settings.cloud, session.handed
        if cloud is None or not handed:
            return views.Thanks(frame=frame, what=what)
        shown = handed[session.handed_shown]
        return views.Thanks(
            frame=frame,
            what=what,
            leave_after_s=RECEIPT_S,
            receipt=views.ReceiptCode(
                url=f"{cloud.web}/receipt/{self.settings.bank}/{shown.word}",
                door=shown.door,
                number=session.handed_shown + 1,
                count=len(handed),
            ),
        )

    def sign_in(self, path: str, bank: BankView, session: Session) -> views.CourierSignIn:
        """A courier's own code."""
        return views.CourierSignIn(
            frame=self.frame(path, bank, session),
            digits=self.settings.kiosk.code_digits,
            is_camera_offered=self.settings.kiosk.has_camera,
        )

    def tracking(self, path: str, bank: BankView, session: Session) -> views.TrackingNumber:
        """Which parcel?"""
        return views.TrackingNumber(
            frame=self.frame(path, bank, session, back=None),
            courier=courier_bar(bank),
            value=session.draft.tracking,
            is_camera_offered=self.settings.kiosk.has_camera,
            problem=session.draft.take_problem(),
        )

    def recipient(self, path: str, bank: BankView, session: Session) -> views.FindRecipient:
        """For whom?"""
        found = session.draft.matches
        return views.FindRecipient(
            frame=self.frame(path, bank, session, back=places.PARCEL),
            courier=courier_bar(bank),
            tracking=session.draft.tracking,
            query=session.draft.query,
            matches=None if found is None else tuple(map(match, range(len(found)), found)),
            problem=session.draft.take_problem(),
        )

    def size(
        self, path: str, bank: BankView, session: Session
    ) -> views.ChooseSize | views.BankFull:
        """How large?"""
        frame = self.frame(path, bank, session, back=places.RECIPIENT)
        sizes = size_views(bank, session.draft.tracking or bank.visit.tracking or "")
        if bank.visit.stage is Stage.FULL:
            wanted = bank.visit.size or CoreSize.S
            larger = [one for one in sizes if one.free and CoreSize(one.value).rank > wanted.rank]
            return views.BankFull(
                frame=frame,
                courier=courier_bar(bank),
                larger=tuple(larger),
                overflow=self.settings.kiosk.overflow,
            )
        recipient = session.draft.recipient
        return views.ChooseSize(
            frame=frame,
            courier=courier_bar(bank),
            recipient=chosen(session),
            sizes=sizes,
            is_low_needed=recipient is not None and recipient.needs_low,
        )

    def put_in(self, path: str, bank: BankView, session: Session) -> views.PutIn:
        """Put it in and close."""
        return views.PutIn(
            frame=self.frame(path, bank, session),
            courier=courier_bar(bank),
            panel=self.panel(bank),
            recipient=chosen(session),
            open_until_s=self.settings.controller.door_open_ms_max // SECOND_MS,
        )

    def confirm(self, path: str, bank: BankView, session: Session) -> views.Confirm:
        """Is it in?"""
        seen = bank.compartment(bank.visit.compartment or CompartmentId())
        door = seen.door if isinstance(seen.door, KnownDoor) and seen.door.is_closed else None
        return views.Confirm(
            frame=self.frame(path, bank, session),
            courier=courier_bar(bank),
            number=door_label(seen.built.number),
            recipient=chosen(session),
            tracking=bank.visit.tracking or "",
            sees_parcel=door.is_occupied if door is not None else None,
        )

    def _help(self, path: str, bank: BankView, session: Session, topic: str) -> views.Help:
        back = places.places(bank, session)[0]
        return views.Help(
            frame=self.frame(path, bank, session, back=back),
            contact=self.settings.kiosk.contact,
            topic=topic,
        )

    def _locked_down(self, path: str, bank: BankView, session: Session) -> views.LockedDown:
        return views.LockedDown(
            frame=self.frame(path, bank, session, back=None),
            since=bank.lockdown.since if bank.lockdown else Instant(0),
            contact=self.settings.kiosk.contact,
        )

    def _out_of_order(self, path: str, bank: BankView, session: Session) -> views.OutOfOrder:
        return views.OutOfOrder(
            frame=self.frame(path, bank, session, back=None),
            problem=Problem(bank.trouble or ""),
            contact=self.settings.kiosk.contact,
        )


Page = Callable[[Screens, str, BankView, Session], views.KioskView]
_PAGES: Mapping[str, Page] = {
    places.HOME: Screens.attract,
    places.COLLECT: Screens.collect,
    places.SECOND: Screens.second,
    places.REFUSED: Screens.refused,
    places.DOOR: Screens.door,
    places.THANKS: Screens.thanks,
    places.DELIVER: Screens.sign_in,
    places.PARCEL: Screens.tracking,
    places.RECIPIENT: Screens.recipient,
    places.SIZE: Screens.size,
    places.PUT_IN: Screens.put_in,
    places.CONFIRM: Screens.confirm,
}


def courier_bar(bank: BankView) -> views.CourierBar:
    """Who is signed in: carrier and a short name."""
    courier = bank.visit.courier or ""
    short = courier[-COURIER_CHARS:].upper()
    return views.CourierBar(carrier=bank.carrier, courier=short, delivered=bank.visit.deposited)


def match(place: int, recipient: Recipient) -> views.Match:
    """A found recipient under a name that means something in this visit only."""
    return views.Match(ref=str(place), unit=recipient.unit, name=recipient.name)


def chosen(session: Session) -> views.Match:
    """The recipient of the parcel in hand."""
    recipient = session.draft.recipient
    return views.Match("", "", "") if recipient is None else match(0, recipient)


def size_views(bank: BankView, tracking: str = "") -> tuple[views.Size, ...]:
    """The sizes there are for this parcel or item, with what is free of each."""
    for_two = [one for one in bank.compartments if one.built.mode.needs_two]
    rest = [one for one in bank.compartments if not one.built.mode.needs_two]
    is_item = tracking.upper().startswith(LABEL_PREFIX)
    fitting = for_two if is_item and for_two else rest or for_two
    found = []
    for size in CoreSize:
        of_size = [one for one in fitting if one.built.size is size]
        if not of_size:
            continue
        free = [one.built for one in of_size if one.is_free]
        first = of_size[0].built
        found.append(
            views.Size(
                value=size.value,
                width_mm=first.inner_width_mm,
                height_mm=first.inner_height_mm,
                depth_mm=first.inner_depth_mm,
                free=len(free),
                free_low=sum(one.is_within_reach for one in free),
            )
        )
    return tuple(found)
