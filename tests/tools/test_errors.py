from __future__ import annotations

import pytest

from bayward.ui.problems import UNKNOWN
from reference import errors, source
from reference.errors import COMPOSED


def test_every_code_can_be_read_from_the_source() -> None:
    _, unexplained = errors.raised()
    assert not unexplained, "say in COMPOSED what these can be"


def test_every_code_says_something_to_people() -> None:
    _, shared = errors.split()
    assert UNKNOWN not in shared, "write a sentence into [error], or list the area's family"


def test_every_composition_is_there() -> None:
    texts = {module.short: "\n".join(module.lines) for module in source.modules(*errors.BOXES)}
    for short, expression in COMPOSED:
        assert expression.strip("f'\"") in texts[short].replace('"', "'"), (short, expression)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("lockdown", "Denied"),
        ("role.above_own", "Denied"),  # a reason the policy yields
        ("link.malformed", "RemoteProtocolError"),
        ("unlock.no_edge", "_refuse"),  # put together
        ("pass.issuer", "Denied"),  # chosen before
    ],
)
def test_codes_are_found_where_they_are_said(code: str, kind: str) -> None:
    found, _ = errors.raised()
    assert (code, kind) in {(one.code, one.kind) for one in found}


def test_a_code_is_told_once() -> None:
    found, _ = errors.raised()
    own, shared = errors.split()
    page = errors.page()
    assert page.count("| `grant.used` |") == 1
    told = [*own, *(code for codes in shared.values() for code in codes)]
    assert len(told) == len(set(told)) == len({one.code for one in found})
