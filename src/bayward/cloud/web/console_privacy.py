"""Privacy: who is forgotten, what is held, and the keys of the log."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.people import service as people
from bayward.cloud.privacy import erasures, holds, periods, register, retention
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.erasures import Asked
from bayward.cloud.privacy.hold_store import Hold, HoldId, HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.privacy.service import Basis
from bayward.cloud.privacy.store import Untold
from bayward.cloud.unit import Work
from bayward.cloud.web import own_data, places
from bayward.cloud.web.asking import You
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.period_form import PeriodFields, number, to_keep
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import Conflict, Invalid
from bayward.core.ids import PersonId
from bayward.core.policy import Action
from bayward.core.whose import is_party
from bayward.ui.i18n import FALLBACK, catalogues
from bayward.ui.views.base import Choice, FieldProblem, Say
from bayward.ui.views.console import Shell
from bayward.ui.views.console_privacy import (
    ErasureRow,
    HoldRow,
    KeysCard,
    PeriodRow,
    PeriodsCard,
    Privacy,
    ToErase,
    ToKeep,
    UntoldRow,
)

HOME = "/console/privacy"
AGAIN = 422
CONFLICT = 409
FIELD_CHARS_MAX = 300
CSV = "text/csv; charset=utf-8"
Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class HoldFields(Struct, frozen=True):
    """A hold as somebody types it; days in UTC."""

    kind: Short = ""
    subject: Short = ""
    begins: Short = ""
    ends: Short = ""
    authority: Short = ""
    until: Short = ""


class EraseFields(Struct, frozen=True):
    """Why."""

    basis: Short = ""


@show(HOME, Action.PRIVACY_READ)
async def listed(request: AnyRequest, asker: Asking) -> Response[str]:
    """Holds and keys; with `person` the form that erases him, with `period` that of a period."""
    person, period = (request.query_params.get(name, "") for name in ("person", "period"))
    chosen = places.parse(PersonId, person) if person else None
    return await console(
        asker,
        places.everything,
        lambda words, you, frame: _view(words, you, frame, chosen, period=to_keep(words, period)),
    )


@show(f"{HOME}/register.csv", Action.PRIVACY_READ)
async def processing(asker: Asking) -> Response[str]:
    """The register of processing (GDPR article 30)."""

    def read(work: Work, you: You) -> str:
        kept = periods.of(work.tx, you.tenant).values()
        return register.csv_text({one.kind: one.days for one in kept})

    told = await asker.read(places.everything, read)
    name = {"Content-Disposition": 'attachment; filename="register-of-processing.csv"'}
    return Response(told, headers=name, media_type=CSV)


@show("/console/people/{person:str}/report", Action.PERSON_REPORT)
async def report(asker: Asking, person: FromPath[str]) -> Response[bytes]:
    """Everything we hold about somebody, as a file."""
    person_id = places.parse(PersonId, person)
    told = await asker.write(
        places.person(person),
        lambda work, you: own_data.given(work, you.tenant, person_id, you.person),
        lambda work, you: Say("report_person", {"person": _name(work, you, person_id)}),
    )
    headers = {"Content-Disposition": f'attachment; filename="{person_id}.json"'}
    return Response(own_data.as_file(told), media_type="application/json", headers=headers)


@do("/console/people/{person:str}/erase", Action.PERSON_ERASE)
async def ask_erase(
    request: AnyRequest, asker: Asking, person: FromPath[str], data: URLEncodedBody[EraseFields]
) -> Response[str] | Redirect:
    """Ask that somebody is forgotten for good."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> None:
        basis = basis_of(data.basis)
        erasures.ask(work, you.tenant, person_id, basis=basis, actor=you.person)

    def says(work: Work, you: You) -> Say:
        privacy.check(work, you.tenant, person_id)  # before a code is spent on it
        is_alone = erasures.is_alone(work, you.tenant, you.person, person_id)
        key = "ask_erase_alone" if is_alone else "ask_erase_person"
        return Say(key, {"person": _name(work, you, person_id)})

    try:
        await asker.write(places.person(person), take, says)
    except Conflict as error:
        problem = FieldProblem("basis", error.code, error.facts)
        return await console(
            asker.also(Action.PRIVACY_READ),
            places.everything,
            lambda words, you, frame: _view(words, you, frame, person_id, problems=(problem,)),
            status=CONFLICT,
        )
    notify(request, "erasure.asked")
    return back(HOME)


