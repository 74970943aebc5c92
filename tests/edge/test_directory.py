from __future__ import annotations

import pytest

from bayward.core.clock import Instant
from bayward.core.errors import Invalid, LimitExceeded
from bayward.core.ids import PersonId
from bayward.edge.agent import Recipient
from bayward.edge.directory import Directory, SearchBudget, masked

NAMES = [
    ("1A", "Maria Olsen"),
    ("1A", "Jonas Olsen"),
    ("2B", "Mariana Óláfsdóttir"),
    ("12", "Wei Li"),
    *[(f"9{number}", "Anna Kowalska") for number in range(10, 16)],
]
DIRECTORY = Directory(
    3,
    tuple(
        Recipient(PersonId.of(bytes([place]) * 16), unit, name, needs_low=False)
        for place, (unit, name) in enumerate(NAMES)
    ),
)


def units(query: str) -> list[str]:
    return [one.unit for one in DIRECTORY.find(query)]


def test_a_whole_unit_or_three_letters_of_a_name_are_found() -> None:
    assert units(" 1a ") == ["1A", "1A"]
    assert units("mar") == ["1A", "2B"]
    assert units("olafs") == ["2B"]
    assert units("ols mar") == ["1A"]
    assert units("wei li") == ["12"]
    assert units("nobody") == []


def test_names_are_masked() -> None:
    (found,) = DIRECTORY.find("olafs")
    assert found.name == "M····· Ó·····"
    assert masked("A Bc") == "A· B·"
    assert "aria" not in str(DIRECTORY.find("1A"))


@pytest.mark.parametrize("query", ["", "  ", "1", "ma", "a b", "1%", "x" * 61, "\0\0\0"])
def test_identity_81_short_and_odd_queries_are_refused(query: str) -> None:
    with pytest.raises(Invalid, match=r"search\.query"):
        DIRECTORY.find(query)


def test_identity_81_a_query_that_fits_many_shows_none() -> None:
    assert units("anna") == []
    assert units("910") == ["910"]


def test_identity_81_searches_are_rate_limited() -> None:
    budget = SearchBudget()
    now = Instant(1_000_000)
    for _ in range(12):
        budget.spend(now)
    with pytest.raises(LimitExceeded, match=r"search\.too_often \(wait_s=5\)"):
        budget.spend(now)
    budget.spend(Instant(now + 5_000))
    with pytest.raises(LimitExceeded):
        budget.spend(now)  # a clock that runs back refills nothing


def test_a_name_is_looked_up_by_id_unmasked() -> None:
    person = DIRECTORY.recipients[0].person
    assert DIRECTORY.person(person) == DIRECTORY.recipients[0]
    assert DIRECTORY.person("prs_none") is None
