from __future__ import annotations

import pytest

from bayward.cloud.web.person_form import GIVEN_HERE, role_of
from bayward.core.errors import Invalid
from bayward.core.roles import Role


def test_the_roles_that_are_given_here() -> None:
    given = {Role.RESIDENT, Role.BEARER, Role.CUSTODIAN, Role.ADMIN}
    assert {role_of(one.value) for one in GIVEN_HERE} == given


@pytest.mark.parametrize("text", ["super_admin", "courier", "", "Admin", "admin ", "owner"])
def test_no_other_role_is(text: str) -> None:
    with pytest.raises(Invalid, match=r"role\.not_yours"):
        role_of(text)
