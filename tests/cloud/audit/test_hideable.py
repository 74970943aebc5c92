from __future__ import annotations

import pytest

from bayward.cloud.audit.hideable import (
    ALWAYS_SHOWN,
    HIDEABLE,
    KEPT_BACK,
    asked_names,
    hidden_names,
)
from bayward.core.errors import Invalid


def test_names_of_fields() -> None:
    assert hidden_names("actor, recipient subject") == {"actor", "recipient", "subject"}
    assert hidden_names("") == frozenset()
    for text in ("type", "time", "tag", "nonsense", "actor nonsense"):
        with pytest.raises(Invalid):
            hidden_names(text)
    assert {"actor", "recipient", "item", "witness", "seal"} <= HIDEABLE
    assert not HIDEABLE & ALWAYS_SHOWN


def test_all_that_can_name_somebody_stays_hidden_unless_something_is_said() -> None:
    assert asked_names(None) == KEPT_BACK
    assert {"actor", "witness", "party", "party_id", "handed_to", "authority"} <= KEPT_BACK
    assert KEPT_BACK <= HIDEABLE
    assert not asked_names("")
    assert asked_names("seal") == {"seal"}
