from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from bayward.cloud.privacy.plan import personal_columns, steps
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import Erase

TABLES = sorted(s.metadata.tables.values(), key=lambda table: table.name)
NAMES = re.compile(r"person|actor|recipient|courier|.*_by|email.*|phone|name|tracking")
OF_NOBODY = {
    ("tenant", "name"), ("site", "name"), ("bank", "name"), ("setting", "name"),
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
def test_each_declaration_can_be_carried_out(table: sa.Table) -> None:
    for name, one in personal_columns(table).items():
        assert one.of in table.c
        assert one.category
        assert {one.ground.purpose, one.ground.basis, one.ground.retention}.isdisjoint({""})
        if one.erase is not Erase.DELETE:
            assert one.blank is not None or table.c[name].nullable
        if table.c[name].primary_key:
            assert one.erase is Erase.DELETE


def test_what_refers_to_others_goes_first() -> None:
    deleted = [step.table.name for step in steps() if step.erase is Erase.DELETE]
    assert {"session", "password", "totp", "role_binding", "delivery", "parcel_link"} <= set(
        deleted
    )
    kinds = [step.erase is Erase.DELETE for step in steps()]
    assert kinds == sorted(kinds, reverse=True)
    assert "person" not in deleted
