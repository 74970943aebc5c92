import io

import pytest
import segno
import zxingcpp

from bayward.core.errors import Invalid
from bayward.sim.camera import HEIGHT, WIDTH, frame_with, grey_of_png
from bayward.ui import qr


def seen(frame: bytes) -> list[str]:
    picture = memoryview(frame).cast("B", shape=[HEIGHT, WIDTH])
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def test_a_picture_of_our_own_mails_is_read_back() -> None:
    text = "L1:" + "ABC123" * 30
    assert seen(frame_with(grey_of_png(qr.png(text)))) == [text]


@pytest.mark.parametrize("scale", [1, 3, 20])
def test_pictures_of_any_size_fit_the_frame(scale: int) -> None:
    out = io.BytesIO()
    segno.make("HELLO", error="m").save(out, kind="png", scale=scale, border=4)
    frame = frame_with(grey_of_png(out.getvalue()))
    assert len(frame) == WIDTH * HEIGHT
    assert seen(frame) == ["HELLO"]


def test_other_pictures_are_refused() -> None:
    with pytest.raises(Invalid, match="signature"):
        grey_of_png(b"GIF89a")
