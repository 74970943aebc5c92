"""One item asked for: its entries are open, those of others are leaves, and all are there."""

from __future__ import annotations

import csv
import io
import json

import pytest

from bayward.cloud.audit import evidence, pack_item
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.maker import Maker
from bayward.cloud.audit.pack_custody import CSV, HTML
from bayward.cloud.jobs import Worker
from bayward.cloud.unit import Work
from bayward.cloud.web import pack_forms
from bayward.core.errors import Invalid
from bayward.core.events import Event, EventType
from bayward.core.ids import ItemId, PersonId
from bayward.ledger.pack.archive import read_zip
from bayward.ledger.pack.verify import PackVerdict, verify_zip
from cloud_bench import BankTwin, CloudBench, named, story

ANNE, BEN = PersonId(named(PersonId, 11)), PersonId(named(PersonId, 12))
KNIFE, GUN, NONE = (ItemId(named(ItemId, n)) for n in (5, 6, 7))
_T = EventType


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    """A knife of Anne's and a gun of Ben's; the knife lies behind a door of the bank."""
    bank = await story(cloud)

    def write(work: Work) -> None:
        bank_log = bank.log.signer.key.name
        where = {"compartment": bank.door(1), "parcel": "prc_x", "origin": bank_log, "detail": "3"}
        for kind, item, more in (
            (_T.ITEM_REGISTERED, KNIFE, {"actor": ANNE, "purpose": "evidence", "detail": "knife"}),
            (_T.ITEM_REGISTERED, GUN, {"actor": BEN, "purpose": "evidence", "detail": "revolver"}),
            (_T.CUSTODY_STORED, KNIFE, {"actor": ANNE, **where}),
            (_T.SEAL_APPLIED, GUN, {"actor": BEN, "seal": "G-77"}),
        ):
            told = Event(type=kind, time=work.now, item=item, **more)  # type: ignore[arg-type]  # per-type fields
            work.emit(told, tenant=bank.tenant)

    await cloud.do(write)
    return bank


async def packed(
    cloud: CloudBench, bank: BankTwin, **more: object
) -> tuple[PackVerdict, dict[str, bytes]]:
    maker = Maker(cloud.unit, {}, forms=pack_forms.rows)
    told: dict[str, object] = {"origin": await cloud.do(audit.origin_of, bank.tenant)}
    told |= {"authority": "A", "handed_to": "B", "reason": "C", **more}
    wanted = evidence.Wanted(**told)  # type: ignore[arg-type]  # as told
    asked = await cloud.do(evidence.ask, bank.tenant, wanted, ANNE)
    await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
    done = await cloud.do(evidence.fetchable, bank.tenant, asked.name, ANNE)
    raw = await maker.fetch(done)
    verdict = verify_zip(raw)
    assert verdict.ok, verdict.findings
    return verdict, read_zip(raw)[1]


async def test_nothing_of_another_item_is_told_and_none_is_missing(
    cloud: CloudBench, bank: BankTwin
) -> None:
    verdict, files = await packed(cloud, bank, item=KNIFE)
    log = verdict.logs[0]
    lines = files["data/tenant/records.ndjson"].splitlines()
    opened = [json.loads(line)["index"] for line in lines if json.loads(line)["disclosures"]]
    assert opened == [log.start, log.start + 2], "from where it was taken in, and the door"
    assert (len(lines), log.closed) == (log.end - log.start, len(lines) - 2)
    told = b"".join(body for path, body in files.items() if path != "data/policy.txt")
    for secret in (GUN, GUN.label, BEN, "revolver", "G-77"):
        assert secret.encode() not in told
    rows = list(csv.DictReader(io.StringIO(files[CSV].decode(), newline="")))
    assert [(row["item"], row["what"]) for row in rows] == [
        (KNIFE.label, "item.registered"),
        (KNIFE.label, "custody.stored"),
    ]
    assert GUN.label not in files[HTML].decode()
    readme = files["README.txt"].decode()
    assert f"only item {KNIFE.label} ({KNIFE})" in readme
    assert f"{log.closed} of the {len(lines)} entries are closed" in readme
    assert "the control plane's word" in files["data/report.html"].decode().replace("&#39;", "'")
    (asked,) = cloud.events(_T.EVIDENCE_REQUESTED)
    assert asked.detail == f"{log.start}-{log.end - 1}; {KNIFE.label}"


async def test_of_a_banks_log_the_entries_its_lines_repeat_are_open(
    cloud: CloudBench, bank: BankTwin
) -> None:
    origin = bank.log.signer.key.name
    assert await cloud.do(pack_item.entries, bank.tenant, origin, KNIFE) == frozenset({3})
    assert await cloud.do(pack_item.entries, bank.tenant, origin, None) is None
    verdict, files = await packed(cloud, bank, origin=origin, item=KNIFE, first=0)
    assert verdict.logs[0].closed == verdict.logs[0].end - 1
    times = files["data/bank/times.csv"].decode().splitlines()
    assert [line.partition(",")[0] for line in times[1:]] == ["3"]


@pytest.mark.parametrize("more", [{"item": NONE}, {"item": GUN, "first": 0, "until": 3}])
async def test_an_item_that_the_range_does_not_tell_of_cannot_be_asked_for(
    cloud: CloudBench, bank: BankTwin, more: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as caught:
        await packed(cloud, bank, **more)
    assert caught.value.code == "evidence.item"
    assert not cloud.events(_T.EVIDENCE_REQUESTED)
