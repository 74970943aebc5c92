from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.ui.gallery.console import incident
from bayward.ui.views.console_incidents import IncidentPage, IncidentState, Settling


@pytest.mark.parametrize(
    ("state", "is_locked_down", "settling"),
    [
        (IncidentState.OPEN, True, Settling.LOCKED),
        (IncidentState.ACKNOWLEDGED, True, Settling.LOCKED),
        (IncidentState.OPEN, False, Settling.UNSETTLED),  # nobody has to take it on first
        (IncidentState.ACKNOWLEDGED, False, Settling.UNSETTLED),
        (IncidentState.CLOSED, False, Settling.CLOSED),
    ],
)
def test_an_incident_is_released_and_then_closed(
    state: IncidentState, is_locked_down: bool, settling: Settling
) -> None:
    page = next(iter(incident())).view
    assert isinstance(page, IncidentPage)
    row = replace(page.row, state=state)
    assert replace(page, row=row, is_locked_down=is_locked_down).settling is settling
