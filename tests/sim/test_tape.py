from __future__ import annotations

from bayward.core.clock import DAY_MS
from bayward.sim.tape import LAST_LINES, Tape, moment, short


def test_lines_are_aligned_and_hashed() -> None:
    told: list[str] = []
    tape, same, other = Tape(told.append), Tape(), Tape()
    for one in (tape, same):
        one.write(2 * DAY_MS + 29_582_113, "north", "unlock.requested", "07 purpose=pickup")
    other.write(2 * DAY_MS + 29_582_113, "north", "unlock.requested", "08 purpose=pickup")
    assert told == [
        "       1  2 08:13:02.113  north      unlock.requested         07 purpose=pickup"
    ]
    assert tape.digest == same.digest != other.digest


def test_only_the_last_lines_are_kept() -> None:
    tape = Tape()
    for number in range(LAST_LINES + 5):
        tape.write(number, "x", "y")
    assert tape.lines == LAST_LINES + 5
    assert len(tape.last) == LAST_LINES
    assert tape.last[-1].split()[0] == str(LAST_LINES + 5)


def test_words_for_times_and_ids() -> None:
    assert moment(0) == "0 00:00:00.000"
    assert short(None) == "-"
    assert short("prc_0123456789") == "456789"
