from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.storage import schema
from bayward.cloud.storage.inline import InlineStore

OF_THE_PROGRAM = {"anchor_stamp", "job"}  # belong to no tenant; the payload of a job names one
GUESSED_BY_NOBODY = {  # unique over random ids and hashes of tokens
    "ix_bank_bank", "ix_bank_spki", "ix_session_hash", "ix_login_link_hash", "ix_setup_link_hash",
    "ix_parcel_link_hash", "ix_job_kind_key", "ix_receipt_word_hash",
}  # fmt: skip
TABLES = sorted(schema.metadata.tables.values(), key=lambda table: table.name)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_tenant_comes_first_in_every_key(table: sa.Table) -> None:
    if table.name in OF_THE_PROGRAM:
        return
    assert "tenant" in table.c
    assert not table.c.tenant.nullable
    counted = [column for column in table.primary_key if column.autoincrement is True]
    if not counted:
        assert next(iter(table.primary_key)).name == "tenant"
    for index in table.indexes:
        if index.unique and index.name not in GUESSED_BY_NOBODY:
            assert index.columns[0].name == "tenant", index.name
    for key in table.foreign_key_constraints:
        assert key.column_keys[0] == "tenant", key.name


def test_strict_tables_take_no_text_for_a_number() -> None:
    store = InlineStore()
    row = {"tenant": "t", "name": "n", "directory_revision": "many", "created_at": 0}
    with pytest.raises(sa.exc.IntegrityError), store.connection.begin():
        store.connection.execute(sa.text(
            "INSERT INTO tenant VALUES (:tenant, :name, :directory_revision, :created_at, NULL)"
        ), row)  # fmt: skip
    store.close()


def test_everything_is_exported() -> None:
    declared = {getattr(schema, name).name for name in schema.__all__ if name != "metadata"}
    assert declared == set(schema.metadata.tables)