@do("/console/people/{person:str}/erase/confirm", Action.PERSON_ERASE)
async def confirm_erase(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """Forget somebody for good, as another administrator has asked."""
    person_id = places.parse(PersonId, person)
    await asker.write(
        places.person(person),
        lambda work, you: erasures.confirm(work, you.tenant, person_id, actor=you.person),
        lambda work, you: Say("erase_person", {"person": _name(work, you, person_id)}),
    )
    notify(request, "person.erased")
    return back(HOME)


@do("/console/people/{person:str}/erase/withdraw", Action.HOLD_PLACE)
async def withdraw_erase(request: AnyRequest, asker: Asking, person: FromPath[str]) -> Redirect:
    """Keep somebody after all; as with a hold, no fresh code stands in the way of keeping."""
    person_id = places.parse(PersonId, person)
    await asker.write(
        places.everything,
        lambda work, you: erasures.withdraw(work, you.tenant, person_id, actor=you.person),
    )
    notify(request, "erasure.withdrawn")
    return back(HOME)


@do("/console/privacy/holds", Action.HOLD_PLACE)
async def place(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[HoldFields]
) -> Response[str] | Redirect:
    """Hold something from now on."""

    def take(work: Work, you: You) -> None:
        until = _day(data.until, "until")
        holds.place(
            work, you.tenant, _scope(data), authority=data.authority, until=until, actor=you.person
        )

    try:
        await asker.write(places.everything, take)
    except Invalid as error:
        problem = FieldProblem(str(error.facts.get("field", "subject")), error.code, error.facts)
        return await console(
            asker.also(Action.PRIVACY_READ),
            places.everything,
            lambda words, you, frame: _view(words, you, frame, typed=data, problems=(problem,)),
            status=AGAIN,
        )
    notify(request, "hold.placed")
    return back(HOME)


@do("/console/privacy/holds/{hold:str}/lift", Action.HOLD_LIFT)
async def lift(request: AnyRequest, asker: Asking, hold: FromPath[str]) -> Redirect:
    """End a hold."""
    hold_id = places.parse(HoldId, hold)
    await asker.write(
        places.everything,
        lambda work, you: holds.lift(work, you.tenant, hold_id, actor=you.person),
        lambda _, __: Say("lift_hold", {}),
    )
    notify(request, "hold.lifted")
    return back(HOME)


@do("/console/privacy/periods/{kind:str}", Action.SETTINGS_CHANGE)
async def keep(
    request: AnyRequest, asker: Asking, kind: FromPath[str], data: URLEncodedBody[PeriodFields]
) -> Response[str] | Redirect:
    """Keep something for longer or shorter; whoever confirms it sees what goes today."""

    def take(work: Work, you: You) -> None:
        days = number(data.days)
        periods.choose(work, you.tenant, kind, days, reason=data.reason, actor=you.person)

    def says(work: Work, you: You) -> Say:
        days = number(data.days)
        count = periods.count(work, you.tenant, kind, days)
        return Say("keep", {"kind": _label(f"console.period.{kind}"), "days": days, "n": count})

    try:
        await asker.write(places.everything, take, says)
    except Invalid as error:
        problem = FieldProblem(str(error.facts.get("field", "days")), error.code, error.facts)
        return await console(
            asker.also(Action.PRIVACY_READ),
            places.everything,
            lambda words, you, frame: _view(
                words, you, frame, period=to_keep(words, kind, data), problems=(problem,)
            ),
            status=AGAIN,
        )
    notify(request, "settings.saved")
    return back(HOME)


@do("/console/privacy/roll", Action.KEYS_ROLL)
async def roll(request: AnyRequest, asker: Asking) -> Redirect:
    """End the epoch of the keys."""
    await asker.write(
        places.everything,
        lambda work, you: privacy.roll_now(work, you.tenant, actor=you.person),
        lambda _, __: Say("roll_keys", {}),
    )
    notify(request, "keys.rolling")
    return back(HOME)


def bases(chosen: str) -> tuple[Choice, ...]:
    """The grounds to choose from."""
    return tuple(
        Choice(one.value, _label(f"console.basis.{one.value}"), one.value == chosen)
        for one in Basis
    )


def basis_of(text: str) -> Basis:
    """The ground somebody named; raises `Invalid`."""
    try:
        return Basis(text)
    except ValueError:
        raise Invalid("http.invalid", field="basis") from None


def _view(
    words: Words,
    you: You,
    frame: Shell,
    person: PersonId | None = None,
    *,
    period: ToKeep | None = None,
    typed: HoldFields | None = None,
    problems: tuple[FieldProblem, ...] = (),
) -> Privacy:
    state = privacy.keys(words.work, you.tenant)
    typed = typed or HoldFields(kind=HoldKind.PERSON.value, subject=str(person or ""))
    shown = None
    if person is not None:
        name = people.get(words.work, you.tenant, person).name
        is_alone = erasures.is_alone(words.work, you.tenant, you.person, person)
        shown = ToErase(id=person, name=name, bases=bases(Basis.OBJECTION.value), is_alone=is_alone)
    return Privacy(
        shell=frame,
        keys=KeysCard(
            epoch=0 if state.epoch is None else state.epoch.number,
            since=None if state.epoch is None else state.epoch.begun_at,
            people=max(0, state.subjects - 1),  # one is the tenant's own
            months=state.periods,
            erased=state.destroyed,
            roll_due=state.roll_due,
        ),
        erasures=tuple(
            _erasure(words, you, one) for one in erasures.waiting(words.work, you.tenant)
        ),
        untold=tuple(map(_untold, privacy.untold(words.work, you.tenant))),
        holds=tuple(_row(words, one) for one in holds.live(words.work, you.tenant)),
        hold_kinds=tuple(
            Choice(kind.value, _label(f"console.hold.{kind.value}"), kind.value == typed.kind)
            for kind in HoldKind
        ),
        person=shown,
        period=period,
        periods=_periods(words.work, you),
        subject=typed.subject,
        authority=typed.authority,
        problems=problems,
    )


def _periods(work: Work, you: You) -> PeriodsCard:
    now = retention.standing(work, you.tenant)
    kept = periods.of(work.tx, you.tenant).values()
    rows = tuple(PeriodRow(one.kind, one.days, one.default) for one in kept)
    return PeriodsCard(rows=rows, last=now.last, next=now.next)


def _erasure(words: Words, you: You, one: Asked) -> ErasureRow:
    return ErasureRow(
        href=f"/console/{'parties' if is_party(one.subject) else 'people'}/{one.subject}",
        name=words.person(one.subject),
        basis=one.basis.value,
        by=words.person(one.asked_by),
        at=one.asked_at,
        is_yours=one.asked_by == you.person,
        due=one.due,
        problem=one.problem,
        leaves_items=one.leaves_items,
    )


def _untold(one: Untold) -> UntoldRow:
    state = one.state if one.state in {"quarantined", "retired"} else "away"
    if one.is_connected:
        state = "here"
    return UntoldRow(
        bank=one.bank,
        name=one.name,
        people=one.people,
        since=one.since,
        state=state,
        away_since=one.away_since,
    )


def _row(words: Words, hold: Hold) -> HoldRow:
    subject = hold.subject or ""
    if hold.kind in {HoldKind.PERSON, HoldKind.PARTY}:
        subject = words.person(subject)
    elif hold.kind is HoldKind.BANK:
        subject = words.bank(subject) or subject
    return HoldRow(
        id=hold.id,
        kind=hold.kind.value,
        subject=subject,
        authority=hold.authority,
        by=words.person(hold.placed_by),
        at=hold.placed_at,
        begins_at=hold.begins_at,
        ends_at=hold.ends_at,
        until=hold.not_after,
    )


def _scope(data: HoldFields) -> Scope:
    try:
        kind = HoldKind(data.kind)
    except ValueError:
        raise Invalid("http.invalid", field="kind") from None
    ends = _day(data.ends, "ends")
    return Scope(
        kind=kind,
        subject=data.subject.strip() or None,
        begins_at=_day(data.begins, "begins"),
        ends_at=None if ends is None else Instant(ends + DAY_MS - 1),  # the whole of that day
    )


def _day(text: str, field: str) -> Instant | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("http.invalid", field=field) from None
    return Instant(int(datetime.combine(day, time.min, tzinfo=UTC).timestamp()) * 1000)


def _name(work: Work, you: You, person: PersonId) -> str:
    return people.get(work, you.tenant, person).name


def _label(key: str) -> str:
    return catalogues()[FALLBACK].text(key)
