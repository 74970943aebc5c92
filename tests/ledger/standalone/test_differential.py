"""The first cases of `make fuzz`, and whether it would notice a verifier that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential import disagreement, document
from pack_bench import standalone
from page_bench import Page

CASES = 240


@pytest.mark.parametrize("first", range(0, CASES, 40))
def test_all_verifiers_agree_about_bent_documents(page: Page, tmp_path: Path, first: int) -> None:
    found = [disagreement(case, page, tmp_path) for case in range(first, first + 40)]
    assert not any(found), "\n".join(filter(None, found))


@pytest.mark.parametrize("case", [43, 2546, 391826543])
def test_what_they_once_disagreed_about(page: Page, tmp_path: Path, case: int) -> None:
    """Bytes that are no UTF-8, one finding twice, and a carriage return in a receipt."""
    assert disagreement(case, page, tmp_path) == ""


def test_a_case_is_the_same_document_every_time() -> None:
    assert [document(case) for case in range(30)] == [document(case) for case in range(30)]
    assert {document(case).kind for case in range(30)} == {"json", "ndjson", "zip"}


def test_a_verifier_that_is_wrong_is_found_out(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standalone(), "leaf_hash", lambda _entry: bytes(32))
    said = [disagreement(case, page, tmp_path) for case in range(12)]
    (first, *_) = filter(None, said)
    assert "they do not agree about a ." in first
    assert "make fuzz ARGS='--case " in first
