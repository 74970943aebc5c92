from __future__ import annotations

import pytest

from vectors.ledger import make


@pytest.mark.parametrize("name", make.TEXTS)
def test_the_files_are_what_their_maker_makes(name: str) -> None:
    assert (make.HERE / name).read_text() == make.TEXTS[name]()
