"""Logs for whoever stands in front of the wall at three in the morning.

One JSON object per line on stderr: what happened, to what, with which stable code. Nothing that
opens a door or names a person belongs in a log, so what looks like it is struck out even if
somebody logs it by mistake.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

SECRET_NAMES = frozenset(
    {"code", "text", "tag", "key", "token", "cookie", "password", "ticket", "query", "name"}
)
STRUCK_OUT = "…"


def configure_logs(stream: TextIO | None = None) -> None:
    """Log as JSON lines to `stream` (stderr)."""
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            strike_out,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    logging.basicConfig(
        stream=out, level=logging.WARNING, format="%(name)s %(levelname)s %(message)s"
    )


def strike_out(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace the values of names that carry secrets or persons."""
    for name in SECRET_NAMES & event.keys():
        event[name] = STRUCK_OUT
    return event
