"""Files that are made and checked in: compared in every run, rewritten by `make golden`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

BLOCK = re.compile(r"(<!-- made: (\w+) -->\n)(.*?)(\n<!-- /made -->)", re.DOTALL)


def assert_golden(path: Path, text: str) -> None:
    """The file says exactly this."""
    if os.environ.get("BAYWARD_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    assert found == text, f"{path.name} is not fresh; make golden rewrites it, read the diff"


def assert_golden_blocks(path: Path, blocks: Mapping[str, str]) -> None:
    """A page written by hand holds these made blocks, each once, and no other."""
    text = path.read_text(encoding="utf-8")
    assert sorted(match[2] for match in BLOCK.finditer(text)) == sorted(blocks)
    assert_golden(path, BLOCK.sub(lambda match: match[1] + blocks[match[2]] + match[4], text))
