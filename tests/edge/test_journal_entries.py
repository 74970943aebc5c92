from __future__ import annotations

import random

from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.edge.journal_entries import seal_all
from bayward.ledger.leaf import open_leaf


def test_what_never_leaves_the_bank_is_committed_to_and_kept_apart() -> None:
    event = Event(type=EventType.CODE_ROTATED, time=Instant(1), grant="grt_1", tag="c0ffee")
    one, other = seal_all([event, event], random.Random(1).randbytes)
    assert open_leaf(one.leaf, one.disclosures) == {
        "type": "code.rotated", "time": 1, "grant": "grt_1",
    }  # fmt: skip
    assert open_leaf(one.leaf, one.local) == {"tag": "c0ffee"}
    assert one.leaf != other.leaf
