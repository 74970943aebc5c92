from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from bayward.edge.logs import STRUCK_OUT, configure_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logs(stream)
    yield stream
    structlog.reset_defaults()


def test_a_line_is_one_json_object_with_time_and_level(lines: io.StringIO) -> None:
    structlog.get_logger().warning("door lost", compartment="cmp_1")
    structlog.get_logger().debug("too much detail")
    (line,) = lines.getvalue().splitlines()
    told = json.loads(line)
    assert told["event"] == "door lost"
    assert told["level"] == "warning"
    assert told["compartment"] == "cmp_1"
    assert told["timestamp"].endswith("Z")


def test_identity_101_what_looks_secret_is_struck_out(lines: io.StringIO) -> None:
    structlog.get_logger().info("slip", code="12345678", key=b"\x01", query="olsen", result="ok")
    told = json.loads(lines.getvalue())
    assert told["code"] == told["key"] == told["query"] == STRUCK_OUT
    assert told["result"] == "ok"
    assert "12345678" not in lines.getvalue()
