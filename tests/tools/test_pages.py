"""The reference in the docs is what the source says."""

from __future__ import annotations

import pytest

from golden_text import assert_golden
from reference.pages import PAGES
from reference.source import ROOT

FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_made_from_the_source_as_it_is(name: str) -> None:
    assert_golden(FOLDER / name, PAGES[name]())


def test_every_page_of_the_reference_is_made() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)
