"""Post-quantum cosignatures: checked where there is ML-DSA-44, not counted and said where not."""

from __future__ import annotations

from pathlib import Path

from bayward.ledger.chain import verify_chained
from bayward.ledger.known import read_known
from mldsa_bench import GIVEN, OTHER, YOUNG, chained
from pack_bench import by_library, script
from page_bench import Page


def test_the_library_and_webcrypto_count_it(page: Page) -> None:
    known = read_known(GIVEN)
    said = by_library(verify_chained(chained(YOUNG), known.keys, known.demand))
    assert said == ([], "trusted")
    assert page.verify(chained(YOUNG).encode(), [], policy=GIVEN) == said
    told = page.ask("verify", file=chained(YOUNG).encode(), policy=GIVEN)
    assert told["chain"][1]["cosigned"] == {"young.example/w": 1_795_000_000}
    said = by_library(verify_chained(chained(OTHER), known.keys, known.demand))
    assert said == ([("not witnessed", None)], "trusted")
    assert page.verify(chained(OTHER).encode(), [], policy=GIVEN) == said


def test_audit_06_a_forged_one_spoils_the_link(page: Page) -> None:
    known = read_known(GIVEN)
    text = chained(YOUNG)
    at = text.rindex("young.example/w ") + 2_000
    bent = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    said = by_library(verify_chained(bent, known.keys, known.demand))
    assert ("signature invalid", 3) in said[0]
    assert page.verify(bent.encode(), [], policy=GIVEN) == said


def test_verify_py_says_that_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "chain.jsonl").write_text(chained(YOUNG))
    (tmp_path / "policy").write_text(GIVEN)
    told = script(tmp_path / "chain.jsonl", "--policy", str(tmp_path / "policy"))
    assert [one["fault"] for one in told["findings"]] == ["not witnessed"]
    assert "1 not checked: needs ML-DSA" in told["findings"][0]["detail"]
    assert told["trust"] == "trusted"
