from __future__ import annotations

import csv
import io

from bayward.cloud.privacy import register
from bayward.cloud.privacy.plan import personal_columns
from bayward.cloud.storage import schema as s


def test_every_column_about_a_person_is_in_it_once() -> None:
    told = [
        (line.table, column) for line in register.lines() for column in line.columns.split(", ")
    ]
    declared = [
        (name, column)
        for name, table in s.metadata.tables.items()
        for column in personal_columns(table)
    ]
    assert sorted(told) == sorted(declared)
    assert not [line for line in register.lines() if "" in (line.kept, line.how, line.recipients)]


def test_it_says_how_long_and_how() -> None:
    found = {(line.table, line.category): line for line in register.lines() if line.how == "sealed"}
    assert found["parcel", "delivery"].kept == "90 days from ended_at, then blanked"
    assert found["person", "name"].kept == "until erased, then blanked"
    assert found["person", "health"].columns == "needs_low"


def test_the_file_is_a_table() -> None:
    rows = list(csv.reader(io.StringIO(register.csv_text({}))))
    assert rows[0][0] == "table"
    assert len(rows) == 1 + len(list(register.lines()))
    assert {len(row) for row in rows} == {8}
