from __future__ import annotations

import pytest

from bayward.wire.errors import LocalProtocolError
from bayward.wire.link.states import FLOW, TRANSITIONS, Flow, FlowSignal, Signal, State, moved


def test_every_state_is_reached_and_closed_is_the_end() -> None:
    assert {State.CONNECTING, *TRANSITIONS.values()} == set(State)
    assert all(state is not State.CLOSED for state, _ in TRANSITIONS)
    for state in set(State) - {State.CLOSED}:
        assert TRANSITIONS[state, Signal.ENDED] is State.CLOSED


def test_live_is_only_reached_through_syncing() -> None:
    before = {state for (state, _), after in TRANSITIONS.items() if after is State.LIVE}
    assert before == {State.SYNCING}


def test_an_upload_that_was_stopped_is_only_resumed() -> None:
    assert {Flow.FLOWING, *FLOW.values()} == set(Flow)
    leaving = {
        signal
        for (state, signal), after in FLOW.items()
        if state is Flow.STOPPED and after is not Flow.STOPPED
    }
    assert leaving == {FlowSignal.RESUMED}


def test_a_move_that_is_not_in_the_table_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match=r"link\.move"):
        moved(TRANSITIONS, State.CONNECTING, Signal.AGREED)
    with pytest.raises(LocalProtocolError, match=r"link\.move"):
        moved(FLOW, Flow.FLOWING, FlowSignal.RESUMED)
