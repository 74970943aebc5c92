"""The page that follows one parcel shows what really happens."""

from __future__ import annotations

import re
from pathlib import Path

import parcel_story
from golden_text import assert_golden_blocks
from test_tidy import ROOT

PAGE = ROOT / "docs" / "explanation" / "follow-one-parcel.md"


async def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert_golden_blocks(PAGE, await parcel_story.tell(tmp_path))


def test_every_file_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:core|wire|ledger|edge|cloud|ui)/[\w/]+\.\w+)`", PAGE.read_text())
    assert len(named) > 10
    missing = [name for name in named if not (ROOT / "src" / "bayward" / name).exists()]
    assert not missing
