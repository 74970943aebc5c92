"""Samples of the console's workshops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.console import FRESH, SHELL
from bayward.ui.gallery.rail import RAIL
from bayward.ui.gallery.world import BANK, WALL, ago, ahead
from bayward.ui.views import console_admin as views
from bayward.ui.views.base import Choice, FieldProblem
from bayward.ui.views.console import Action, Filter, Notice

LANGUAGES = (Choice("en", "English", is_chosen=True), Choice("es", "Español"))
ROLES = (
    Choice("resident", "Resident", is_chosen=True),
    Choice("courier", "Courier"),
    Choice("admin", "Administrator"),
    Choice("super_admin", "Super administrator"),
)
VKEY = "northgate.example/lobby-a+3f2a91bc+AWq5p1v8Yc0s2QmK7nJd4RfT6hXb9Lz3GxE1uVwPqZkN"


def person(name: str, unit: str, role: str, seconds: int | None, factor: str) -> views.PersonRow:
    """One row of the list."""
    last = name.rsplit(maxsplit=1)[-1].lower()
    return views.PersonRow(
        href=f"/console/people/{last}",
        name=name,
        unit=unit,
        role=role,
        email=f"{last}@mail.example",
        state=views.AccountState.INVITED if seconds is None else views.AccountState.ACTIVE,
        seen_at=None if seconds is None else ago(seconds),
        second_factor=factor,
    )


def people() -> Iterator[Sample]:
    """The list, inviting, editing."""
    rows = (
        person("Ines Duarte", "", "super_admin", 20, "passkey"),
        person("Tomasz Wrona", "", "admin", 8_000, "totp"),
        person("Mary Okafor", "4B", "resident", 743, ""),
        person("Anna Lindqvist", "2C", "resident", 92_000, ""),
        person("Jean Petit", "7A", "resident", 80_000, ""),
        person("Sora Iwasaki", "1D", "resident", None, ""),
        person("Rami Haddad", "5F", "resident", 700_000, ""),
        replace(
            person("Karol Nowak", "3A", "resident", 5_000_000, ""),
            state=views.AccountState.DISABLED,
        ),
    )
    filters = (
        Filter(href="/console/people", key="all", count=214, is_current=True),
        Filter(href="/console/people?role=resident", key="resident", count=198),
        Filter(href="/console/people?role=staff", key="staff", count=7),
    )
    listed = views.People(shell=SHELL, rows=rows, filters=filters)
    yield Sample("console/people", listed)
    yield Sample("console/people-empty", replace(listed, rows=(), filters=()))
    form = views.PersonForm(
        shell=SHELL,
        url="/console/people/new",
        roles=ROLES,
        languages=LANGUAGES,
        units=("1A", "4B"),
    )
    yield Sample("console/person-new", form)
    problems = (
        FieldProblem("name", "field.empty"),
        FieldProblem("email", "person.email"),
        FieldProblem("role", "role.not_allowed"),
    )
    yield Sample("console/person-new-wrong", replace(form, email="mary@", problems=problems))
    yield Sample(
        "console/person",
        replace(
            form,
            shell=replace(SHELL, notices=(Notice("person.saved", {}),)),
            url="/console/people/okafor",
            person_id="prs_0c7m2k9v4x1q8z5n3b6r7t2w4y",
            name="Mary Okafor",
            email="okafor@mail.example",
            unit="4B",
            is_low_needed=True,
            state=views.AccountState.ACTIVE,
            happenings=RAIL[:3],
            actions=(
                Action(key="invite", href="/console/people/okafor/invite", is_post=True),
                Action(key="disable", href="/console/people/okafor/disable", is_dangerous=True),
            ),
        ),
    )


def couriers() -> Iterator[Sample]:
    """The list, with a fresh code, empty, adding."""

    def row(name: str, short: str, carrier: str, state: str, deposits: int) -> views.CourierRow:
        is_active = state == "active"
        return views.CourierRow(
            href=f"/console/couriers/{short}",
            name=name,
            short=short,
            carrier=carrier,
            state=views.AccountState(state),
            until=ahead(120 if is_active else -20),
            deposits=deposits,
            seen_at=ago(2671),
            rotate_href=f"/console/couriers/{short}/rotate" if is_active else None,
            revoke_href=f"/console/couriers/{short}/revoke" if is_active else None,
        )

    rows = (
        row("Dan Ortiz", "7K2", "UPS", "active", 412),
        row("Wei Chen", "3M9", "FedEx", "active", 388),
        row("Amara Diallo", "P40", "USPS", "active", 1207),
        row("Leo Marin", "8TT", "Amazon", "expired", 96),
    )
    listed = views.Couriers(shell=SHELL, rows=rows)
    yield Sample("console/couriers", listed)
    yield Sample(
        "console/couriers-new-code", replace(listed, new_code="58204417", new_code_for="Dan Ortiz")
    )
    yield Sample("console/couriers-empty", replace(listed, rows=()))
    yield Sample(
        "console/courier-new",
        views.CourierForm(
            shell=SHELL,
            carriers=(Choice("ups", "UPS"), Choice("fedex", "FedEx")),
            until="2027-03-31",
        ),
    )


LOBBY = views.BankRow(
    href=f"/console/banks/{BANK}",
    name="Lobby A",
    site="Northgate House",
    compartments=57,
    free=31,
    freshness=FRESH,
    enrolled_at=ago(9_000_000),
    version="0.1.0",
)


def banks() -> Iterator[Sample]:
    """The list, none, a new one."""
    away = replace(
        FRESH, read_at=ago(4000), is_cable_up=False, down_since=ago(3990), log_verified_at=ago(4100)
    )
    never = replace(FRESH, read_at=None, is_cable_up=False, log_verified_at=None)
    rows = (
        LOBBY,
        replace(LOBBY, name="Courtyard", compartments=32, free=4, is_locked_down=True),
        replace(LOBBY, name="Garage", compartments=24, free=20, freshness=away),
        replace(LOBBY, name="Annex", freshness=never, enrolled_at=None, version=""),
    )
    listed = views.Banks(shell=SHELL, rows=rows)
    yield Sample("console/banks", listed)
    yield Sample("console/banks-empty", replace(listed, rows=()))
    yield Sample(
        "console/bank-new",
        views.BankForm(
            shell=SHELL,
            layouts=(
                Choice("lobby57", "57 doors, kiosk in the middle", is_chosen=True),
                Choice("small16", "16 doors, kiosk on the left"),
                Choice("file", "A layout file of my own"),
            ),
            sites=(Choice("site_1", "Northgate House", is_chosen=True),),
            problems=(FieldProblem("name", "field.empty"),),
        ),
    )


def enrolment() -> Iterator[Sample]:
    """The token, shown once."""
    token = "bwe1-7K2M-9QXR-04TD-WZPA-66HN-3FJC-8B1V"  # noqa: S105 - invented, and used up
    yield Sample(
        "console/enrol",
        views.Enrol(
            shell=SHELL,
            bank="Annex",
            bank_href=f"/console/banks/{BANK}",
            token=token,
            until=ahead(1),
            pins=(
                "sha256/0nJ5wLpE8aQdGvCtN4oMiUq2Zk0cV9u6mXbT7fYH1sR",
                "sha256/8aQdGvCtN4oMiUq2Zk0cV9u6mXbT7fYH1sR0nJ5wLpE",
            ),
            command=f"bayward edge enrol https://lockers.northgate.example {token}",
            qr_text=f"https://lockers.northgate.example/enrol#{token}",
        ),
    )  # fmt: skip


def bank() -> Iterator[Sample]:
    """One bank."""
    yield Sample(
        "console/bank",
        views.BankPage(
            shell=SHELL,
            row=LOBBY,
            wall=WALL,
            facts=(
                ("version", "0.1.0"),
                ("enrolled", "8 Aug 2026"),
                ("origin", "northgate.example/lobby-a"),
                ("fingerprint", "3f2a 91bc 77d0 e415"),
                ("log_size", "8,214"),
                ("clock", "0.02 s off, synchronised"),
                ("boards", "5 of 5 answer"),
                ("journal", "nothing"),
            ),
            out=(
                views.DoorOut(compartment="cmp_1", number="31", reason="door_forced_open"),
                views.DoorOut(compartment="cmp_2", number="40", reason="hinge", needs_two=True),
            ),
            restore_href="/console/banks/bank_1/restore",
            happenings=RAIL[:4],
            actions=(
                Action(key="block_door", href="/console/banks/x/block"),
                Action(key="lock_down", href="/console/banks/x/lock-down", is_dangerous=True),
            ),
        ),
    )


FINE = views.DeliveryRow(
    kind="parcel_ready",
    to="m···r@mail.example",
    channel="email",
    state=views.DeliveryState.DELIVERED,
    attempts=1,
    at=ago(1780),
)
DEAD = replace(
    FINE,
    kind="sign_in_link",
    state=views.DeliveryState.DEAD,
    attempts=8,
    problem="550 no such user",
    retry_href="/console/notifications/1/retry",
)


def messages() -> Iterator[Sample]:
    """All that can become of one; none."""
    rows = (
        FINE,
        replace(FINE, kind="reminder", state=views.DeliveryState.QUEUED, attempts=0, at=ago(3)),
        replace(
            FINE,
            kind="incident_alert",
            state=views.DeliveryState.RETRYING,
            attempts=3,
            problem="451 try again later",
            next_at=ago(-40),
        ),
        DEAD,
    )
    filters = (
        Filter(href="/console/notifications", key="all", count=4, is_current=True),
        Filter(href="/console/notifications?state=dead", key="dead", count=1),
    )
    listed = views.Notifications(shell=SHELL, rows=rows, filters=filters)
    yield Sample("console/notifications", listed)
    yield Sample("console/notifications-no-mail", replace(listed, has_mail=False))
    yield Sample("console/notifications-empty", replace(listed, rows=()))


def webhooks() -> Iterator[Sample]:
    """Working, failing, with a fresh secret, none."""
    hook = views.WebhookRow(
        ref="whk_1",
        url="https://soc.northgate.example/bayward",
        events=("door.forced_open", "lockdown.engaged"),
        is_enabled=True,
        last_ok_at=ago(22),
    )
    failing = replace(
        hook,
        ref="whk_2",
        url="https://crm.example/in",
        events=(),
        failing_since=ago(900),
        waiting=12,
        dead=3,
    )
    calls = (
        replace(FINE, kind="door.forced_open", to="soc.northgate.example", channel="webhook"),
        replace(DEAD, kind="parcel.deposited", to="crm.example", channel="webhook", problem="503"),
    )
    page = views.Webhooks(
        shell=SHELL,
        rows=(hook, failing),
        deliveries=calls,
        event_types=("door.forced_open", "lockdown.engaged", "parcel.deposited"),
    )
    yield Sample("console/webhooks", page)
    yield Sample(
        "console/webhooks-new-secret",
        replace(page, rows=(replace(hook, secret_once="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),)),  # noqa: S106 - invented
    )
    yield Sample(
        "console/webhooks-empty",
        replace(
            page,
            rows=(),
            deliveries=(),
            url="http://10.0.0.1",
            problems=(FieldProblem("url", "webhook.url"),),
        ),
    )


def settings() -> Iterator[Sample]:
    """May change, may only look."""
    groups = (
        (
            "parcels",
            (
                views.Setting(name="code_days", value="7", kind="number", unit="days"),
                views.Setting(name="reminder_days", value="3", kind="number", unit="days"),
            ),
        ),
        (
            "doors",
            (
                views.Setting(name="door_open_s_max", value="120", kind="number", unit="seconds"),
                views.Setting(name="is_locked_down_on_forced", value="1", kind="switch"),
            ),
        ),
        (
            "language",
            (views.Setting(name="language", value="en", kind="choice", choices=LANGUAGES),),
        ),
    )
    page = views.Settings(shell=SHELL, groups=groups)
    yield Sample("console/settings", page)
    yield Sample("console/settings-read-only", replace(page, can_change=False))


def samples() -> Iterator[Sample]:
    """All of this file."""
    for group in (people, couriers, banks, enrolment, bank, messages, webhooks, settings):
        yield from group()
