from __future__ import annotations

import csv
import io

from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.paper_words import Above
from bayward.cloud.audit.papers import Papers, Shown, digest
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId, TenantId

ASKED = Evidence(
    tenant=TenantId("ten_x"), name="evidence-1", person=PersonId("prs_x"),
    asked_at=Instant(1_795_000_000_000), origin="demo/bank/1", first=3, until=5, size=9, note="n",
    asked_index=3, hidden=frozenset({"actor"}),
)  # fmt: skip
ORDER = Event(
    type=EventType.EVIDENCE_REQUESTED, time=Instant(0), actor="prs_x", subject="evidence-1",
    origin="demo/bank/1", authority="Warrant <script>\nLine: two", handed_to="R", reason="r",
)  # fmt: skip
SHOWN = [
    Shown(3, {"type": "door.opened", "time": 1_795_000_000_000, "reason": "=cmd()"}),
    Shown(4, {"type": "<b>", "time": 2**60}),
]
VERIFIERS = {"verify.py": b"py", "verify.html": b"html"}
PAPERS = Papers(ASKED, ORDER, "demo+1+2", SHOWN, VERIFIERS, Above())
FILES = PAPERS.files()


def test_nothing_somebody_typed_becomes_markup_or_a_formula() -> None:
    report = FILES["data/report.html"].decode()
    assert "Warrant &lt;script&gt; Line: two" in report
    assert "<td>&lt;b&gt;</td>" in report
    assert "<script" not in report
    rows = list(csv.DictReader(io.StringIO(FILES["data/entries.csv"].decode(), newline="")))
    assert [row["reason"] for row in rows] == ["'=cmd()", ""]
    assert [row["time"] for row in rows] == ["2026-11-18 11:06:40 UTC", str(2**60)]


def test_a_line_of_the_bag_stays_one_line() -> None:
    assert dict(PAPERS.info())["Legal-Authority"] == "Warrant <script> Line: two"


def test_the_verifiers_hashes_are_printed() -> None:
    for path in ("data/report.html", "VERIFY.txt"):
        assert digest(b"py") in FILES[path].decode()
        assert digest(b"html") in FILES[path].decode()
    assert digest(b"py") in FILES["data/certification-902.html"].decode()


def test_what_is_kept_back_and_what_is_missing_is_said() -> None:
    assert "Fields kept back: actor" in FILES["README.txt"].decode()
    assert "What is not in it: photographs" in FILES["README.txt"].decode()
    assert "NOT ANCHORED" in FILES["README.txt"].decode()
    assert "NOT ANCHORED" in FILES["data/report.html"].decode()
