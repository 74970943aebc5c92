"""Samples of the console: wall, parcels, incidents, errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.core.clock import Instant
from bayward.ui.gallery import Sample
from bayward.ui.gallery.rail import ALARM_RAIL, RAIL, time_proof
from bayward.ui.gallery.world import ALARM_WALL, BANK, DOOR_14, NOW, WALL, ago, ahead, wall
from bayward.ui.views import console as views
from bayward.ui.views import console_incidents as troubles
from bayward.ui.views.base import Facts, FieldProblem, Problem
from bayward.ui.views.mail import Severity
from bayward.ui.views.wall import CellState

ORIGIN = "northgate.example/bank/bank_5x8n/1"
INCIDENT = "/console/incidents/inc_5x8n"
BANNER = views.Banner(
    kind="door.forced_open",
    facts={"door": "31", "reason": "nobody was granted access"},
    at=ago(24),
    href=INCIDENT,
    is_locked_down=True,
    release_href=f"{INCIDENT}#release",
)
SHELL = views.Shell(site="Northgate House", person="Ines Duarte", role="admin")
ALARM_SHELL = replace(SHELL, incidents_open=1, banners=(BANNER,))
CALM = views.Counts(compartments=57, free=31, occupied=22, reserved=3, overdue=2, out=1, open=1)
FRESH = views.Freshness(read_at=Instant(NOW - 300), is_cable_up=True, log_verified_at=ago(95))
HOME = views.Home(
    shell=SHELL, bank_id=BANK, bank="Lobby A", wall=WALL, counts=CALM, freshness=FRESH,
    happenings=RAIL,
)  # fmt: skip


def homes() -> Iterator[Sample]:
    """The wall by day and by night."""
    yield Sample("console/home", HOME)
    alarm = replace(
        HOME,
        shell=ALARM_SHELL,
        wall=ALARM_WALL,
        counts=replace(CALM, needs_you=1),
        happenings=ALARM_RAIL,
    )
    yield Sample("console/home-alarm", alarm)
    rough = {
        12: CellState.OPEN_TOO_LONG,
        40: CellState.JAMMED,
        **dict.fromkeys((46, 47, 48, 49), CellState.UNKNOWN),
    }
    cut = views.Freshness(
        read_at=ago(190), is_cable_up=False, down_since=ago(188), log_verified_at=ago(600)
    )
    tabs = (
        views.BankTab(href="/console", name="Lobby A", is_current=True, incidents_open=1),
        views.BankTab(href="/console?bank=2", name="Courtyard"),
        views.BankTab(href="/console?bank=3", name="Garage"),
    )
    warned = replace(
        BANNER,
        kind="bank.disconnected",
        facts={"bank": "Lobby A", "reason": "no answer for 3 min"},
        severity=Severity.WARNING,
        is_locked_down=False,
        release_href=None,
    )
    yield Sample(
        "console/home-cable-cut",
        replace(
            HOME,
            shell=replace(SHELL, incidents_open=1, banners=(warned,)),
            wall=wall(rough, is_online=False),
            counts=replace(CALM, needs_you=2, unknown=4),
            freshness=cut,
            tabs=tabs,
        ),
    )
    empty = views.Counts(compartments=0, free=0, occupied=0, reserved=0, overdue=0, out=0)
    yield Sample(
        "console/home-empty",
        replace(HOME, bank="", wall=None, counts=empty, happenings=(), tabs=()),
    )


FILTERS = (
    views.Filter(href="/console/parcels", key="all", count=1284, is_current=True),
    views.Filter(href="/console/parcels?state=waiting", key="waiting", count=20),
    views.Filter(href="/console/parcels?state=overdue", key="overdue", count=2),
    views.Filter(href="/console/parcels?state=held", key="held", count=0),
)


def parcel(sent: str, to: str, door: str, state: str, seconds: int) -> views.ParcelRow:
    """One row of the list: carrier and tracking number, recipient and unit."""
    carrier, _, tracking = sent.partition(" ")
    recipient, _, unit = to.partition(", ")
    is_over = state in {"collected", "returned", "missing"}
    return views.ParcelRow(
        href=f"/console/parcels/prc_{tracking[-4:]}",
        tracking=tracking,
        carrier=carrier,
        recipient=recipient,
        unit=unit,
        bank="Lobby A",
        compartment=door,
        state=views.ParcelState(state),
        at=ago(seconds),
        until=None if is_over else ahead(4 - seconds // 90_000),
    )


ROWS = (
    parcel("UPS 1Z5R89390357567127", "M. Okafor, 4B", "14", "collected", 743),
    parcel("UPS 1Z5R89390351104459", "A. Lindqvist, 2C", "36", "waiting", 1790),
    parcel("USPS 9405511206213414", "J. Petit, 7A", "33", "waiting", 9000),
    parcel("Amazon TBA305129938", "S. Iwasaki, 1D", "41", "waiting", 12_400),
    parcel("FedEx 794644790138", "R. Haddad, 5F", "56", "overdue", 620_000),
    parcel("UPS 1Z999AA10123456784", "K. Nowak, 3A", "08", "overdue", 640_000),
    parcel("USPS 9400111899560008", "E. Marsh, 6E", "27", "held", 88_000),
    parcel("DoorDash DD-55120", "T. Abebe, 2A", "", "expected", 3_000),
    parcel("FedEx 794644799001", "L. Silva, 4C", "19", "returned", 170_000),
    parcel("Amazon TBA305120011", "B. Stein, 7C", "48", "missing", 260_000),
    parcel("UPS 1Z5R80000127", "expired", "05", "collected", 8_000_000),
)
ROOT = "q2Zk0cV9u6mXbT7fYH1sR3nJ5wLpE8aQdGvCtN4oMiU="
PROOF = views.Proof(
    leaf_index=8_191,
    tree_size=8_214,
    root=ROOT,
    verified_at=ago(95),
    receipt_href="/console/parcels/prc_7127/receipt",
)


def entry(
    seconds: int, kind: str, facts: Facts, who: str = "", severity: Severity | None = None
) -> views.TimelineEntry:
    """One line with its proof."""
    return views.TimelineEntry(
        at=ago(seconds),
        kind=kind,
        facts=facts,
        who=who,
        proof=PROOF,
        severity=severity,
        time=time_proof(ago(seconds)),
    )


STORY = (
    entry(743, "parcel.collected", {"door": "14", "result": "opened"}, "M. Okafor"),
    entry(781, "door.opened", {"door": "14"}),
    entry(782, "access.granted", {"door": "14", "method": "code"}, "M. Okafor"),
    entry(860, "access.refused", {"method": "code", "reason": "typed wrong"}),
    entry(5060, "grant.issued", {"door": "14", "recipient": "M. Okafor"}),
    entry(5062, "parcel.deposited", {"door": "14", "carrier": "UPS"}, "courier 7K2"),
    entry(5090, "compartment.reserved", {"door": "14", "size": "M"}, "courier 7K2"),
    entry(90_300, "person.changed", {"subject": "M. Okafor"}, "Ines Duarte"),
)


def parcels() -> Iterator[Sample]:
    """The list, one parcel, nothing, nothing found."""
    page = views.Parcels(
        shell=SHELL, rows=ROWS, filters=FILTERS, pager=views.Pager(older="/console/parcels?after=x")
    )
    yield Sample("console/parcels", page)
    yield Sample("console/parcels-empty", replace(page, rows=(), filters=(), pager=views.Pager()))
    first_day = replace(page, rows=(), filters=(), pager=views.Pager(), has_banks=False)
    yield Sample("console/parcels-no-bank", first_day)
    yield Sample("console/parcels-none-found", replace(page, rows=(), query="kowalsky"))
    one = views.ParcelPage(
        shell=SHELL,
        parcel_id="prc_0c7m2k9v4x1q8z5n3b6r7t2w4y",
        row=ROWS[0],
        timeline=STORY,
        wall=WALL,
        position=DOOR_14,
        receipt_href="/console/parcels/prc_7127/receipt",
        actions=(
            views.Action(key="resend", href="/console/parcels/prc_7127/resend", is_post=True),
            views.Action(
                key="remote_open", href="/console/parcels/prc_7127/open", is_dangerous=True
            ),
        ),
    )
    yield Sample("console/parcel", one)
    robbed = replace(ROWS[0], forced_at=ago(24))
    yield Sample("console/parcel-forced", replace(one, row=robbed))


FORCED = troubles.IncidentRow(
    href=INCIDENT,
    kind="door.forced_open",
    facts=BANNER.facts,
    severity=Severity.CRITICAL,
    state=troubles.IncidentState.OPEN,
    bank="Lobby A",
    at=ago(24),
    due_at=ago(-276),
)


def incidents() -> Iterator[Sample]:
    """All that there are; none."""
    late = replace(
        FORCED,
        kind="door.open_too_long",
        facts={"door": "12"},
        severity=Severity.WARNING,
        at=ago(1300),
        due_at=ago(400),
    )
    closed = replace(
        FORCED,
        kind="bank.disconnected",
        severity=Severity.NOTICE,
        state=troubles.IncidentState.CLOSED,
        owner="Ines Duarte",
        at=ago(200_000),
    )
    listed = troubles.Incidents(
        shell=ALARM_SHELL,
        rows=(FORCED, late, closed),
        filters=(
            views.Filter(
                href="/console/incidents?state=open", key="open", count=2, is_current=True
            ),
            views.Filter(href="/console/incidents", key="all", count=14),
        ),
    )
    yield Sample("console/incidents", listed)
    yield Sample("console/incidents-empty", replace(listed, shell=SHELL, rows=()))


def incident() -> Iterator[Sample]:
    """Locked down, refused, released."""
    page = troubles.IncidentPage(
        shell=ALARM_SHELL,
        incident_id="inc_5x8n2k9v4x1q8z5n3b6r7t2w4y",
        url=INCIDENT,
        row=FORCED,
        timeline=(
            entry(22, "notification.sent", {"channel": "email", "subject": "Ines Duarte"}),
            entry(23, "incident.opened", {"reason": "forced open"}),
            entry(24, "lockdown.engaged", {"scope": "Lobby A, all doors"}, "", Severity.CRITICAL),
            entry(24, "door.forced_open", {"door": "31"}, "", Severity.CRITICAL),
        ),
        behind=(replace(ROWS[2], forced_at=ago(24)),),
        is_locked_down=True,
        scope="Lobby A, all doors",
        doors_affected=57,
        alerts=(("Ines Duarte", "e-mail", ago(21)), ("security.example", "webhook", ago(22))),
        wall=ALARM_WALL,
        clip_href="/console/incidents/inc_5x8n/clip",
    )
    yield Sample("console/incident", page)
    taken = replace(FORCED, state=troubles.IncidentState.ACKNOWLEDGED, owner="Ines Duarte")
    wrong = (
        FieldProblem("reason", "field.empty"),
        FieldProblem("code", "totp.wrong"),
    )
    yield Sample(
        "console/incident-wrong-code",
        replace(page, row=taken, problems=wrong),
    )
    yield Sample(
        "console/incident-released",
        replace(
            page,
            shell=replace(SHELL, notices=(views.Notice("incident.release_requested", {}),)),
            row=taken,
            is_locked_down=False,
            release=troubles.ReleaseState.CONFIRMED,
            wall=WALL,
        ),
    )
    over = replace(taken, state=troubles.IncidentState.CLOSED, due_at=None)
    yield Sample(
        "console/incident-closed",
        replace(
            page,
            shell=SHELL,
            row=over,
            is_locked_down=False,
            release=troubles.ReleaseState.CONFIRMED,
            closed_at=ago(3),
            closed_by="Ines Duarte",
            closed_why="A parcel was jammed behind the leaf. All doors looked at, nothing missing.",
            wall=WALL,
        ),
    )


def contradiction() -> Iterator[Sample]:
    """A locker that came back with an older log, and lockers that doubt ours."""
    root = "q2Zk0cV9u6mXbT7fYH1sR3nJ5wLpE8aQdGvCtN4oMiU="
    known, offered = (
        troubles.ShownCheckpoint(size=size, root=root, note=f"{ORIGIN}\n{size}\n{root}\n\n— …\n")
        for size in (8_214, 8_102)
    )
    shown = troubles.ShownContradiction(
        kind="rollback",
        at=ago(95),
        reason="hello.rollback",
        origin=ORIGIN,
        lost=112,
        is_signed=True,
        known=known,
        offered=offered,
        href=f"{INCIDENT}/evidence/3",
    )
    page = troubles.IncidentPage(
        shell=SHELL,
        incident_id="inc_5x8n2k9v4x1q8z5n3b6r7t2w4y",
        url=INCIDENT,
        row=replace(FORCED, kind="bank_log.refused", facts={}),
        timeline=(entry(95, "bank_log.refused", {"reason": "hello.rollback"}),),
        contradictions=(shown,),
    )
    yield Sample("console/incident-contradiction", page)
    for ours, reason in (("rollback", "rollback"), ("fork", "fork"), ("unproven", "withheld")):
        doubt = replace(
            shown,
            kind=f"ours_{ours}",
            reason=f"tenant_log.{reason}",
            origin="lockers.example.com/tenant/tnt_4m1q",
            offered=offered
            if ours != "unproven"
            else troubles.ShownCheckpoint(size=None, root="", note=""),
        )
        told = (entry(95, "tenant_log.doubted", {"reason": doubt.reason}, "", Severity.CRITICAL),)
        row = replace(page.row, kind="tenant_log.doubted")
        sample = replace(page, row=row, timeline=told, contradictions=(doubt,))
        yield Sample(f"console/incident-log-{ours}", sample)


def errors() -> Iterator[Sample]:
    """What went wrong and what to do now."""
    for status, code, retry in (
        (403, "http.forbidden", None),
        (404, "http.not_found", None),
        (409, "http.conflict", "/console/parcels"),
        (422, "http.invalid", "/console/people/new"),
        (500, "http.broken", "/console"),
    ):
        page = views.ErrorPage(status=status, problem=Problem(code), retry=retry, trace="7f3a-91c2")
        yield Sample(f"console/error-{status}", page)


def samples() -> Iterator[Sample]:
    """All of this file."""
    yield from homes()
    yield from parcels()
    yield from incidents()
    yield from incident()
    yield from contradiction()
    yield from errors()
