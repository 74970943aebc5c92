"""What all papers of a pack are written with: a page, a cell, a time."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from bayward.core.clock import Instant

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_STYLE = """
body { font: 11pt/1.4 Georgia, serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; }
table { border-collapse: collapse; width: 100%; font-size: .85em; }
td, th { border: 1px solid #888; padding: .2rem .4rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
thead th { white-space: nowrap; } td:nth-child(3) { min-width: 8.4em; }
code { font-size: .85em; overflow-wrap: anywhere; } .broken { color: #a00; font-weight: bold; }
.line { border-bottom: 1px solid #000; display: inline-block; min-width: 18rem; height: 1.4rem; }
@page { margin: 2cm; } thead { display: table-header-group; } tr { break-inside: avoid; }
"""
_WIDE = """
@page { size: A4 landscape; margin: 1.2cm; } body { max-width: 78rem; }
small { display: block; font-size: .82em; } h2 { break-after: avoid; }
.facts th { width: 10rem; } .facts { break-after: avoid; margin-bottom: .8rem; }
.lines td:nth-child(3) { min-width: 0; }
"""
_PAGE = Markup(
    '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'\">\n<style>{style}</style></head>\n<body>\n<h1>{title}</h1>\n{body}"
    "</body>\n</html>\n"
)
HAND_OVERS = Markup(
    "<h2>Hand-overs of this pack</h2>\n<table><thead><tr><th>Date and time</th>"
    "<th>Released by (name, signature)</th><th>Received by (name, signature)</th>"
    "<th>Remarks</th></tr></thead><tbody>{empty}</tbody></table>\n"
).format(empty=Markup("<tr><td>&nbsp;</td><td></td><td></td><td></td></tr>") * 6)
"""Room for those who hand a pack on."""


def page(title: str, body: Markup, *, is_wide: bool = False) -> bytes:
    """A page that loads nothing, for the screen and for paper; a wide one has the paper turned."""
    style = Markup(_STYLE + _WIDE if is_wide else _STYLE)  # noqa: S704 - ours
    return _PAGE.format(title=title, style=style, body=body).encode()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def time_text(at: int) -> str:
    """A time (milliseconds) for people; the number itself when it is no time."""
    try:
        told = datetime.fromtimestamp(Instant(at) / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return str(at)
    return told.strftime("%Y-%m-%d %H:%M:%S UTC")
