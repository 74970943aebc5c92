from __future__ import annotations

import pytest

from bayward.sim.hardware.settings import TwinPort, one_line
from bench import copper
from bench.measures.unlock import covered
from hardware_bench import doors


@pytest.mark.parametrize(("baud", "expected"), [(9600, 64.4), (19_200, 47.2), (115_200, 32.9)])
def test_what_an_unlock_waits_for_follows_from_the_baud_rate(baud: int, expected: float) -> None:
    steel = one_line(doors(160), port=TwinPort("main", baud=baud))
    assert copper.unlock_ms(steel) == pytest.approx(expected, abs=0.1)


def test_a_long_line_is_scanned_more_slowly() -> None:
    assert copper.change_ms(one_line(doors(160))) > copper.change_ms(one_line(doors(16)))


def test_time_in_use_is_counted_once() -> None:
    spans = [(4.0, 9.0), (0.0, 2.0), (1.0, 3.0), (2.5, 2.6)]
    assert covered((1.5, 5.0), spans) == pytest.approx(1.5 + 1.0)
    assert covered((9.5, 10.0), spans) == 0
