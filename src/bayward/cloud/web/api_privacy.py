"""JSON API: what is held about people, what must be kept, and forgetting."""

from __future__ import annotations

from typing import Any

from litestar.params import FromPath, FromQuery, JSONBody

from bayward.cloud.privacy import erasures, holds, periods
from bayward.cloud.privacy import service as privacy
from bayward.cloud.privacy.erasures import Asked
from bayward.cloud.privacy.hold_store import Hold, HoldId, HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.privacy.periods import Kept
from bayward.cloud.privacy.service import Erased
from bayward.cloud.unit import Work
from bayward.cloud.web import own_data, places
from bayward.cloud.web.api_types import Given, Short, Taken
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_privacy import basis_of
from bayward.cloud.web.routes import Asking, api
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import PersonId
from bayward.core.policy import Action


class EraseIn(Taken, frozen=True):
    """Why somebody is erased: a ground of GDPR article 17(1)."""

    basis: Short


class ErasedOut(Given, frozen=True):
    """What was done; `dead_by` is when no older copy of his key can be left.

    `banks` were told to take him off their own disks; `GET /privacy` says which have not yet.
    """

    key: str
    disclosures: int
    dead_by: int
    banks: int


class ErasureOut(Given, frozen=True):
    """An erasure that waits for another administrator, or with `due` until then.

    `subject` is a person's id, or a party's; with `leaves_items` what a party has stays with it.
    """

    subject: str
    basis: str
    asked_by: str
    asked_at: int
    due: int | None
    problem: str | None
    leaves_items: bool


class PeriodIn(Taken, frozen=True):
    """How many days to keep something from now on, and why."""

    days: int
    reason: Short


class PeriodOut(Given, frozen=True):
    """How long something is kept: by choice, by default, and between which bounds, in days."""

    kind: str
    days: int
    default: int
    least: int
    most: int


class GoingOut(Given, frozen=True):
    """How many rows would go today if something were kept so many days; holds keep some."""

    kind: str
    days: int
    rows: int


class HoldIn(Taken, frozen=True):
    """What to hold: `subject` is an id, or nothing for a period."""

    kind: Short
    authority: Short
    subject: Short | None = None
    begins_at: int | None = None
    ends_at: int | None = None
    until: int | None = None


class HoldOut(Given, frozen=True):
    """A legal hold."""

    hold: str
    kind: str
    subject: str | None
    authority: str
    placed_by: str
    placed_at: int
    begins_at: int | None
    ends_at: int | None
    until: int | None


class UntoldOut(Given, frozen=True):
    """A bank that has not confirmed yet that it forgot so many people."""

    bank: str
    people: int
    since: int
    is_connected: bool
    away_since: int | None


class PrivacyOut(Given, frozen=True):
    """Holds and keys."""

    holds: list[HoldOut]
    epoch: int
    erased: int
    roll_due: int | None
    erasures: list[ErasureOut]
    untold: list[UntoldOut]


@api("get", "/privacy", Action.PRIVACY_READ)
async def state(asker: Asking) -> PrivacyOut:
    """How holds and keys stand."""

    def read(work: Work, you: You) -> PrivacyOut:
        keys = privacy.keys(work, you.tenant)
        return PrivacyOut(
            holds=[_hold(one) for one in holds.live(work, you.tenant)],
            epoch=0 if keys.epoch is None else keys.epoch.number,
            erased=keys.destroyed,
            roll_due=keys.roll_due,
            erasures=[erasure_out(one) for one in erasures.waiting(work, you.tenant)],
            untold=[
                UntoldOut(
                    bank=one.bank,
                    people=one.people,
                    since=one.since,
                    is_connected=one.is_connected,
                    away_since=one.away_since,
                )
                for one in privacy.untold(work, you.tenant)
            ],
        )

    return await asker.read(places.everything, read)


@api("get", "/people/{person:str}/report", Action.PERSON_REPORT)
async def report(asker: Asking, person: FromPath[str]) -> dict[str, Any]:
    """Everything we hold about somebody."""
    person_id = places.parse(PersonId, person)
    return await asker.write(
        places.person(person),
        lambda work, you: own_data.given(work, you.tenant, person_id, you.person),
    )


@api("post", "/people/{person:str}/erase", Action.PERSON_ERASE)
async def ask_erase(asker: Asking, person: FromPath[str], data: JSONBody[EraseIn]) -> ErasureOut:
    """Ask that somebody is forgotten for good."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> Asked:
        basis = basis_of(data.basis)
        return erasures.ask(work, you.tenant, person_id, basis=basis, actor=you.person)

    return erasure_out(await asker.write(places.person(person), take))


@api("post", "/people/{person:str}/erase/confirm", Action.PERSON_ERASE)
async def confirm_erase(asker: Asking, person: FromPath[str]) -> ErasedOut:
    """Forget somebody for good, as another administrator has asked."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> Erased:
        return erasures.confirm(work, you.tenant, person_id, actor=you.person)

    done = await asker.write(places.person(person), take)
    return erased_out(done)


