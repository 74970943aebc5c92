from __future__ import annotations

import ast
from pathlib import Path

import pytest

from reference import source
from reference.source import Module

TEXT = '''\
"""A module."""
from bayward.core.clock import SECOND_MS
from bayward.core import clock
from elsewhere import THINGS_MAX

BASE = 2**4
WAIT_MS = 3 * SECOND_MS  # people wait
DAYS_MS = clock.DAY_MS // 2
_HIDDEN_MAX = 5
IS_ON = True
NAME = "text"
FAR_MAX = THINGS_MAX
SALT_BYTES = 18
"""Enough."""
SAFE_MAX = 1  # noqa: XYZ1 - a mark for a linter


class Limits:
    # A coil
    # is hot.
    rest_ms: int = 5 * SECOND_MS
    tries: int = 3  # and no more
    name: str = "x"
'''
MODULE = Module("x", Path(), ast.parse(TEXT), tuple(TEXT.splitlines()))


def test_numbers_are_found_with_their_reasons() -> None:
    found = {one.name: (one.value, one.reason) for one in source.constants(MODULE)}
    assert found == {
        "BASE": (16, ""),
        "WAIT_MS": (3_000, "people wait"),
        "DAYS_MS": (43_200_000, ""),
        "SALT_BYTES": (18, "Enough."),
        "SAFE_MAX": (1, ""),
    }


def test_defaults_of_a_class_are_found_with_the_comment_beside_or_above() -> None:
    found = [(one.name, one.value, one.reason) for one in source.defaults(MODULE, "Limits")]
    assert found == [
        ("Limits.rest_ms", 5_000, "A coil is hot."),
        ("Limits.tries", 3, "and no more"),
    ]


def test_comments_beside_members() -> None:
    assert source.member_comments(MODULE, "Limits") == {"tries": "and no more"}


@pytest.mark.parametrize(
    ("text", "value"), [("1 << 3", 8), ("7 / 2", 3.5), ("True", None), ("f(1)", None), ("-X", None)]
)
def test_only_numbers_have_a_value(text: str, value: float | None) -> None:
    assert source.evaluated(ast.parse(text, mode="eval").body, MODULE) == value


def test_a_module_of_ours_is_read_and_another_is_not() -> None:
    ours = source.module("bayward.core.clock")
    assert ours is not None
    assert ours.short == "core/clock.py"
    assert source.module("json") is None
    assert source.module("bayward.core.nothing") is None


def test_a_bar_does_not_end_a_cell() -> None:
    assert source.cell("a|b") == r"a\|b"
