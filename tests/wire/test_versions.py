from __future__ import annotations

import pytest

from bayward.wire.errors import RemoteProtocolError
from bayward.wire.versions import VERSIONS, agree, check_agreed, subprotocol, version_of

V1, V2, V3, V9 = map(subprotocol, (1, 2, 3, 9))


@pytest.mark.parametrize(
    ("offered", "ours", "agreed"),
    [
        ([V1], (1,), 1),
        ([V2, V1], (1,), 1),  # a newer edge falls back
        ([V1], (2, 1), 1),  # an older edge is still served
        ([V1, V2], (2, 1), 2),  # whatever the order of the offer
        ([V9, V2, "chat"], (2, 1), 2),
        ([V3], (2, 1), None),
        (["bayward.v01", "bayward.v", "BAYWARD.V1", ""], (1,), None),
        ([], (1,), None),
    ],
)
def test_the_newest_that_both_speak_is_taken(
    offered: list[str], ours: tuple[int, ...], agreed: int | None
) -> None:
    assert agree(offered, ours) == agreed


def test_no_more_than_two_versions_are_spoken() -> None:
    assert 1 <= len(VERSIONS) <= 2
    assert list(VERSIONS) == sorted(VERSIONS, reverse=True)


def test_a_chosen_version_must_be_one_of_ours() -> None:
    assert version_of(V1, (2, 1)) == 1
    for chosen in (None, "", V3, "bayward.v1 "):
        with pytest.raises(RemoteProtocolError, match=r"link\.no_common_version"):
            version_of(chosen, (2, 1))


@pytest.mark.world
def test_talking_two_newer_sides_down_is_noticed() -> None:
    check_agreed(1, [2, 1], (1,))
    check_agreed(2, [2, 1], (2, 1))
    with pytest.raises(RemoteProtocolError, match=r"link\.downgraded"):
        check_agreed(1, [2, 1], (2, 1))
    with pytest.raises(RemoteProtocolError, match=r"link\.downgraded"):
        check_agreed(1, [2], (2, 1))