@api("delete", "/people/{person:str}/erase", Action.HOLD_PLACE)
async def withdraw_erase(asker: Asking, person: FromPath[str]) -> None:
    """Keep somebody after all."""
    person_id = places.parse(PersonId, person)
    await asker.write(
        places.everything,
        lambda work, you: erasures.withdraw(work, you.tenant, person_id, actor=you.person),
    )


@api("post", "/privacy/holds", Action.HOLD_PLACE)
async def place(asker: Asking, data: JSONBody[HoldIn]) -> HoldOut:
    """Hold something from now on."""

    def take(work: Work, you: You) -> HoldOut:
        held = holds.place(
            work,
            you.tenant,
            _scope(data),
            authority=data.authority,
            until=_instant(data.until),
            actor=you.person,
        )
        return _hold(held)

    return await asker.write(places.everything, take)


@api("delete", "/privacy/holds/{hold:str}", Action.HOLD_LIFT)
async def lift(asker: Asking, hold: FromPath[str]) -> None:
    """End a hold."""
    hold_id = places.parse(HoldId, hold)
    await asker.write(
        places.everything,
        lambda work, you: holds.lift(work, you.tenant, hold_id, actor=you.person),
    )


@api("get", "/privacy/periods", Action.PRIVACY_READ)
async def kept(asker: Asking) -> list[PeriodOut]:
    """How long what is kept."""
    return await asker.read(
        places.everything,
        lambda work, you: [_period(one) for one in periods.of(work.tx, you.tenant).values()],
    )


@api("get", "/privacy/periods/{kind:str}/going", Action.PRIVACY_READ)
async def going(asker: Asking, kind: FromPath[str], days: FromQuery[int]) -> GoingOut:
    """What would go today."""
    return await asker.read(
        places.everything,
        lambda work, you: GoingOut(
            kind=kind, days=days, rows=periods.count(work, you.tenant, kind, days)
        ),
    )


@api("put", "/privacy/periods/{kind:str}", Action.SETTINGS_CHANGE)
async def keep(asker: Asking, kind: FromPath[str], data: JSONBody[PeriodIn]) -> PeriodOut:
    """Keep something so long from now on."""

    def take(work: Work, you: You) -> PeriodOut:
        periods.choose(work, you.tenant, kind, data.days, reason=data.reason, actor=you.person)
        return _period(periods.of(work.tx, you.tenant)[kind])

    return await asker.write(places.everything, take)


@api("post", "/privacy/roll", Action.KEYS_ROLL)
async def roll(asker: Asking) -> None:
    """End the epoch of the keys, so that no older copy of them opens anything."""
    await asker.write(
        places.everything, lambda work, you: privacy.roll_now(work, you.tenant, actor=you.person)
    )


def erased_out(done: Erased) -> ErasedOut:
    """As it is told."""
    return ErasedOut(
        key=done.key, disclosures=done.disclosures, dead_by=done.dead_by, banks=done.banks
    )


def erasure_out(asked: Asked) -> ErasureOut:
    """As it is told."""
    return ErasureOut(
        subject=asked.subject,
        basis=asked.basis.value,
        asked_by=asked.asked_by,
        asked_at=asked.asked_at,
        due=asked.due,
        problem=asked.problem,
        leaves_items=asked.leaves_items,
    )


def _period(one: Kept) -> PeriodOut:
    return PeriodOut(
        kind=one.kind,
        days=one.days,
        default=one.default,
        least=one.bounds.least,
        most=one.bounds.most,
    )


def _scope(data: HoldIn) -> Scope:
    try:
        kind = HoldKind(data.kind)
    except ValueError:
        raise Invalid("http.invalid", field="kind") from None
    begins, ends = _instant(data.begins_at), _instant(data.ends_at)
    return Scope(kind=kind, subject=data.subject, begins_at=begins, ends_at=ends)


def _instant(ms: int | None) -> Instant | None:
    return None if ms is None else Instant(ms)


def _hold(hold: Hold) -> HoldOut:
    return HoldOut(
        hold=hold.id,
        kind=hold.kind.value,
        subject=hold.subject,
        authority=hold.authority,
        placed_by=hold.placed_by,
        placed_at=hold.placed_at,
        begins_at=hold.begins_at,
        ends_at=hold.ends_at,
        until=hold.not_after,
    )
