"""QR pictures: inline SVG for pages, PNG for mail.

Always dark on white with the four modules of quiet the standard asks for, also in the dark
scheme: cameras and cheap scanners read it better, and the kiosk's own camera was tuned so.
"""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import groupby

import segno
from markupsafe import Markup

QUIET_MODULES = 4  # ISO/IEC 18004
KEPT_MAX = 64
"""Pictures kept; one costs twenty milliseconds, and a page that lives draws the same one often."""
PNG_SCALE = 8  # 8 px per module prints and displays well in every mail program seen


@lru_cache(maxsize=KEPT_MAX)
def svg(text: str, label: str) -> Markup:
    """A square `<svg class="qr">` that scales; `label` is its accessible name."""
    rows = [bytes(row) for row in segno.make_qr(text, error="m", boost_error=False).matrix]
    side = len(rows) + 2 * QUIET_MODULES
    path = "".join(_run(y, row) for y, row in enumerate(rows, start=QUIET_MODULES))
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}"'
        ' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        '<path fill="#0b1017" d="{path}"/></svg>'
    ).format(side=side, label=label, path=path)


def png(text: str) -> bytes:
    """The same as a PNG file."""
    out = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(
        out, kind="png", scale=PNG_SCALE, border=QUIET_MODULES
    )
    return out.getvalue()


def _run(y: int, row: bytes) -> str:
    """Dark modules of one row as rectangles one module high."""
    path, x = "", QUIET_MODULES
    for is_dark, modules in groupby(row):
        length = len(list(modules))
        if is_dark:
            path += f"M{x} {y}h{length}v1h-{length}z"
        x += length
    return path
