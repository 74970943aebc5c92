"""Samples of messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bayward.ui.gallery.world import ago, ahead
from bayward.ui.views import mail
from bayward.ui.views.wall import Reach

SITE = "Northgate House"
LINK = "https://lockers.northgate.example/p/7k2m9qxr04tdwzpa66hn3fjc8b"
PASS = "L1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4-2" * 7  # as long as a real one


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to look at."""

    name: str
    view: mail.MailView
    language: str = "en"


def to_residents() -> Iterator[Letter]:
    """From the first message to the last."""
    ready = mail.ParcelReady(
        site=SITE,
        person="Mary Okafor",
        code="48219037",
        pickup_pass=PASS,
        link=f"{LINK}#c=48219037",
        compartment="14",
        reach=Reach.WAIST,
        where="Lobby A",
        until=ahead(7),
        carrier="UPS",
        tracking_masked="1Z 5R8…7127",
    )
    for language in ("en", "es", "pl", "de"):
        yield Letter(f"parcel-ready-{language}", ready, language)
    for is_overdue in (False, True):
        reminder = mail.Reminder(
            site=SITE,
            person="Mary Okafor",
            link=LINK,
            compartment="14",
            where="Lobby A",
            until=ahead(2),
            is_overdue=is_overdue,
        )
        yield Letter(f"reminder-{'overdue' if is_overdue else 'soon'}", reminder)
    collected = mail.Collected(
        site=SITE,
        person="Mary Okafor",
        link=LINK,
        compartment="14",
        where="Lobby A",
        at=ago(60),
    )
    yield Letter("collected-self", collected)
    yield Letter("collected-helper", replace(collected, by="Ada Okafor"))
    for language in ("en", "de", "pl", "es"):
        forced = mail.DoorForced(
            site=SITE,
            person="Mary Okafor",
            link=LINK,
            compartment="14",
            where="Lobby A",
            at=ago(240),
        )
        yield Letter(f"door-forced-{language}", forced, language)
        yield Letter(
            f"collected-forced-{language}",
            replace(collected, forced_at=ago(240)),
            language,
        )
    yield Letter("sign-in-link", mail.SignInLink(site=SITE, link=f"{LINK}/l"))
    yield Letter("sign-in-link-pl", mail.SignInLink(site=SITE, link=f"{LINK}/l", minutes=3), "pl")


def to_staff() -> Iterator[Letter]:
    """To couriers and to people who look after lockers."""
    yield Letter(
        "courier-code",
        mail.CourierCode(
            site=SITE,
            person="Dan Ortiz",
            carrier="UPS",
            code="58204417",
            where="Lobby A",
            until=ahead(90),
        ),
    )
    yield Letter(
        "keeper-code",
        mail.CourierCode(
            site=SITE,
            person="R. Haas",
            carrier="custody",
            code="58204417",
            where="Property room",
            until=ahead(365),
            modes=("evidence", "medicine"),
        ),
    )
    yield Letter(
        "invitation",
        mail.Invitation(
            site=SITE,
            person="Tomasz Wrona",
            role="admin",
            tenant="Northgate House",
            link="https://lockers.northgate.example/setup/x",
            until=ahead(1),
        ),
    )
    for is_locked_down in (True, False):
        alert = mail.IncidentAlert(
            site=SITE,
            kind="door.forced_open" if is_locked_down else "unheard.of",
            facts={"door": "31", "reason": "no grant"},
            severity=mail.Severity.CRITICAL,
            where="Lobby A, Northgate House",
            at=ago(24),
            link="https://lockers.northgate.example/console/incidents/inc_5x8n",
            is_locked_down=is_locked_down,
        )
        yield Letter(f"incident-alert-{'locked' if is_locked_down else 'plain'}", alert)
    for name, due in (("alone", ahead(3)), ("confirm", None)):
        privacy = "https://lockers.northgate.example/console/privacy"
        asked = mail.ErasureAsked(site=SITE, due=due, link=privacy)
        yield Letter(f"erasure-asked-{name}", asked)


def letters() -> Iterator[Letter]:
    """Every kind, in every state that changes its words."""
    yield from to_residents()
    yield from to_staff()
