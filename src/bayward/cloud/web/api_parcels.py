"""JSON API: parcels, their receipts, a tap on one's own, and the events of the log."""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath, JSONBody

from bayward.cloud import orders
from bayward.cloud.access import service as access
from bayward.cloud.audit import chains
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.store import Wanted as WantedEvents
from bayward.cloud.custody import service as custody
from bayward.cloud.custody.store import ParcelView, Wanted
from bayward.cloud.unit import Work
from bayward.cloud.web import doubts, limits, places
from bayward.cloud.web.api_fleet import command_out
from bayward.cloud.web.api_types import CommandOut, EventOut, OpenIn, PageOut, ParcelOut
from bayward.cloud.web.asking import You
from bayward.cloud.web.console_log import cursor as event_cursor
from bayward.cloud.web.console_parcels import LISTS, as_file, cursor
from bayward.cloud.web.routes import AnyRequest, Asking, api
from bayward.cloud.web.words import Words
from bayward.core.clock import Instant
from bayward.core.errors import NotFound
from bayward.core.ids import CommandId, ParcelId
from bayward.core.policy import Action

ROWS = 100


@api("get", "/parcels", Action.PARCEL_READ)
async def parcels(request: AnyRequest, asker: Asking) -> PageOut:
    """Parcels, newest change first; `state` as in the console, `after` from the page before."""
    query = request.query_params
    state = query.get("state", "all")
    if state not in LISTS:
        raise NotFound("parcel")
    before = cursor(query.get("after", ""))

    def read(work: Work, you: You) -> PageOut:
        words = Words(work, you.tenant)
        wanted = Wanted(
            states=LISTS[state],
            overdue_at=work.now if state == "overdue" else None,
            tracking=query.get("tracking") or None,
            bank=query.get("bank") or None,
        )
        found = custody.parcels(work, you.tenant, wanted, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        after = f"{shown[-1].changed_at}-{shown[-1].id}" if len(found) > ROWS else None
        return PageOut(rows=_parcels(words, shown), after=after)

    return await asker.read(places.everything, read)


@api("get", "/parcels/{parcel:str}", Action.PARCEL_READ)
async def parcel(asker: Asking, parcel: FromPath[str]) -> ParcelOut:
    """One parcel."""
    parcel_id = places.parse(ParcelId, parcel)
    return await asker.read(
        places.parcel(parcel),
        lambda work, you: _parcels(
            Words(work, you.tenant), [custody.get_parcel(work, you.tenant, parcel_id)]
        )[0],
    )


@api("get", "/parcels/{parcel:str}/receipt", Action.RECEIPT_READ)
async def receipt(asker: Asking, parcel: FromPath[str]) -> Response[str]:
    """The proof of the last thing that happened to it.

    A chain once the logs above have recorded it: receipts, one a line (`application/jsonl`), the
    first of which is the parcel's. Until then, for some seconds, that one alone
    (`application/json`).
    """
    parcel_id = places.parse(ParcelId, parcel)
    text = await asker.read(
        places.parcel(parcel),
        lambda work, you: chains.text_of(
            work, you.tenant, audit.parcel_receipt(work, you.tenant, parcel_id)
        ),
    )
    return as_file(text, f"receipt-{parcel_id}.json")


@api("post", "/parcels/{parcel:str}/resend", Action.CODE_ROTATE, status_code=202)
async def resend(asker: Asking, parcel: FromPath[str]) -> CommandOut:
    """Kill the old code, send a new one."""
    parcel_id = places.parse(ParcelId, parcel)

    def take(work: Work, you: You) -> CommandOut:
        grant = access.parcel_grant(work, you.tenant, parcel_id)
        command = access.rotate(work, you.tenant, grant.id, actor=you.person)
        return command_out(orders.get(work, you.tenant, command))

    return await asker.write(places.parcel(parcel), take)


@api("post", "/parcels/{parcel:str}/open", Action.GRANT_OPEN, status_code=202)
async def open_mine(asker: Asking, parcel: FromPath[str], data: JSONBody[OpenIn]) -> CommandOut:
    """I am in front of it: open. Whether it opened is in the command, see below."""
    parcel_id = places.parse(ParcelId, parcel)
    asker.desk.limiter.spend(limits.OPEN_FOR, "open", parcel)

    def take(work: Work, you: You) -> CommandOut:
        grant = access.parcel_grant(work, you.tenant, parcel_id)
        command = access.open_for_grant(
            work, you.tenant, grant.id, presence=data.presence, actor=you.person
        )
        return command_out(orders.get(work, you.tenant, command))

    return await asker.write(places.parcel(parcel), take)


@api("get", "/parcels/{parcel:str}/open/{command:str}", Action.PASS_READ)
async def opening(asker: Asking, parcel: FromPath[str], command: FromPath[str]) -> CommandOut:
    """How far my tap has come, as the bank has answered."""
    command_id = places.parse(CommandId, command)

    def read(work: Work, you: You) -> CommandOut:
        found = orders.get(work, you.tenant, command_id)
        if found.actor != you.person:
            raise NotFound("command")
        return command_out(found)

    return await asker.read(places.parcel(parcel), read)


@api("get", "/events", Action.LOG_READ)
async def events(request: AnyRequest, asker: Asking) -> PageOut:
    """What happened, newest first; `after` from the page before."""
    query = request.query_params
    before = event_cursor(query.get("after", ""))

    def read(work: Work, you: You) -> PageOut:
        wanted = WantedEvents(
            bank=query.get("bank") or None,
            parcel=query.get("parcel") or None,
            incident=query.get("incident") or None,
        )
        found = audit.happenings(work, you.tenant, wanted, before=before, count=ROWS + 1)
        shown = found[:ROWS]
        return PageOut(
            rows=[
                EventOut(
                    origin=one.place.origin,
                    index=one.place.index,
                    fields=one.event.to_fields(),
                    not_before=one.bounds.not_before,
                    not_after=one.bounds.not_after,
                    is_time_suspect=one.is_time_suspect,
                    is_beacon_missing=one.is_beacon_missing,
                )
                for one in shown
            ],
            after=str(shown[-1].seq) if len(found) > ROWS else None,
        )

    return await asker.read(places.everything, read)


def _parcels(words: Words, parcels: list[ParcelView]) -> list[ParcelOut]:
    forced = doubts.forced_at(words.work, words.tenant, parcels)
    return [_parcel(words, one, forced.get(one.id)) for one in parcels]


def _parcel(words: Words, parcel: ParcelView, forced_at: Instant | None) -> ParcelOut:
    return ParcelOut(
        parcel=parcel.id,
        bank=parcel.bank,
        compartment=parcel.compartment,
        door=words.door(parcel.compartment),
        recipient=parcel.recipient,
        courier=parcel.courier,
        state=parcel.state.value,
        is_overdue=parcel.is_overdue(words.work.now),
        carrier=parcel.carrier,
        tracking=parcel.tracking,
        changed_at=parcel.changed_at,
        until=parcel.not_after,
        door_forced_at=forced_at,
    )
