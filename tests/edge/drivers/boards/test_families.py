"""Every family keeps the promises the scheduler builds on."""

from __future__ import annotations

import pytest

from bayward.core.errors import Invalid
from bayward.edge.drivers.boards.codec import BoardState
from bayward.edge.drivers.boards.families import Family, codec_of


@pytest.mark.parametrize("family", Family)
def test_a_family_reads_every_board_and_unlocks_every_lock_with_its_own_frame(
    family: Family,
) -> None:
    codec = codec_of(family)
    reads = {codec.read(address).data for address in range(codec.caps.addresses)}
    unlocks = {
        codec.unlock(address, lock, 500).data
        for address in range(codec.caps.addresses)
        for lock in range(codec.caps.locks)
    }
    assert len(reads) == codec.caps.addresses
    assert len(unlocks) == codec.caps.addresses * codec.caps.locks
    assert not reads & unlocks


@pytest.mark.parametrize("family", Family)
def test_a_family_says_what_answers_a_reading(family: Family) -> None:
    codec = codec_of(family)
    ask = codec.read(1)
    assert ask.answer is BoardState
    assert ask.answer_bytes > 0
    with pytest.raises(Invalid):
        codec.read(codec.caps.addresses)


@pytest.mark.parametrize("family", Family)
def test_a_family_whose_board_does_not_end_the_pulse_is_not_driven(family: Family) -> None:
    assert codec_of(family).caps.has_pulse_timer
