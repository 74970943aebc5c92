"""What the camera sees: one grey frame in, at most one text out.

The text comes from a stranger's phone or from a label. It is data and never more: a pass goes to
the agent, digits go where typed digits go, a tracking number into a field, and everything else
(addresses of web pages, markup, commands) is as good as nothing seen.
"""

from __future__ import annotations

from enum import StrEnum

import zxingcpp

from bayward.core.codes import typed_code
from bayward.core.errors import Invalid
from bayward.wire.passes import PREFIX, TEXT_CHARS_MAX

WIDTH, HEIGHT = 640, 480
FRAME_BYTES = WIDTH * HEIGHT
TRACKING_CHARS_MIN = 6
TRACKING_CHARS_MAX = 40  # longest known: USPS IMpb with routing, 34

_SQUARE = zxingcpp.BarcodeFormat.QRCode


class Purpose(StrEnum):
    """What somebody is holding something to the camera for."""

    COLLECT = "collect"
    COURIER = "courier"
    TRACKING = "tracking"


def see(frame: bytes, purpose: Purpose, code_digits: int) -> str | None:
    """The text for `purpose` in a frame of 8-bit grey, row by row; None when there is none.

    Raises `Invalid("scan.frame")` for anything but a frame. Takes about three milliseconds.
    """
    if len(frame) != FRAME_BYTES:
        raise Invalid("scan.frame", expected=FRAME_BYTES, found=len(frame))
    image = memoryview(frame).cast("B", shape=[HEIGHT, WIDTH])
    for found in zxingcpp.read_barcodes(image):
        text = str(found.text)
        is_fitting = (
            is_tracking(text)
            if purpose is Purpose.TRACKING
            else found.format == _SQUARE and is_credential(text, code_digits)
        )
        if is_fitting:
            return text
    return None


def is_credential(text: str, code_digits: int) -> bool:
    """Whether a square picture can be a pass or a code; only such ones are asked about."""
    if text.startswith(PREFIX):
        return len(text) <= TEXT_CHARS_MAX
    return len(text) == code_digits and typed_code(text) is not None


def is_tracking(text: str) -> bool:
    """Whether a bar code can be a tracking number: letters, digits, a few marks."""
    is_sized = TRACKING_CHARS_MIN <= len(text) <= TRACKING_CHARS_MAX
    return is_sized and text.isascii() and all(char.isalnum() or char in "-./ " for char in text)
