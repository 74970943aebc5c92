"""case.jsonld, judged by the validator of the ontology's own authors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bayward.cloud.audit import case
from bayward.core.clock import Instant

GRAPH = case.graph(
    "evidence-1",
    at=Instant(1_795_000_000_000),
    authority="Warrant 26-117 <b>",
    handed_to="Det. J. Ruiz",
    reason="theft",
    files={"data/report.html": "ab" * 32, "data/custody.csv": "cd" * 32},
)


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
