"""JSON API: sites, banks and their doors."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from bayward.cloud import orders
from bayward.cloud.fleet import enrolment, tokens
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.incidents import service as incidents
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.api_types import (
    BankIn,
    BankOut,
    CommandOut,
    DoorOut,
    ReasonIn,
    SiteOut,
    TicketOut,
    WallOut,
)
from bayward.cloud.web.asking import Asker, You
from bayward.cloud.web.console_banks import ticket_for
from bayward.cloud.web.routes import Asking, api
from bayward.cloud.web.wall import Scene, scene
from bayward.cloud.web.words import Words
from bayward.core.clock import after
from bayward.core.ids import BankId, SiteId
from bayward.core.policy import Action


@api("get", "/sites", Action.BANK_READ)
async def sites(asker: Asking) -> list[SiteOut]:
    """All buildings."""
    return await asker.read(
        places.everything,
        lambda work, you: [
            SiteOut(site=one.site, name=one.name, time_zone=one.time_zone)
            for one in fleet_store.sites(work.tx, you.tenant)
        ],
    )


@api("get", "/banks", Action.BANK_READ)
async def banks(asker: Asking) -> list[BankOut]:
    """All banks."""

    def read(work: Work, you: You) -> list[BankOut]:
        words = Words(work, you.tenant)
        return [_bank(words, scene(words, one)) for one in words.banks.values()]

    return await asker.read(places.everything, read)


@api("get", "/banks/{bank:str}", Action.BANK_READ)
async def bank(asker: Asking, bank: FromPath[str]) -> WallOut:
    """One bank with its doors."""
    bank_id = places.parse(BankId, bank)

    def read(work: Work, you: You) -> WallOut:
        words = Words(work, you.tenant)
        drawn = scene(words, words.banks[bank_id])
        return WallOut(bank=_bank(words, drawn), doors=_doors(drawn))

    return await asker.read(places.bank(bank), read)


@api("post", "/banks", Action.BANK_CREATE)
async def create_bank(asker: Asking, data: JSONBody[BankIn]) -> TicketOut:
    """A new bank, and the ticket for its computer."""

    def take(work: Work, you: You) -> TicketOut:
        site = places.parse(SiteId, data.site)
        made = enrolment.create_bank(work, you.tenant, site, data.name, actor=you.person)
        return _ticket(asker, work, you, made)

    return await asker.write(places.everything, take)


@api("post", "/banks/{bank:str}/ticket", Action.BANK_ENROL)
async def new_ticket(asker: Asking, bank: FromPath[str]) -> TicketOut:
    """Another ticket; the one before is void."""
    bank_id = places.parse(BankId, bank)
    return await asker.write(
        places.bank(bank), lambda work, you: _ticket(asker, work, you, bank_id)
    )


@api("delete", "/banks/{bank:str}", Action.BANK_REVOKE)
async def retire_bank(asker: Asking, bank: FromPath[str]) -> None:
    """Its certificate is worth nothing from now on; its connection is dropped."""
    bank_id = places.parse(BankId, bank)
    pin = await asker.write(
        places.bank(bank),
        lambda work, you: enrolment.retire(work, you.tenant, bank_id, actor=you.person),
    )
    if pin is not None:
        asker.desk.gate.revoke(pin)


@api("post", "/banks/{bank:str}/lock-down", Action.LOCKDOWN_ENGAGE, status_code=202)
async def lock_down(asker: Asking, bank: FromPath[str], data: JSONBody[ReasonIn]) -> CommandOut:
    """Order a whole bank locked down."""
    bank_id = places.parse(BankId, bank)

    def take(work: Work, you: You) -> CommandOut:
        command = incidents.lock_down(
            work, you.tenant, bank_id, actor=you.person, reason=data.reason
        )
        return command_out(orders.get(work, you.tenant, command))

    return await asker.write(places.bank(bank), take)


def command_out(ordered: orders.Ordered) -> CommandOut:
    """An order as the API tells of it."""
    return CommandOut(
        command=ordered.id,
        state=ordered.state.value,
        result=ordered.result,
        not_after=ordered.not_after,
    )


def _ticket(asker: Asker, work: Work, you: You, bank_id: BankId) -> TicketOut:
    ticket = ticket_for(asker, work, you, bank_id)
    until = after(work.now, tokens.LIFE_MS)
    return TicketOut(bank=bank_id, ticket=ticket.encode(), until=until)


def _bank(words: Words, drawn: Scene) -> BankOut:
    one, counts = drawn.bank, drawn.counts
    return BankOut(
        bank=one.bank,
        site=one.site,
        name=one.name,
        state=one.state.value,
        is_connected=one.is_connected,
        compartments=counts.compartments,
        free=counts.free,
        occupied=counts.occupied,
        unknown=counts.unknown,
        read_at=drawn.read_at,
        enrolled_at=one.enrolled_at,
        is_locked_down=bool(incidents.lockdowns(words.work, words.tenant, bank=one.bank)),
    )


def _doors(drawn: Scene) -> list[DoorOut]:
    told = []
    for built in drawn.layout:
        cell = drawn.cell(built)
        told.append(
            DoorOut(
                compartment=built.compartment.id,
                number=built.compartment.number,
                size=built.compartment.size.value,
                state=cell.state.value,
                is_occupied=cell.is_occupied,
            )
        )
    return told
