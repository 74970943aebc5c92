from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import subprocess
import sys
from pathlib import Path

import bagit
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bayward.cloud.audit import evidence
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.anchoring import Anchoring
from bayward.cloud.audit.evidence import Wanted
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.maker import Maker
from bayward.cloud.audit.tsa import Authority, post
from bayward.cloud.jobs import Worker
from bayward.core.clock import DAY_MS, after
from bayward.core.errors import Conflict, Denied, Invalid, NotFound
from bayward.core.events import EventType
from bayward.core.ids import PersonId, TenantId
from bayward.ledger.keys import VerifierKey
from bayward.ledger.pack.archive import read_zip
from bayward.ledger.pack.verify import verify_zip
from bayward.ledger.verdict import Trust, Unexamined
from bayward.ledger.verify import verify_receipt
from cloud_bench import HOUSE, BankTwin, CloudBench, keys, named, story
from pack_bench import VERIFY_PY
from tsa_bench import Issuer, Tsa

ACTOR = PersonId(named(PersonId, 9))
VERIFIERS = {
    "verify.py": VERIFY_PY.read_bytes(),
    "verify.html": VERIFY_PY.with_suffix(".html").read_bytes(),
}


def wanted(bank: BankTwin, **more: object) -> Wanted:
    told: dict[str, object] = {
        "origin": bank.log.signer.key.name,
        "authority": "Warrant 26-117, District Court",
        "handed_to": "Det. J. Ruiz",
        "reason": "theft of a parcel",
    }
    return Wanted(**(told | more))  # type: ignore[arg-type]  # as told


async def made(cloud: CloudBench, bank: BankTwin, **more: object) -> Evidence:
    """Ask, let the worker work, and see what came of it."""
    asked = await cloud.do(evidence.ask, bank.tenant, wanted(bank, **more), ACTOR)
    maker = Maker(cloud.unit, VERIFIERS)
    await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
    return await cloud.do(evidence.get, bank.tenant, asked.name)


async def fetched(cloud: CloudBench, bank: BankTwin, **more: object) -> tuple[Evidence, bytes]:
    done = await made(cloud, bank, **more)
    assert (done.state, done.problem) == ("ready", None)
    asked = await cloud.do(evidence.fetchable, bank.tenant, done.name, ACTOR)
    return done, await Maker(cloud.unit, VERIFIERS).fetch(asked)


async def tenant_key(cloud: CloudBench, tenant: TenantId) -> VerifierKey:
    return keys().log_signer(await cloud.do(audit.origin_of, tenant)).key


async def test_a_pack_is_made_fetched_and_verified_by_a_stranger(
    cloud: CloudBench, tmp_path: Path
) -> None:
    bank = await story(cloud)
    done, raw = await fetched(cloud, bank)
    known = await tenant_key(cloud, bank.tenant)
    verdict = verify_zip(raw, [known])
    assert verdict.ok, verdict.findings
    assert (verdict.bag, verdict.digest) == (done.name, done.digest)
    assert (verdict.logs[0].start, verdict.logs[0].end) == (0, done.size)
    receipt = await cloud.do(evidence.receipt, bank.tenant, done.name)
    told = verify_receipt(receipt, [known])
    assert told.ok
    assert told.fields["detail"] == done.digest
    for name, content in (("p.zip", raw), ("r.json", receipt.encode())):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "verify.py").write_bytes(read_zip(raw)[1]["verify.py"])
    command = [sys.executable, "-I", "-S", "verify.py", "p.zip", "--receipt", "r.json"]
    command += ["--key", known.vkey]
    run = await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, capture_output=True)
    assert run.returncode == 0, run.stdout.decode()
    assert "VERIFIES" in run.stdout.decode()


async def test_the_events_say_by_what_right_to_whom_and_why(cloud: CloudBench) -> None:
    bank = await story(cloud)
    done = await made(cloud, bank, first=2, until=5)
    (asked,) = cloud.events(EventType.EVIDENCE_REQUESTED)
    (told,) = cloud.events(EventType.EVIDENCE_EXPORTED)
    for one in (asked, told):
        assert (one.actor, one.subject, one.origin) == (ACTOR, done.name, done.origin)
        assert one.authority == "Warrant 26-117, District Court"
        assert (one.handed_to, one.reason) == ("Det. J. Ruiz", "theft of a parcel")
    assert (asked.detail, told.detail) == ("2-4", done.digest)


