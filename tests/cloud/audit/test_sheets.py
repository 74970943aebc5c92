from __future__ import annotations

import pytest
from markupsafe import Markup

from bayward.cloud.audit import sheets


def test_a_page_loads_nothing_and_a_title_is_no_markup() -> None:
    made = sheets.page("<b>", Markup("<p>x</p>")).decode()
    assert "<title>&lt;b&gt;</title>" in made
    assert "default-src 'none'" in made


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert sheets.harmless(cell) == f"'{cell}"
    assert sheets.harmless("1") == "1"


def test_times() -> None:
    assert sheets.time_text(1_795_000_000_000) == "2026-11-18 11:06:40 UTC"
    assert sheets.time_text(2**60) == str(2**60)
