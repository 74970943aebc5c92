from __future__ import annotations

import pytest

from bayward.cloud.audit.hideable import ALWAYS_SHOWN, HIDEABLE, hidden_names
from bayward.core.errors import Invalid


def test_names_of_fields() -> None:
    assert hidden_names("actor, recipient subject") == {"actor", "recipient", "subject"}
    assert hidden_names("") == frozenset()
    for text in ("type", "time", "tag", "nonsense", "actor nonsense"):
        with pytest.raises(Invalid):
            hidden_names(text)
    assert {"actor", "recipient", "item", "witness", "seal"} <= HIDEABLE
    assert not HIDEABLE & ALWAYS_SHOWN
