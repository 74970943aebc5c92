"""QR pictures read back as what was put in, with the quiet zone the standard asks for."""

from __future__ import annotations

import re
import struct
import zlib

import pytest

from bayward.ui import qr
from qr_pictures import pixels_of_svg, read

TEXTS = [
    "48219037",
    "https://lockers.example/here/0c7m2k9v4x/8kq2m1",
    "otpauth://totp/B:i@x?secret=JB",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_inline_picture_reads_back(text: str) -> None:
    assert read(pixels_of_svg(str(qr.svg(text, "label")))) == text


def test_the_picture_is_dark_on_white_and_named() -> None:
    svg = str(qr.svg("1", 'a "label" <b>'))
    assert 'aria-label="a &#34;label&#34; &lt;b&gt;"' in svg
    assert 'fill="#fff"' in svg
    assert "style" not in svg


def test_the_quiet_zone_is_four_modules() -> None:
    svg = str(qr.svg("48219037", ""))
    columns = [int(x) for x in re.findall(r"M(\d+) \d+h\d+v1", svg)]
    assert min(columns) == qr.QUIET_MODULES


@pytest.mark.parametrize("text", TEXTS)
def test_the_png_reads_back(text: str) -> None:
    png = qr.png(text)
    width, height, depth = struct.unpack(">IIB", png[16:25])
    assert (width, depth) == (height, 1)
    data = b"".join(
        png[place + 8 : place + 8 + size]
        for place, size in chunks(png)
        if png[place + 4 : place + 8] == b"IDAT"
    )
    assert read(bytes(pixels_of_png(zlib.decompress(data), width))) == text


def pixels_of_png(raw: bytes, width: int) -> list[int]:
    """One bit per pixel, rows plain or as the difference to the row above (filters 0 and 2)."""
    stride = (width + 7) // 8 + 1
    above, grey = bytes(stride - 1), []
    for start in range(0, len(raw), stride):
        kind, row = raw[start], raw[start + 1 : start + stride]
        assert kind in {0, 2}
        if kind:
            row = bytes((now + up) % 256 for now, up in zip(row, above, strict=True))
        grey += [255 * (row[x // 8] >> (7 - x % 8) & 1) for x in range(width)]
        above = row
    return grey


def chunks(png: bytes) -> list[tuple[int, int]]:
    found, place = [], 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        found.append((place, size))
        place += size + 12
    return found
