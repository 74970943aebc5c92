"""Messages: HTML and text from the same view, by `Renderer.mail`.

The QR is an inline picture: `Renderer.mail` returns it as a part with the Content-ID the HTML
refers to. Digits appear here because the message is the one place outside the phone and the
edge that has them; the link carries them behind `#`, where no server sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import Facts
from bayward.ui.views.wall import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """A message; `template` without its ending: `.html` and `.txt` exist, subject is in locale."""

    template: ClassVar[str]
    site: str  # who writes: "Northgate House"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelReady(MailView):
    """A parcel waits: code, QR, link."""

    template: ClassVar[str] = "mail/parcel_ready"
    person: str
    code: str  # "48219037"
    pickup_pass: str  # "L1:…", drawn as the QR picture
    link: str  # https://…/p/{token}#c=48219037
    compartment: str
    reach: Reach
    where: str
    until: Instant
    carrier: str = ""
    tracking_masked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder(MailView):
    """A parcel still waits. No code: the one in the first message stays good."""

    template: ClassVar[str] = "mail/reminder"
    person: str
    link: str  # without digits: the phone kept them
    compartment: str
    where: str
    until: Instant
    is_overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected(MailView):
    """Somebody took the parcel; `by` None: the person who reads this."""

    template: ClassVar[str] = "mail/collected"
    person: str
    link: str
    compartment: str
    where: str
    at: Instant
    by: str | None = None
    forced_at: Instant | None = None  # before that: nobody knows whether it was still in it


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorForced(MailView):
    """The door of a parcel was forced open, and nobody knows what became of it."""

    template: ClassVar[str] = "mail/door_forced"
    person: str
    link: str
    compartment: str
    where: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierCode(MailView):
    """Somebody's own code for one bank: a courier's, or of one who opens doors for two.

    `modes` are those of the doors, keys of [mail.keeper_code]; none for a courier.
    """

    template: ClassVar[str] = "mail/courier_code"
    person: str
    carrier: str
    code: str
    where: str
    until: Instant
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink(MailView):
    """A link that signs in once."""

    template: ClassVar[str] = "mail/sign_in_link"
    link: str
    minutes: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(MailView):
    """An account was made for you: `link` is /setup/{token}."""

    template: ClassVar[str] = "mail/invitation"
    person: str
    role: str
    tenant: str
    link: str
    until: Instant


class Severity(StrEnum):
    """How loud an incident is."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAlert(MailView):
    """Something needs a person now; `kind` and `facts` as in the log."""

    template: ClassVar[str] = "mail/incident_alert"
    kind: str
    facts: Facts
    severity: Severity
    where: str
    at: Instant
    link: str
    is_locked_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked(MailView):
    """Somebody is to be erased; without `due` another administrator has to confirm it."""

    template: ClassVar[str] = "mail/erasure_asked"
    due: Instant | None
    link: str