async def test_the_papers(cloud: CloudBench, tmp_path: Path) -> None:
    bank = await story(cloud)
    done, raw = await fetched(cloud, bank)
    folder, files = read_zip(raw)
    assert folder == done.name
    for path, body in files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    bagit.Bag(str(tmp_path)).validate()
    rows = list(csv.DictReader(io.StringIO(files["data/entries.csv"].decode(), newline="")))
    assert [int(row["entry"]) for row in rows] == list(range(done.size))
    assert "parcel.deposited" in {row["type"] for row in rows}
    report = files["data/report.html"].decode()
    assert "Warrant 26-117" in report
    assert "default-src 'none'" in report
    assert "28 U.S.C. § 1746" in files["data/certification-902.html"].decode()
    assert "What is not in it: photographs" in files["README.txt"].decode()
    assert files["verify.py"] == VERIFIERS["verify.py"]


async def test_fields_are_kept_back_and_nothing_else_is_missing(cloud: CloudBench) -> None:
    bank = await story(cloud)
    _, raw = await fetched(cloud, bank, hidden=frozenset({"recipient", "actor", "tracking"}))
    assert verify_zip(raw, [await tenant_key(cloud, bank.tenant)]).ok
    text = b"".join(read_zip(raw)[1].values())
    recipients = {one.recipient for one in cloud.events(EventType.PARCEL_DEPOSITED)}
    assert recipients
    for one in recipients:
        assert str(one).encode() not in text


async def test_a_range_by_entries_and_by_time(cloud: CloudBench) -> None:
    bank = await story(cloud)
    done, raw = await fetched(cloud, bank, first=3, until=7)
    assert (done.first, done.until) == (3, 7)
    assert verify_zip(raw, [await tenant_key(cloud, bank.tenant)]).logs[0].start == 3
    times = [one.time for one in cloud.events(EventType.PARCEL_DEPOSITED)]
    by_time = await made(cloud, bank, since=times[0], before=after(times[0], 1))
    assert 0 <= by_time.first < by_time.until <= by_time.size


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"authority": " "}, Invalid),
        ({"handed_to": ""}, Invalid),
        ({"reason": ""}, Invalid),
        ({"hidden": frozenset({"time"})}, Invalid),
        ({"first": 4, "until": 4}, Invalid),
        ({"until": 10_000}, Invalid),
        ({"since": 1, "before": 2}, Invalid),
        ({"origin": "lockers.example.com/bank/nobody/1"}, NotFound),
    ],
)
async def test_what_cannot_be_asked_for(
    cloud: CloudBench, more: dict[str, object], kind: type[Exception]
) -> None:
    bank = await story(cloud)
    with pytest.raises(kind):
        await cloud.do(evidence.ask, bank.tenant, wanted(bank, **more), ACTOR)
    assert not cloud.events(EventType.EVIDENCE_REQUESTED)


async def test_only_who_asked_may_fetch_and_only_for_a_week(cloud: CloudBench) -> None:
    bank = await story(cloud)
    asked = await cloud.do(evidence.ask, bank.tenant, wanted(bank), ACTOR)
    with pytest.raises(Conflict, match="not_ready"):
        await cloud.do(evidence.fetchable, bank.tenant, asked.name, ACTOR)
    done = await made(cloud, bank)
    other = PersonId(named(PersonId, 8))
    with pytest.raises(Denied):
        await cloud.do(evidence.fetchable, bank.tenant, done.name, other)
    cloud.wait(7 * DAY_MS)
    with pytest.raises(Conflict, match="expired"):
        await cloud.do(evidence.fetchable, bank.tenant, done.name, ACTOR)


async def test_identity_62_a_pack_of_another_tenant_is_not_found(cloud: CloudBench) -> None:
    bank = await story(cloud)
    done = await made(cloud, bank)
    other = await cloud.tenant(2)
    with pytest.raises(NotFound):
        await cloud.do(evidence.get, other, done.name)
    with pytest.raises(NotFound):
        await cloud.do(evidence.ask, other, wanted(bank), ACTOR)


async def test_the_log_of_the_tenant_itself(cloud: CloudBench) -> None:
    bank = await story(cloud)
    origin = await cloud.do(audit.origin_of, bank.tenant)
    _, raw = await fetched(cloud, bank, origin=origin)
    verdict = verify_zip(raw, [await tenant_key(cloud, bank.tenant)])
    assert verdict.ok, verdict.findings
    files = read_zip(raw)[1]
    assert "data/chain.txt" not in files
    assert "NOT ANCHORED" in files["README.txt"].decode()


