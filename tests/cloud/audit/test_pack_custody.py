"""The custody form in a pack: the rows of the page, as far as the pack shows them."""

from __future__ import annotations

import csv
import io

import pytest

from bayward.cloud.audit import evidence
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.maker import Maker
from bayward.cloud.audit.pack_custody import CSV, HTML
from bayward.cloud.custody.pack_form import NOT_HERE
from bayward.cloud.jobs import Worker
from bayward.cloud.people import store as people_store
from bayward.cloud.people.store import Person
from bayward.cloud.unit import Work
from bayward.cloud.web import pack_forms
from bayward.core.clock import after
from bayward.core.errors import Conflict
from bayward.core.events import Event, EventType
from bayward.core.ids import ItemId, PersonId
from bayward.ledger.pack.archive import read_zip
from bayward.ledger.pack.verify import verify_zip
from cloud_bench import BankTwin, CloudBench, named, story

ANNE, BEN, CARA = (PersonId(named(PersonId, n)) for n in (11, 12, 13))
PEOPLE = {ANNE: "Anne", BEN: "Ben", CARA: "Cara"}
ITEM = ItemId(named(ItemId, 5))
PHOTO = "ab" * 32
TOLD = (("count", "431"), ("unit", "ampoules"))
_T = EventType


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    """A knife that goes from Anne to Ben to a door, and was sealed."""
    bank = await story(cloud)

    def write(work: Work) -> None:
        for person, name in PEOPLE.items():
            people_store.insert(work.tx, Person(tenant=bank.tenant, person=person, name=name))
        for kind, more in (
            (_T.ITEM_REGISTERED, {"actor": ANNE, "purpose": "evidence", "detail": "=knife",
                                  "seal": "S1", "photo": PHOTO, "case": "26-1187",
                                  "exhibit": "A1", "party": "patrol 14"}),
            (_T.CUSTODY_OFFERED, {"actor": ANNE, "purpose": "hand_over", "recipient": BEN,
                                  "not_after": after(work.now, 9_000)}),
            (_T.CUSTODY_ACCEPTED, {"actor": BEN, "subject": ANNE, "seal": "S1",
                                   "result": "intact"}),
            (_T.CUSTODY_STORED, {"actor": BEN, "compartment": bank.door(1), "parcel": "prc_x",
                                 "origin": "bank log", "detail": "77", "witness": CARA}),
        ):  # fmt: skip
            work.emit(Event(type=kind, time=work.now, item=ITEM, **more), tenant=bank.tenant)

    await cloud.do(write)
    return bank


async def packed(cloud: CloudBench, bank: BankTwin, **more: object) -> dict[str, bytes]:
    maker = Maker(cloud.unit, {}, forms=pack_forms.rows)
    told: dict[str, object] = {"origin": await cloud.do(audit.origin_of, bank.tenant)}
    told |= {"authority": "A", "handed_to": "B", "reason": "C", **more}
    wanted = evidence.Wanted(**told)  # type: ignore[arg-type]  # as told
    asked = await cloud.do(evidence.ask, bank.tenant, wanted, ANNE)
    await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
    done = await cloud.do(evidence.fetchable, bank.tenant, asked.name, ANNE)
    raw = await maker.fetch(done)
    assert verify_zip(raw).ok
    return read_zip(raw)[1]


def rows(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[CSV].decode(), newline="")))


async def test_holders_seals_witnesses_and_photos(cloud: CloudBench, bank: BankTwin) -> None:
    files = await packed(cloud, bank)
    registered, offered, accepted, stored = rows(files)
    assert (registered["received_by"], registered["photo_sha256"]) == ("Anne", PHOTO)
    assert {row["received_from"] for row in rows(files)} == {"patrol 14"}
    assert {(row["case"], row["exhibit"]) for row in rows(files)} == {("26-1187", "A1")}
    assert registered["comments"] == "'=knife"
    assert (offered["released_by"], offered["received_by"]) == ("", "")
    assert (offered["by"], offered["by_id"], offered["signed"]) == ("Anne", ANNE, "code")
    assert (offered["offered_to"], offered["offered_to_id"]) == ("Ben", BEN)
    assert (accepted["released_by"], accepted["received_by"]) == ("Anne", "Ben")
    assert (accepted["released_by_id"], accepted["received_by_id"]) == (ANNE, BEN)
    assert (accepted["seal"], accepted["seal_state"]) == ("S1", "intact")
    assert (stored["received_by_id"], stored["witness_id"]) == (bank.door(1), CARA)
    assert (stored["received_by"], stored["in_words"]) == (
        "door 01, Lobby 1",
        "Put into door 01",
    )
    assert (stored["bank_log"], stored["bank_entry"]) == ("bank log", "77")
    entries = list(csv.DictReader(io.StringIO(files["data/entries.csv"].decode(), newline="")))
    by_entry = {row["entry"]: row["type"] for row in entries}
    assert [by_entry[row["entry"]] for row in rows(files)] == [row["what"] for row in rows(files)]
    paper = files[HTML].decode()
    assert ITEM.label in paper
    assert PHOTO in paper
    assert "Hand-overs of this pack" in paper
    for told in ("Anne", ANNE, "Offered to: Ben", "patrol 14", "26-1187", "Handed over",
                 "what the control plane called them", "fresh code"):  # fmt: skip
        assert told in paper
    assert b"custody.accepted" in files["data/case.jsonld"]


