from __future__ import annotations

from dataclasses import replace

from bayward.ui.views.resident import Home, ParcelCard, PassState, PhoneFrame

CARD = ParcelCard(
    href="/p/x", parcel="prc_1", state=PassState.WAITING, compartment="14", where="Lobby A"
)


def test_only_what_lies_behind_an_unforced_door_is_counted_as_waiting() -> None:
    cards = (
        CARD,
        replace(CARD, state=PassState.OVERDUE),
        replace(CARD, state=PassState.ON_ITS_WAY),
        replace(CARD, state=PassState.HELD),
        replace(CARD, is_forced=True),
    )
    assert Home(frame=PhoneFrame(path="/me"), waiting=cards).ready == 2
