"""What a kiosk's camera sees when somebody holds a picture to it.

Pictures come as the PNG files of our own mails: greyscale or palette, one bit per pixel, not
interlaced, rows as they are or equal to the one above (PNG specification, third edition,
sections 7.2, 9.2 and 11.2; filter types None and Up).
"""

from __future__ import annotations

import struct
import zlib

from bayward.core.errors import Invalid

WIDTH, HEIGHT = 640, 480
PAPER, INK, WALL = 0xF0, 0x10, 0xA0
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD_BYTES = 8
_FILTER_NONE, _FILTER_UP = 0, 2

Rows = list[bytes]


def grey_of_png(png: bytes) -> Rows:
    """Rows of grey bytes; raises `Invalid` for any PNG of another kind."""
    if not png.startswith(_SIGNATURE):
        raise Invalid("png.signature")
    chunks: dict[bytes, bytes] = {}
    place = len(_SIGNATURE)
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        body = png[place + _HEAD_BYTES : place + _HEAD_BYTES + length]
        chunks[kind] = chunks.get(kind, b"") + body
        place += _HEAD_BYTES + length + 4
    width, height, depth, _, _, _, interlace = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if depth != 1 or interlace:
        raise Invalid("png.kind", depth=depth)
    zero, one = _tones(chunks.get(b"PLTE"))
    raw, stride = zlib.decompress(chunks[b"IDAT"]), 1 + (width + 7) // 8
    rows: Rows = []
    above = bytes(stride - 1)
    for top in range(height):
        how, line = raw[top * stride], raw[top * stride + 1 : (top + 1) * stride]
        if how not in (_FILTER_NONE, _FILTER_UP):
            raise Invalid("png.filter", filter=how)
        if how == _FILTER_UP:
            line = bytes((new + old) & 0xFF for new, old in zip(line, above, strict=True))
        above = line
        bits = "".join(f"{byte:08b}" for byte in line)[:width]
        rows.append(bytes(one if bit == "1" else zero for bit in bits))
    return rows


def frame_with(picture: Rows) -> bytes:
    """A camera frame with the picture in the middle, as large as fits."""
    scale = min(WIDTH // len(picture[0]), HEIGHT // len(picture))
    if scale < 1:
        picture = [row[:: -(-len(picture) // HEIGHT)] for row in picture]
        picture = picture[:: -(-len(picture) // HEIGHT)]
        scale = 1
    frame = bytearray(bytes([WALL]) * (WIDTH * HEIGHT))
    top = (HEIGHT - len(picture) * scale) // 2
    left = (WIDTH - len(picture[0]) * scale) // 2
    for y, row in enumerate(picture):
        wide = b"".join(bytes([tone]) * scale for tone in row)
        for repeat in range(scale):
            start = (top + y * scale + repeat) * WIDTH + left
            frame[start : start + len(wide)] = wide
    return bytes(frame)


def _tones(palette: bytes | None) -> tuple[int, int]:
    """What the bits 0 and 1 look like."""
    if palette is None:
        return INK, PAPER
    dark = [sum(palette[place : place + 3]) < 3 * 128 for place in (0, 3)]
    return (INK if dark[0] else PAPER), (INK if dark[1] else PAPER)
