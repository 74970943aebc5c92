"""Files that are made and checked in: compared in every run, rewritten by `make golden`."""

from __future__ import annotations

import os
from pathlib import Path


def assert_golden(path: Path, text: str) -> None:
    """The file says exactly this."""
    if os.environ.get("BAYWARD_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    assert found == text, f"{path.name} is not fresh; make golden rewrites it, read the diff"
