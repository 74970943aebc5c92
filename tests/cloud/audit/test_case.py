"""case.jsonld, judged by the validator of the ontology's own authors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bayward.cloud.audit import case
from bayward.core.clock import Instant

HEAD = dict.fromkeys(("released_by_id", "received_by_id", "witness_id"), "")
HEAD |= {"description": "A knife"}
GRAPH = case.graph(
    "evidence-1",
    at=Instant(1_795_000_000_000),
    authority="Warrant 26-117 <b>",
    handed_to="Det. J. Ruiz",
    reason="theft",
    files={"data/report.html": "ab" * 32, "data/custody.csv": "cd" * 32},
    custody=[
        HEAD | {"item": "ITEM-1", "what": "item.registered", "time_utc": "2026-11-18 11:06:40 UTC",
         "released_by": "", "received_by": "Anne", "received_by_id": "prs_a", "witness": "",
         "entry": "3", "log": "demo/t"},
        HEAD | {"item": "ITEM-1", "what": "custody.accepted", "time_utc": "2026-11-18 11:16:40 UTC",
         "released_by": "Anne", "released_by_id": "prs_a", "received_by": "Anne",
         "received_by_id": "prs_b", "witness": "", "entry": "5",
         "log": "demo/t"},
        HEAD | {"item": "ITEM-1", "what": "seal.checked", "time_utc": "2026-11-18 11:17:40 UTC",
         "released_by": "", "received_by": "", "witness": "", "entry": "6", "log": "demo/t"},
        HEAD | {"item": "ITEM-1", "what": "custody.stored", "time_utc": "2026-11-18 11:26:40 UTC",
         "released_by": "Anne", "released_by_id": "prs_b", "received_by": "door 1",
         "received_by_id": "cmp_1", "witness": "Anne", "witness_id": "prs_a", "entry": "7",
         "log": "demo/t"},
    ],
)  # fmt: skip


@pytest.mark.system  # reading the ontology takes seconds
# The ontology's library uses a class its own library has deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_conforms_to_case_and_uco(tmp_path: Path) -> None:
    from case_utils.case_validate import validate  # noqa: PLC0415 - so does importing this

    (tmp_path / "case.jsonld").write_bytes(GRAPH)
    result = validate([str(tmp_path / "case.jsonld")])
    assert result.conforms, result.text
    assert not result.undefined_concepts
    broken = GRAPH.replace(b'"@type": "xsd:hexBinary"', b'"@type": "xsd:integer"')
    (tmp_path / "broken.jsonld").write_bytes(broken)
    assert not validate([str(tmp_path / "broken.jsonld")]).conforms


def test_it_is_the_same_every_time_and_names_every_file() -> None:
    nodes = json.loads(GRAPH)["@graph"]
    names = [one["@id"] for one in nodes]
    assert len(set(names)) == len(names)
    assert sum(one["@type"] == "uco-observable:File" for one in nodes) == 2
    (granted,) = [one for one in nodes if one["@type"] == "case-investigation:Authorization"]
    assert granted["case-investigation:authorizationIdentifier"] == "Warrant 26-117 <b>"


def test_it_names_the_hand_overs_of_the_custody_form() -> None:
    nodes = {one["@id"]: one for one in json.loads(GRAPH)["@graph"]}
    moved = [one for one in nodes.values() if "uco-action:object" in one]
    assert [one["uco-core:name"] for one in moved] == [
        "item.registered",
        "custody.accepted",
        "custody.stored",
    ]
    _, accepted, stored = moved
    giver = nodes[accepted["uco-action:performer"]["@id"]]
    assert giver["uco-core:name"] == "Anne"
    assert giver["uco-core:description"] == "prs_a in the log"
    [taker] = accepted["uco-action:participant"]
    assert taker["@id"] != giver["@id"], "two people of one name are two"
    names = [nodes[one["@id"]]["uco-core:name"] for one in stored["uco-action:participant"]]
    assert names == ["door 1", "Anne"]
    assert nodes[stored["uco-action:participant"][0]["@id"]]["@type"] == "uco-location:Location"
    assert stored["uco-action:endTime"]["@value"] == "2026-11-18T11:26:40+00:00"
    assert stored["uco-core:description"] == "Entry 7 of demo/t"
    (item,) = {one["uco-action:object"]["@id"] for one in moved}
    assert nodes[item]["case-investigation:exhibitNumber"] == "ITEM-1"
