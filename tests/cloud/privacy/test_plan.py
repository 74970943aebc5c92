from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from bayward.cloud.privacy.plan import period_of, personal_columns, steps
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import Erase

TABLES = sorted(s.metadata.tables.values(), key=lambda table: table.name)
NAMES = re.compile(
    r"person|actor|recipient|courier|.*_by|email.*|phone|name|tracking|unit|address|reason|facts|body"
    r"|authority"
)
OF_NOBODY = {
    ("tenant", "name"), ("site", "name"), ("bank", "name"), ("setting", "name"),
    ("site", "address"),  # of a building
    ("grant", "reason"), ("fork_evidence", "reason"),  # one of our own words
    ("person", "person"),  # the id stays, so that it is never given again
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_column_that_sounds_like_a_person_says_what_becomes_of_it(table: sa.Table) -> None:
    declared = personal_columns(table)
    silent = [
        column.name
        for column in table.columns
        if NAMES.fullmatch(column.name)
        and column.name not in declared
        and (table.name, column.name) not in OF_NOBODY
    ]
    assert not silent


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_can_be_read_of_a_person_is_sealed_or_says_why_not(table: sa.Table) -> None:
    for name, one in personal_columns(table).items():
        if one.is_sealed:
            assert table.c[name].nullable
            assert isinstance(table.c[name].type, sa.LargeBinary)
        elif one.found_by:
            assert personal_columns(table)[one.found_by].is_sealed
        else:
            assert one.category == "identifier" or one.plain, f"{table.name}.{name}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_declaration_can_be_carried_out(table: sa.Table) -> None:
    for name, one in personal_columns(table).items():
        assert one.of in table.c
        assert one.category
        assert {one.ground.purpose, one.ground.basis}.isdisjoint({""})
        if one.erase is not Erase.DELETE:
            assert one.blank is not None or table.c[name].nullable
        if table.c[name].primary_key:
            assert one.erase is Erase.DELETE


UNTIL_ERASED = {  # and why no day ends it
    "person", "password", "totp", "recovery_code",  # the account itself
    "setting", "webhook", "lockdown",  # in force
    "happening",  # the index of the log, which lasts; ids only
    "item", "party",  # custody lasts as long as the case
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_is_about_a_person_has_a_period_or_lasts_until_he_is_erased(table: sa.Table) -> None:
    period = period_of(table)
    assert bool(personal_columns(table)) == (period is not None or table.name in UNTIL_ERASED)
    if period is not None:
        assert table.c[period.since].name.endswith(("_at", "not_after", "until"))
        assert period.days > 0


def test_what_refers_to_others_goes_first() -> None:
    deleted = [step.table.name for step in steps() if step.erase is Erase.DELETE]
    assert {"session", "password", "totp", "role_binding", "delivery", "parcel_link"} <= set(
        deleted
    )
    kinds = [step.erase is Erase.DELETE for step in steps()]
    assert kinds == sorted(kinds, reverse=True)
    assert "person" not in deleted
