from __future__ import annotations

import ast
from pathlib import Path

import pytest

from reference import limits
from reference.source import Constant, Module

MODULE = Module("x", Path(), ast.parse(""), ())


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("WAIT_MS", 90_000, "90 s"),
        ("WAIT_MS", 120_000, "2 min"),
        ("LIFE_MS_MAX", 7 * 86_400_000, "7 d"),
        ("BUSY_MS", 1_500, "1500 ms"),
        ("NEXT_S", 600, "10 min"),
        ("FLOOR_S", 0.4, "0.4 s"),
        ("REQUESTS_PER_S_MAX", 50, "50"),
        ("BODY_BYTES_MAX", 65_536, "64 KiB"),
        ("BODY_BYTES_MAX", 2**20, "1 MiB"),
        ("BODY_BYTES_MAX", 100, "100"),
        ("ROWS_MAX", 20_000, "20,000"),
        ("NUMBER_MAX", 2**53, "`2**53`"),
        ("GovernorLimits.rest_ms", 1_000, "1 s"),
    ],
)
def test_a_value_is_shown_with_its_unit(name: str, value: float, shown: str) -> None:
    assert limits.shown(Constant(name, MODULE, value, "2**53", "")) == shown


def test_names_say_what_is_a_limit() -> None:
    for name in ("FRAME_BYTES_MAX", "PINS_MIN", "LEASE_MS", "BUSY_MS_SPREAD", "TOKEN_BYTES"):
        assert limits.is_limit(name)
    for name in ("PERMANENT", "HTTP_PORT", "VERSION", "ES256"):
        assert not limits.is_limit(name)


def test_a_limit_is_told_with_file_value_and_reason() -> None:
    rows = limits.table(limits.limits("wire")).splitlines()
    wanted = "| `FRAME_BYTES_MAX` | 64 KiB | what either side buffers per frame;"
    assert any(wanted in row for row in rows)


def test_the_governor_is_there() -> None:
    names = {one.name for one in limits.limits("edge")}
    assert "GovernorLimits.unattended_per_minute" in names
