"""The unlock table: what it allows, and that no order of signals makes it pulse twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import Instant
from bayward.core.door import KnownDoor, UnknownDoor, UnknownWhy, UnlockOutcome
from bayward.core.ids import CommandId, CompartmentId
from bayward.edge.unlock import (
    TRANSITIONS,
    Phase,
    Signal,
    Unlock,
    UnlockRequest,
    advanced,
    requested,
    resolving,
    signal_of,
)

COMMAND = CommandId.of(bytes(16))
DOOR = CompartmentId.of(bytes(16))
REQUEST = UnlockRequest(COMMAND, DOOR, Instant(1_000), has_presence=True)
S, P, O = Signal, Phase, UnlockOutcome  # noqa: E741 - as in the table


def run(unlock: Unlock, *signals: Signal) -> Unlock:
    for signal in signals:
        unlock = advanced(unlock, signal)
    return unlock


@pytest.mark.parametrize(
    ("signals", "outcome"),
    [
        ((S.READ_SHUT, S.TOKEN, S.SENT, S.READ_OPEN), O.OPENED),
        ((S.READ_SHUT, S.TOKEN, S.SENT, S.READ_SHUT, S.READ_SHUT, S.READ_OPEN), O.OPENED),
        ((S.READ_SHUT, S.TOKEN, S.UNSURE, S.READ_OPEN), O.OPENED),
        ((S.READ_OPEN,), O.ALREADY_OPEN),
        ((S.READ_SHUT, S.READ_OPEN), O.ALREADY_OPEN),
        ((S.UNREADABLE,), O.REFUSED),
        ((S.READ_SHUT, S.NO_TOKEN), O.REFUSED),
        ((S.READ_SHUT, S.TOKEN, S.NOT_SENT), O.REFUSED),
        ((S.READ_SHUT, S.TOKEN, S.SENT, S.READ_SHUT, S.TIME_UP), O.NO_EDGE),
        ((S.READ_SHUT, S.TOKEN, S.SENT, S.TIME_UP), O.DOUBTFUL),
        ((S.READ_SHUT, S.TOKEN, S.SENT, S.READ_SHUT, S.UNREADABLE, S.TIME_UP), O.DOUBTFUL),
        ((S.READ_SHUT, S.PULSED_BEFORE, S.READ_OPEN), O.OPENED),
        ((S.READ_SHUT, S.STOPPED), O.REFUSED),
        ((S.READ_SHUT, S.TOKEN, S.SENT, S.STOPPED), O.DOUBTFUL),
    ],
)
def test_an_unlock_ends_as_the_table_says(
    signals: tuple[Signal, ...], outcome: UnlockOutcome
) -> None:
    assert run(requested(REQUEST), *signals).outcome is outcome


@pytest.mark.parametrize("before", [(), (S.READ_SHUT,), (S.READ_SHUT, S.TOKEN)])
def test_hardware_16_a_late_command_opens_nothing_up_to_the_last_moment(
    before: tuple[Signal, ...],
) -> None:
    assert run(requested(REQUEST), *before, S.LATE).outcome is O.EXPIRED


def test_hardware_16_after_the_pulse_it_is_too_late_to_expire() -> None:
    unlock = run(requested(REQUEST), S.READ_SHUT, S.TOKEN, S.SENT, S.LATE)
    assert unlock.outcome is None
    assert run(unlock, S.READ_OPEN).outcome is O.OPENED


@given(st.lists(st.sampled_from(Signal)))
def test_no_order_of_signals_pulses_twice(signals: list[Signal]) -> None:
    unlock = requested(REQUEST)
    pulses = 0
    for signal in signals:
        before, unlock = unlock, advanced(unlock, signal)
        pulses += before.at is not P.SENDING and unlock.at is P.SENDING
        if before.outcome is not None:
            assert unlock == before
    assert pulses <= 1


@given(st.lists(st.sampled_from(Signal)))
def test_what_is_only_resolved_never_pulses(signals: list[Signal]) -> None:
    unlock = resolving(COMMAND, DOOR)
    for signal in signals:
        unlock = advanced(unlock, signal)
        assert unlock.at not in (P.CHECKING, P.WAITING, P.SENDING)


def test_no_edge_leads_back_to_before_the_pulse() -> None:
    order = list(Phase)
    for (phase, _), target in TRANSITIONS.items():
        if isinstance(target, Phase) and phase not in (P.CONFIRMING, P.SHUT):
            assert order.index(target) > order.index(phase)
        elif isinstance(target, Phase):
            assert target in (P.CONFIRMING, P.SHUT)


def test_sending_is_entered_with_a_token_and_by_nothing_else() -> None:
    doors = [edge for edge, target in TRANSITIONS.items() if target is P.SENDING]
    assert doors == [(P.WAITING, S.TOKEN)]


def test_every_phase_can_be_ended() -> None:
    for phase in Phase:
        ends = [t for (p, _), t in TRANSITIONS.items() if p is phase]
        assert any(isinstance(target, UnlockOutcome) for target in ends)


def test_a_reading_says_open_shut_or_nothing() -> None:
    at = Instant(5)
    assert signal_of(KnownDoor(is_closed=True, is_occupied=None, at=at)) is S.READ_SHUT
    assert signal_of(KnownDoor(is_closed=False, is_occupied=None, at=at)) is S.READ_OPEN
    assert signal_of(UnknownDoor(at, UnknownWhy.BUS_SILENT)) is S.UNREADABLE
