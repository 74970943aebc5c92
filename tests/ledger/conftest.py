"""The verifier of verify.html, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from page_bench import Page


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with Page() as one:
        yield one
