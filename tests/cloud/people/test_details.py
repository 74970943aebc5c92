from __future__ import annotations

import pytest

from bayward.cloud.people.details import Details
from bayward.core.errors import Invalid


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "a" * 121),
        ("name", "a\x00b"),
        ("name", "a\nb"),
        ("name", "\ud800"),
        ("unit", "1" * 21),
        ("email", "anne"),
        ("email", "anne@"),
        ("email", "@example.com"),
        ("email", "a b@example.com"),
        ("email", "a@b@c"),
        ("email", "anne@example..com"),
        ("email", "a" * 250 + "@example.com"),
        ("email", "a\r\nBcc: b@example.com"),
        ("phone", "call me"),
        ("phone", "1"),
        ("language", "english"),
        ("language", "../en"),
    ],
)
def test_malformed_input_names_its_field(field: str, value: str) -> None:
    given: dict[str, str] = {"name": "Anne"} | {field: value}
    with pytest.raises(Invalid) as error:
        Details(**given)  # type: ignore[arg-type]  # one of the texts
    assert error.value.facts["field"] == field


@pytest.mark.parametrize(
    "email", ["anne@localhost", "o'neil+lockers@sub.example.co.uk", "用户@例子.广告"]
)
def test_addresses_people_have_are_taken(email: str) -> None:
    given = Details(name="Łukasz Ångström-O'Brien", email=email, phone="+44 (0)20 7946-0000")
    assert given.email == email
