"""How long a reply may take."""

from __future__ import annotations

import pytest

from bayward.core.errors import Misconfigured
from bayward.edge.drivers.timing import BusTiming


def test_patience_covers_the_wire_the_board_and_the_adapter() -> None:
    timing = BusTiming(board_latency_ms=10, adapter_ms=16)
    assert timing.reply_ms(5, 9, 19_200) == pytest.approx(7.29 + 30 + 16, abs=0.01)


def test_a_slower_line_is_waited_for_longer() -> None:
    timing = BusTiming()
    assert timing.reply_ms(5, 9, 9_600) > timing.reply_ms(5, 9, 19_200)


@pytest.mark.parametrize("changes", [{"tries_max": 0}, {"scan_every_ms": 0}, {"rest_max_ms": 1}])
def test_times_that_make_no_sense_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(Misconfigured):
        BusTiming(**changes)
