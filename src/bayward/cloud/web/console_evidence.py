"""Evidence packs: ask with authority, recipient and reason; watch; fetch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Stream
from msgspec import Meta, Struct

from bayward.cloud.audit import evidence, hideable
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.custody import items
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import live, places
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_parcels import as_file
from bayward.cloud.web.frame import console, notify, shell
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words, log_name
from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.events import TEXT_CHARS_MAX
from bayward.core.policy import Action
from bayward.ui.views.base import Choice, FieldProblem, Say
from bayward.ui.views.console import Shell
from bayward.ui.views.evidence import EvidencePage, Kept, PackRow

AGAIN = 422
ZIP = "application/zip"
# What can be kept back: all that can name somebody (`core.whose`), and what else may matter.
SOMEBODYS: Mapping[str, str] = {
    "actor": "Who did it",
    "recipient": "Whom it was for, or to whom it was offered",
    "subject": "Whom it was done to, or from whom it came",
    "witness": "The second person, who bore witness",
    "party": "Who is outside, by name: a court, a laboratory, an owner",
    "party_id": "Who is outside, by id",
    "role": "Which role somebody was given",
    "scope": "For which place a role was given, or an item is kept",
}
TYPED: Mapping[str, str] = {
    "detail": "Description of an item, and other details",
    "reason": "Reason",
    "authority": "By what right: an order, a warrant, a prescription",
    "handed_to": "Who got an evidence pack",
    "tracking": "Tracking number of a parcel, or label of an item",
}
OTHER: Mapping[str, str] = {
    "compartment": "Which compartment",
    "carrier": "Which carrier brought it",
    "method": "How a door was opened: code, pass, tap",
}
OFFERED = {"Who": SOMEBODYS, "What somebody typed, where a name may stand": TYPED, "Also": OTHER}

Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]


class EvidenceForm(Struct, frozen=True):
    """What is asked for."""

    origin: Text = ""
    since: Annotated[str, Meta(max_length=10)] = ""
    before: Annotated[str, Meta(max_length=10)] = ""
    authority: Text = ""
    handed_to: Text = ""
    reason: Text = ""
    hidden: list[str] | str | None = None
    item: Text = ""

    @property
    def kept_back(self) -> str | None:
        """Names of fields, however many boxes were ticked; None when nothing was said.

        The page sends an empty name along: no box ticked is not the same as nothing said.
        """
        return " ".join(self.hidden) if isinstance(self.hidden, list) else self.hidden


@show("/console/evidence", Action.LOG_READ)
async def listed(asker: Asking) -> Response[str]:
    """The form and the packs."""
    return await console(
        asker, places.everything, lambda words, you, frame: _page(words, you, frame, EvidenceForm())
    )


@show("/console/evidence/live", Action.LOG_READ)
async def listed_live(asker: Asking) -> Stream:
    """Progress, as it is made."""

    def build(work: Work, you: You) -> EvidencePage:
        words = Words(work, you.tenant)
        return _page(words, you, shell(words, you), EvidenceForm())

    return await live.stream(asker, places.everything, build, zone=asker.desk.zone)


@do("/console/evidence", Action.LOG_EXPORT)
async def ask(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[EvidenceForm]
) -> Response[Any] | Redirect:
    """Ask for a pack; it is logged before it is made."""
    try:
        wanted = evidence.Wanted(
            origin=data.origin,
            authority=data.authority,
            handed_to=data.handed_to,
            reason=data.reason,
            since=_day(data.since, "since"),
            before=_day(data.before, "before", days=1),
            hidden=hideable.asked_names(data.kept_back),
        )

        def take(work: Work, you: You) -> Evidence:
            told = replace(wanted, item=items.asked_for(work, you.tenant, data.item))
            return evidence.ask(work, you.tenant, told, you.person)

        await asker.write(
            places.everything,
            take,
            lambda _, __: Say("export_log", {}),
        )
    except Invalid as error:
        name = {"evidence.range": "since"}.get(error.code, str(error.facts.get("field", "origin")))
        problem = FieldProblem(name, error.code, error.facts)
        return await console(
            asker.also(Action.LOG_READ),
            places.everything,
            lambda words, you, frame: _page(words, you, frame, data, (problem,)),
            status=AGAIN,
        )
    notify(request, "evidence.asked")
    return back("/console/evidence")


@show("/console/evidence/{pack:str}/pack", Action.LOG_READ)
async def fetch(asker: Asking, pack: FromPath[str]) -> Response[bytes]:
    """The pack, for who asked for it, as long as it may be fetched."""
    asked = await asker.read(
        places.everything,
        lambda work, you: evidence.fetchable(work, you.tenant, pack, you.person),
    )
    body = await asker.desk.packs.fetch(asked)
    headers = {"Content-Disposition": f'attachment; filename="{asked.name}.zip"'}
    return Response(body, media_type=ZIP, headers=headers)


@show("/console/evidence/{pack:str}/receipt", Action.LOG_READ)
async def receipt(asker: Asking, pack: FromPath[str]) -> Response[str]:
    """The receipt of the event that names the pack's hash."""
    text = await asker.read(
        places.everything, lambda work, you: evidence.receipt(work, you.tenant, pack)
    )
    return as_file(text, f"{pack}.receipt.json")


def _page(
    words: Words,
    you: You,
    frame: Shell,
    form: EvidenceForm,
    problems: tuple[FieldProblem, ...] = (),
) -> EvidencePage:
    work = words.work
    tenant_name = people_store.tenant_name(work.tx, you.tenant)
    names = {
        head.origin: log_name(words, head, tenant_name)
        for head in audit.logs(work, you.tenant)
        if head.size
    }
    kept = form.kept_back
    ticked = hideable.KEPT_BACK if kept is None else frozenset(kept.split())
    return EvidencePage(
        shell=frame,
        logs=tuple(Choice(origin, name, origin == form.origin) for origin, name in names.items()),
        kept=tuple(
            Kept(name, tuple(Choice(one, text, one in ticked) for one, text in fields.items()))
            for name, fields in OFFERED.items()
        ),
        packs=tuple(_row(words, you, one, names) for one in evidence.listed(work, you.tenant)),
        item=form.item,
        since=form.since,
        before=form.before,
        authority=form.authority,
        handed_to=form.handed_to,
        reason=form.reason,
        entries_max=evidence.ENTRIES_MAX,
        problems=problems,
    )


def _row(words: Words, you: You, one: Evidence, names: dict[str, str]) -> PackRow:
    is_open = one.fetch_until is not None and words.work.now < one.fetch_until
    return PackRow(
        name=one.name,
        log=names.get(one.origin, one.origin),
        item="" if one.item is None else one.item.label,
        person=words.person(one.person),
        asked_at=one.asked_at,
        first=one.first,
        last=one.until - 1,
        entries=one.until - one.first,
        done=one.done,
        state=one.state,
        problem=one.problem,
        digest=one.digest,
        is_stamped=one.stamp is not None,
        fetch_until=one.fetch_until if is_open else None,
        is_yours=one.person == you.person,
    )


def _day(text: str, field: str, days: int = 0) -> Instant | None:
    if not text:
        return None
    try:
        at = datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)
        return Instant(round((at + timedelta(days=days)).timestamp() * 1000))
    except (ValueError, OverflowError):
        raise Invalid("http.invalid", field=field) from None
