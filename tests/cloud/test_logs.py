from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from bayward.cloud.logs import SECRET_NAMES, STRUCK_OUT, configure_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream, before = io.StringIO(), structlog.get_config()
    configure_logs(stream)
    yield stream
    structlog.configure(**before)


def test_a_line_is_one_json_object_with_time_level_and_the_requests_trace(
    lines: io.StringIO,
) -> None:
    with structlog.contextvars.bound_contextvars(trace="t1"):
        structlog.get_logger().warning("web.answered", route="/p/{token:str}", status=404)
    structlog.get_logger().debug("too much detail")
    (line,) = lines.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["trace"]) == ("web.answered", "warning", "t1")
    assert told["route"] == "/p/{token:str}"
    assert told["timestamp"].endswith("Z")


@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_identity_101_what_looks_secret_is_struck_out(lines: io.StringIO, name: str) -> None:
    structlog.get_logger().info("slip", **{name: "12345678"}, bank="bnk_1")
    told = json.loads(lines.getvalue())
    assert (told[name], told["bank"]) == (STRUCK_OUT, "bnk_1")


def test_the_stable_code_of_an_error_is_no_secret(lines: io.StringIO) -> None:
    structlog.get_logger().warning("jobs.storage", code="storage.full")
    structlog.get_logger().warning("slip", code="1234.5678")
    first, second = (json.loads(line)["code"] for line in lines.getvalue().splitlines())
    assert (first, second) == ("storage.full", STRUCK_OUT)


def test_an_error_nobody_foresaw_is_told_with_its_trace_on_one_line(lines: io.StringIO) -> None:
    with pytest.raises(ZeroDivisionError) as broken:
        raise ZeroDivisionError("first\nsecond")
    structlog.get_logger().error("web.broken", exc_info=broken.value)
    (line,) = lines.getvalue().splitlines()
    assert "ZeroDivisionError" in json.loads(line)["exception"]