@pytest.mark.parametrize("whose", ["bank", "tenant"])
async def test_a_pack_reaches_the_anchor_and_its_stamp(
    cloud: CloudBench, tmp_path: Path, whose: str
) -> None:
    """Made before the next round of anchoring was due: the maker sees to it himself."""
    await cloud.platform()
    bank = await story(cloud)
    root = Issuer(dt.datetime.now(dt.UTC))  # OpenSSL's clock cannot be moved by hand
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    origin = await cloud.do(audit.origin_of, bank.tenant)
    more = {} if whose == "bank" else {"origin": origin}
    with Tsa(tmp_path / "tsa", key, root.issue(key)) as tsa:
        stamper = Authority(tsa.url, [root.certificate], post)
        anchors = Anchoring(cloud.unit, [], stamper=stamper)
        maker = Maker(cloud.unit, VERIFIERS, stamper, anchors)
        asked = await cloud.do(evidence.ask, bank.tenant, wanted(bank, **more), ACTOR)
        await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
        done = await cloud.do(evidence.fetchable, bank.tenant, asked.name, ACTOR)
        raw = await maker.fetch(done)
        await anchors.settle()  # the anchor goes on
        assert await maker.fetch(done) == raw
    top = keys().log_signer(f"{HOUSE}/anchor").key
    verdict = verify_zip(raw, [top])
    assert verdict.ok, verdict.findings
    assert verdict.trust is Trust.TRUSTED, "the anchor alone vouches for bank, tenant and seal"
    assert verdict.chain[-1].origin == top.name
    assert (verdict.logs[0].start, verdict.logs[0].end) == (asked.first, asked.until)
    assert [one.path for one in verdict.stamps] == ["data/anchor.txt", "tagmanifest-sha256.txt"]
    words = read_zip(raw)[1]["README.txt"].decode()
    assert "log of logs" in words
    assert "NO WITNESS outside" in words
    assert "data/anchor.txt is the same" in words


@pytest.mark.parametrize("is_revoked", [False, True])
async def test_a_pack_says_whether_its_authority_was_revoked(
    cloud: CloudBench, tmp_path: Path, is_revoked: bool
) -> None:
    """What the issuer had revoked when the pack was made is in it, and stays when it is fetched."""
    await cloud.platform()
    bank = await story(cloud)
    root = Issuer(dt.datetime.now(dt.UTC))  # OpenSSL's clock cannot be moved by hand
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = root.issue(key, listed_at="http://crl.example/root.crl")
    served = root.listed(*[certificate.serial_number][:is_revoked])

    async def get(url: str) -> bytes:
        assert url == "http://crl.example/root.crl"
        return served

    with Tsa(tmp_path / "tsa", key, certificate) as tsa:
        stamper = Authority(tsa.url, [root.certificate], post, get)
        maker = Maker(cloud.unit, VERIFIERS, stamper, Anchoring(cloud.unit, [], stamper=stamper))
        asked = await cloud.do(evidence.ask, bank.tenant, wanted(bank), ACTOR)
        await Worker(cloud.unit, maker.duties(), lambda: 0.0).run_due()
    served = b"gone"
    done = await cloud.do(evidence.fetchable, bank.tenant, asked.name, ACTOR)
    verdict = verify_zip(await maker.fetch(done), [keys().log_signer(f"{HOUSE}/anchor").key])
    assert [str(one.fault) for one in verdict.findings] == ["time stamp revoked"] * 2 * is_revoked
    assert Unexamined.REVOCATION not in verdict.unexamined


async def test_the_log_goes_on_and_the_pack_stays_the_same(cloud: CloudBench) -> None:
    bank = await story(cloud)
    done, raw = await fetched(cloud, bank)
    await made(cloud, bank, first=0, until=1)  # more events in the tenant's log
    asked = await cloud.do(evidence.fetchable, bank.tenant, done.name, ACTOR)
    assert await Maker(cloud.unit, VERIFIERS).fetch(asked) == raw


async def test_a_pack_that_comes_out_otherwise_is_refused(cloud: CloudBench) -> None:
    """Erased in between, or the log was changed: what was promised cannot be handed out."""
    bank = await story(cloud)
    done = await made(cloud, bank)
    cloud.tx.exec_driver_sql("DELETE FROM disclosure WHERE origin = ? AND idx = 2", (done.origin,))
    cloud.tx.commit()
    asked = await cloud.do(evidence.fetchable, bank.tenant, done.name, ACTOR)
    with pytest.raises(Conflict) as caught:
        await Maker(cloud.unit, VERIFIERS).fetch(asked)
    assert caught.value.code == "evidence.changed"
    again, raw = await fetched(cloud, bank)
    assert again.digest != done.digest
    assert verify_zip(raw, [await tenant_key(cloud, bank.tenant)]).ok