async def test_a_range_tells_nothing_of_what_stands_before_it(
    cloud: CloudBench, bank: BankTwin
) -> None:
    whole = rows(await packed(cloud, bank))
    files = await packed(
        cloud, bank, first=int(whole[2]["entry"]), until=int(whole[3]["entry"]) + 1
    )
    accepted, stored = rows(files)
    assert (accepted["released_by"], accepted["received_by"]) == (NOT_HERE, "Ben")
    assert (stored["released_by"], stored["is_broken"]) == ("Ben", "no")
    told = files[CSV] + files[HTML]
    for secret in (ANNE, "Anne", "patrol 14", "26-1187", "knife"):
        assert secret.encode() not in told


async def test_what_is_kept_back_is_in_no_row(cloud: CloudBench, bank: BankTwin) -> None:
    hidden = frozenset({"actor", "recipient", "subject", "witness", "seal", "result", "photo",
                        "compartment", "detail", "origin"})  # fmt: skip
    files = await packed(cloud, bank, hidden=hidden)
    assert {row["is_broken"] for row in rows(files)} == {"no"}
    told = files[CSV] + files[HTML] + files["data/case.jsonld"]
    for secret in (*PEOPLE, *PEOPLE.values(), "door 01", bank.door(1), "S1", PHOTO, "knife",
                   "bank log", "intact"):  # fmt: skip
        assert secret.encode() not in told
    assert rows(files)[2]["received_by"] == NOT_HERE
    assert CSV not in await packed(cloud, bank, hidden=frozenset({"item"}))


async def test_no_items_no_form(cloud: CloudBench) -> None:
    bank = await story(cloud)
    assert CSV not in await packed(cloud, bank)
    assert HTML not in await packed(cloud, bank, origin=bank.log.signer.key.name)


@pytest.mark.parametrize("hidden", [(), ("count",), ("unit",)])
async def test_how_many_there_are_is_kept_back_with_the_number(
    cloud: CloudBench, hidden: tuple[str, ...]
) -> None:
    bank = await story(cloud)
    told = Event(
        type=_T.ITEM_REGISTERED, time=cloud.clock.at, item=ITEM, actor=ANNE, purpose="medicine",
        detail="Morphine", count=431, unit="ampoules", lot="L1", expires_on="2099-01-01",
    )  # fmt: skip
    await cloud.do(lambda work: work.emit(told, tenant=bank.tenant))
    files = await packed(cloud, bank, hidden=frozenset(hidden))
    (row,) = rows(files)
    assert ("431" in row["comments"]) is ("count" not in hidden)
    count, unit = (NOT_HERE if name in hidden else text for name, text in TOLD)
    assert row["comments"] == f"count {count}; {unit}; Morphine"


async def test_who_was_renamed_since_makes_it_come_out_otherwise(
    cloud: CloudBench, bank: BankTwin
) -> None:
    """A name is the directory's word of one moment; a pack never says two."""
    maker = Maker(cloud.unit, {}, forms=pack_forms.rows)
    wanted = evidence.Wanted(
        origin=await cloud.do(audit.origin_of, bank.tenant),
        authority="A",
        handed_to="B",
        reason="C",
    )
    asked = await cloud.do(evidence.ask, bank.tenant, wanted, ANNE)
    await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
    done = await cloud.do(evidence.fetchable, bank.tenant, asked.name, ANNE)
    assert verify_zip(await maker.fetch(done)).ok
    renamed = Person(tenant=bank.tenant, person=BEN, name="Benjamin")
    await cloud.do(lambda work: people_store.update(work.tx, renamed))
    with pytest.raises(Conflict, match=r"evidence\.changed"):
        await maker.fetch(done)
