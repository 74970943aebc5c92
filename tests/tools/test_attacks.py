from __future__ import annotations

import pytest

from reference import attacks


def test_no_case_that_a_version_needs_is_lost() -> None:
    for which, numbers in attacks.REQUIRED.items():
        assert not numbers - {number for kind, number in attacks.tests() if kind == which}


def test_a_case_without_a_test_and_a_test_without_a_case_stop_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = dict(attacks.tests())
    monkeypatch.setattr(attacks, "tests", lambda: {**found})
    attacks.page()
    del found["identity", 7]
    monkeypatch.setattr(attacks, "tests", lambda: found)
    with pytest.raises(LookupError, match="identity 7: no test"):
        attacks.page()
    found["identity", 7] = found["hardware", 99] = ["x"]
    with pytest.raises(LookupError, match="hardware 99: a test"):
        attacks.page()
