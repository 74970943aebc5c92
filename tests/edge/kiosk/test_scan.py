from __future__ import annotations

import pytest

from bayward.core.errors import Invalid
from bayward.edge.kiosk.scan import HEIGHT, WIDTH, Purpose, is_credential, is_tracking, see
from kiosk_bench import camera_frame as frame

PASS = "L1:" + "6BF+70790T9WJWG.FKY*4GO0.O1CV2 ETC 2 LA.Z8LG6"


def test_a_pass_a_code_and_a_label_are_read() -> None:
    assert see(frame(PASS), Purpose.COLLECT, 8) == PASS
    assert see(frame("12345678"), Purpose.COLLECT, 8) == "12345678"
    assert see(frame("12345678"), Purpose.COURIER, 8) == "12345678"
    assert see(frame("1Z5R89390357567127"), Purpose.TRACKING, 8) == "1Z5R89390357567127"


def test_an_empty_frame_has_nothing() -> None:
    assert see(bytes(WIDTH * HEIGHT), Purpose.COLLECT, 8) is None


@pytest.mark.parametrize("size", [0, 1, WIDTH * HEIGHT - 1, WIDTH * HEIGHT + 1])
def test_what_is_no_frame_is_refused(size: int) -> None:
    with pytest.raises(Invalid, match=r"scan\.frame"):
        see(bytes(size), Purpose.COLLECT, 8)


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/?q=1",
        "<script>alert(1)</script>",
        "$(reboot)",
        "%s%s%s%n",
        "../../etc/passwd",
        "1234567",
        "123456789",
        "abcdefgh",
    ],
)
def test_identity_36_other_pictures_are_as_good_as_nothing(text: str) -> None:
    assert see(frame(text), Purpose.COLLECT, 8) is None
    assert see(frame(text), Purpose.COURIER, 8) is None


def test_only_what_can_be_a_credential_or_a_number_is_passed_on() -> None:
    assert is_credential("L1:" + "A" * 509, 8)
    assert not is_credential("L1:" + "A" * 510, 8)
    assert not is_credential("１２３４５６７８", 8)  # noqa: RUF001 - full-width digits are the test
    assert is_tracking("9400 1118 9922 3100 0000 00")
    assert not is_tracking("<b>12345678</b>")
    assert not is_tracking("12345")
    assert not is_tracking("1" * 41)
