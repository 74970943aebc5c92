from __future__ import annotations

import pytest

from vectors.ledger import make


@pytest.mark.parametrize(("name", "content"), make.texts().items())
def test_the_files_are_what_their_maker_makes(name: str, content: str) -> None:
    assert (make.HERE / name).read_text() == content
