"""Logs for whoever is called at three in the morning.

One JSON object per line on stderr: what happened, to what, with which stable code. A log is read by
more people than the database, so nothing that opens a door, signs anybody in or names a person
belongs in it: what goes by such a name is struck out even if somebody logs it by mistake, and
requests are logged by their route, never by their path.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

SECRET_NAMES = frozenset(
    {"code", "cookie", "email", "key", "link", "name", "password", "path", "phone", "query"}
    | {"secret", "text", "ticket", "token", "unit", "url"}
)
# An error's stable code goes by `code`, too: a word with a dot in it, which no door ever opened to.
_IS_ERROR = ("code",)
STRUCK_OUT = "…"


def configure_logs(stream: TextIO | None = None) -> None:
    """Log as JSON lines to `stream` (stderr)."""
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,  # the trace of a request
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
        if not (name in _IS_ERROR and _is_error_code(event[name])):
            event[name] = STRUCK_OUT
    return event


def _is_error_code(value: object) -> bool:
    return isinstance(value, str) and "." in value and value.replace(".", "").isidentifier()
