from __future__ import annotations

import pytest

from bayward.cloud.web.period_form import number
from bayward.core.errors import Invalid


def test_days_are_a_whole_number() -> None:
    assert number("30") == 30
    for wrong in ("", "-1", "3.5", "many", "\u0663"):
        with pytest.raises(Invalid, match=r"period\.number"):
            number(wrong)
