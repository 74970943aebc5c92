"""Banks: the list, a new one and its ticket, one bank, locking it down, taking it away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.fleet import enrolment, tokens
from bayward.cloud.fleet import service as fleet
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.store import Bank, BankState
from bayward.cloud.incidents import service as incidents
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.frame import console, notify, shell
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.state import page
from bayward.cloud.web.wall import Scene, scene
from bayward.cloud.web.words import WALL_TYPES, Words
from bayward.core.clock import SECOND_MS, after
from bayward.core.compartment import CompartmentState
from bayward.core.errors import Conflict, Invalid
from bayward.core.ids import BankId, CompartmentId, SiteId
from bayward.core.policy import Action as Do
from bayward.ledger.strict import base64_text
from bayward.ui.views.base import Choice, FieldProblem, Say
from bayward.ui.views.console import Action, Shell
from bayward.ui.views.console_admin import BankForm, BankPage, BankRow, Banks, DoorOut, Enrol
from bayward.wire.enrolment import Ticket

URL = "/console/banks"
AGAIN = 422
HAPPENINGS = 30
FIELD_CHARS_MAX = 300
REASON = "locked down from the console"
REPORTED = "reported"  # the one layout there is to choose: what the box itself reports

Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class BankFields(Struct, frozen=True):
    """A new bank."""

    name: Short = ""
    site: Short = ""
    layout: Short = REPORTED


class BlockFields(Struct, frozen=True):
    """A door, and why."""

    compartment: Short = ""
    reason: Annotated[str, Meta(max_length=500)] = ""


@show(URL, Do.BANK_READ)
async def listed(asker: Asking) -> Response[str]:
    """All banks."""
    return await console(
        asker,
        places.everything,
        lambda words, _, frame: Banks(
            shell=frame,
            rows=tuple(_row(words, scene(words, bank)) for bank in words.banks.values()),
        ),
    )


@show(f"{URL}/new", Do.BANK_READ)
async def blank(asker: Asking) -> Response[str]:
    """An empty form."""
    return await console(
        asker, places.everything, lambda words, _, frame: _form(words, frame, BankFields())
    )


@do(f"{URL}/new", Do.BANK_CREATE)
async def create(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[BankFields]
) -> Response[str]:
    """A new bank and the ticket for its computer, which is shown this once."""

    def take(work: Work, you: You) -> Enrol:
        site = places.parse(SiteId, data.site)
        bank = enrolment.create_bank(work, you.tenant, site, data.name, actor=you.person)
        return _ticket(asker, work, you, bank)

    try:
        view = await asker.write(
            places.everything, take, lambda _, __: Say("enrol_bank", {"bank": data.name})
        )
    except Invalid as error:
        problem = FieldProblem("name", error.code, error.facts)
        return await console(
            asker.also(Do.BANK_READ),
            places.everything,
            lambda words, _, frame: _form(words, frame, data, (problem,)),
            status=AGAIN,
        )
    return page(request, view)


@do(f"{URL}/{{bank:str}}/token", Do.BANK_ENROL)
async def new_token(request: AnyRequest, asker: Asking, bank: FromPath[str]) -> Response[str]:
    """Another ticket; the one before is void."""
    bank_id = places.parse(BankId, bank)
    view = await asker.write(
        places.bank(bank),
        lambda work, you: _ticket(asker, work, you, bank_id),
        lambda work, you: _says("enrol_bank", work, you, bank_id),
    )
    return page(request, view)


@show(f"{URL}/{{bank:str}}", Do.BANK_READ)
async def one(asker: Asking, bank: FromPath[str]) -> Response[str]:
    """One bank."""
    bank_id = places.parse(BankId, bank)

    def build(words: Words, _: You, frame: Shell) -> BankPage:
        drawn = scene(words, words.banks[bank_id])
        lines, _older = words.happenings(
            WantedEvents(bank=bank_id, types=WALL_TYPES), count=HAPPENINGS
        )
        return BankPage(
            shell=frame,
            row=_row(words, drawn),
            wall=drawn.wall,
            facts=_facts(words, drawn),
            happenings=lines,
            actions=_actions(words, drawn.bank),
            out=_out(words, drawn),
            restore_href=f"{URL}/{bank_id}/restore",
        )

    return await console(asker, places.bank(bank), build)


@do(f"{URL}/{{bank:str}}/lock-down", Do.LOCKDOWN_ENGAGE)
async def lock_down(request: AnyRequest, asker: Asking, bank: FromPath[str]) -> Redirect:
    """Nothing opens until somebody releases it."""
    bank_id = places.parse(BankId, bank)
    await asker.write(
        places.bank(bank),
        lambda work, you: incidents.lock_down(
            work, you.tenant, bank_id, actor=you.person, reason=REASON
        ),
        lambda work, you: _says("lock_down", work, you, bank_id),
    )
    notify(request, "command.requested")
    return back(f"{URL}/{bank_id}")


@do(f"{URL}/{{bank:str}}/retire", Do.BANK_REVOKE)
async def retire(request: AnyRequest, asker: Asking, bank: FromPath[str]) -> Redirect:
    """Its certificate is worth nothing from now on; its connection is dropped at once."""
    bank_id = places.parse(BankId, bank)
    pin = await asker.write(
        places.bank(bank),
        lambda work, you: enrolment.retire(work, you.tenant, bank_id, actor=you.person),
        lambda work, you: _says("retire_bank", work, you, bank_id),
    )
    if pin is not None:
        asker.desk.gate.revoke(pin)
    notify(request, "bank.retired")
    return back(f"{URL}/{bank_id}")


@do(f"{URL}/{{bank:str}}/block", Do.COMPARTMENT_BLOCK)
async def block(
    request: AnyRequest, asker: Asking, bank: FromPath[str], data: URLEncodedBody[BlockFields]
) -> Redirect:
    """Take a door out of service."""
    bank_id = places.parse(BankId, bank)
    await asker.write(
        places.bank(bank),
        lambda work, you: fleet.block(
            work,
            you.tenant,
            bank_id,
            places.parse(CompartmentId, data.compartment),
            actor=you.person,
            reason=data.reason,
        ),
    )
    notify(request, "command.requested")
    return back(f"{URL}/{bank_id}")


@do(f"{URL}/{{bank:str}}/restore", Do.COMPARTMENT_RESTORE)
async def restore(
    request: AnyRequest, asker: Asking, bank: FromPath[str], data: URLEncodedBody[BlockFields]
) -> Redirect:
    """Put it back into service; somebody has looked inside."""
    bank_id = places.parse(BankId, bank)
    await asker.write(
        places.bank(bank),
        lambda work, you: fleet.restore(
            work,
            you.tenant,
            bank_id,
            places.parse(CompartmentId, data.compartment),
            actor=you.person,
        ),
    )
    notify(request, "command.requested")
    return back(f"{URL}/{bank_id}")


def ticket_for(asker: Asker, work: Work, you: You, bank: BankId) -> Ticket:
    """A fresh ticket of a bank."""
    desk = asker.desk
    return enrolment.new_ticket(work, you.tenant, bank, desk.deployment, url=desk.enrol_url)


def _ticket(asker: Asker, work: Work, you: You, bank: BankId) -> Enrol:
    ticket = ticket_for(asker, work, you, bank)
    words, text = Words(work, you.tenant), ticket.encode()
    return Enrol(
        shell=shell(words, you),
        bank=words.bank(bank),
        bank_href=f"{URL}/{bank}",
        token=ticket.token,
        until=after(work.now, tokens.LIFE_MS),
        pins=tuple(sorted(ticket.pins)),
        command=f"bayward edge enrol {text}",
        qr_text=text,
    )


def _says(key: str, work: Work, you: You, bank: BankId) -> Say:
    built = fleet_store.layout(work.tx, you.tenant, bank)
    return Say(key, {"bank": Words(work, you.tenant).bank(bank), "doors": len(built)})


def _row(words: Words, drawn: Scene) -> BankRow:
    bank, counts = drawn.bank, drawn.counts
    sites = fleet_store.sites(words.work.tx, words.tenant)
    return BankRow(
        href=f"{URL}/{bank.bank}",
        name=bank.name,
        site=next((one.name for one in sites if one.site == bank.site), ""),
        compartments=counts.compartments,
        free=counts.free,
        freshness=drawn.freshness,
        enrolled_at=bank.enrolled_at,
        version=bank.firmware or "",
        is_locked_down=bool(incidents.lockdowns(words.work, words.tenant, bank=bank.bank)),
    )


def _facts(words: Words, drawn: Scene) -> tuple[tuple[str, str], ...]:
    bank = drawn.bank
    head = words.log(bank.origin) if bank.origin else None
    facts = [("version", bank.firmware)]
    if bank.spki is not None:
        facts.append(("fingerprint", base64_text(bank.spki)))
    if bank.certificate_until is not None:
        ends = datetime.fromtimestamp(bank.certificate_until / SECOND_MS, tz=UTC)
        facts.append(("certificate_until", f"{ends:%Y-%m-%d}"))
    if head is not None:
        facts += [
            ("origin", head.origin),
            ("vkey", head.vkey),
            ("log_size", str(head.size)),
            ("log_root", base64_text(head.root)),
        ]
    glance = fleet_store.glances(words.work.tx, words.tenant).get(bank.bank)
    if glance is not None:
        facts.append(("journal", str(glance.pending)))
    return tuple((key, value) for key, value in facts if value)


def _out(words: Words, drawn: Scene) -> tuple[DoorOut, ...]:
    return tuple(
        DoorOut(
            compartment=one.compartment.id,
            number=words.door(one.compartment.id),
            reason=one.block_reason or "",
            needs_two=one.compartment.mode.needs_two,
        )
        for one in drawn.layout
        if one.state is CompartmentState.BLOCKED
    )


def _actions(words: Words, bank: Bank) -> tuple[Action, ...]:
    url = f"{URL}/{bank.bank}"
    told = []
    held = incidents.lockdowns(words.work, words.tenant, bank=bank.bank)
    if bank.state is BankState.ENROLLED and not held:
        href = f"{url}/lock-down"
        told.append(Action(key="lock_down", href=href, is_post=True, is_dangerous=True))
    if bank.state is not BankState.QUARANTINED:
        told.append(Action(key="new_token", href=f"{url}/token", is_post=True))
    if bank.state is BankState.ENROLLED:
        href = f"{url}/retire"
        told.append(Action(key="retire", href=href, is_post=True, is_dangerous=True))
    return tuple(told)


def _form(
    words: Words, frame: Shell, fields: BankFields, problems: tuple[FieldProblem, ...] = ()
) -> BankForm:
    sites = fleet_store.sites(words.work.tx, words.tenant)
    if not sites:
        raise Conflict("site.none")
    return BankForm(
        shell=frame,
        layouts=(Choice(REPORTED, "As the box reports it", is_chosen=True),),
        sites=tuple(Choice(one.site, one.name, one.site == fields.site) for one in sites),
        name=fields.name,
        problems=problems,
    )
