"""Create logs, and what has to leave the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GUARD = """
CREATE TRIGGER {table}_no_{verb} BEFORE {event} ON {table} {when}
BEGIN SELECT RAISE(ABORT, '{table} only grows'); END
"""


def _guard(table: str, last: str) -> None:
    """Let a table grow and nothing else; `INSERT OR REPLACE` does not fire the other two."""
    same = f"tenant = NEW.tenant AND origin = NEW.origin AND {last} = NEW.{last}"
    when = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of our own
    frozen = "leaf, idx, origin, tenant" if table == "log_entry" else "hash, place, origin, tenant"
    op.execute(GUARD.format(table=table, verb="delete", event="DELETE", when=""))
    op.execute(GUARD.format(table=table, verb="update", event=f"UPDATE OF {frozen}", when=""))
    op.execute(GUARD.format(table=table, verb="replace", event="INSERT", when=when))


def upgrade() -> None:
    _create_log()
    _create_log_entry()
    _create_log_hash()
    _create_happening()
    _create_fork_evidence()
    _create_job()
    _create_letter()
    _create_delivery()
    _create_webhook()

    if op.get_context().dialect.name == "sqlite":
        _guard("log_entry", "idx")
        _guard("log_hash", "place")


def _create_log() -> None:
    op.create_table(
        "log",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bank", sa.Text),
        sa.Column("vkey", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.Column("verified_at", NUMBER),
        sa.Column("verify_problem", sa.Text),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_log_tenant")),
        sa.PrimaryKeyConstraint("tenant", "origin", name=op.f("pk_log")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_log_tenant_bank"), "log", ["tenant", "bank"])


def _create_log_entry() -> None:
    op.create_table(
        "log_entry",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("idx", NUMBER, autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("disclosures", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f("fk_log_entry_tenant_origin"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_log_entry_tenant")),
        sa.PrimaryKeyConstraint("tenant", "origin", "idx", name=op.f("pk_log_entry")),
        sqlite_strict=True,
    )


def _create_log_hash() -> None:
    op.create_table(
        "log_hash",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("place", NUMBER, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "origin"],
            ["log.tenant", "log.origin"],
            name=op.f("fk_log_hash_tenant_origin"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_log_hash_tenant")),
        sa.PrimaryKeyConstraint("tenant", "origin", "place", name=op.f("pk_log_hash")),
        sqlite_strict=True,
    )


def _create_happening() -> None:
    op.create_table(
        "happening",
        sa.Column("seq", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", NUMBER, nullable=False),
        sa.Column("received_at", NUMBER, nullable=False),
        sa.Column("bank", sa.Text),
        sa.Column("compartment", sa.Text),
        sa.Column("parcel", sa.Text),
        sa.Column("incident", sa.Text),
        sa.Column("command", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("fields", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_happening_tenant")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_happening")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_happening_tenant_bank_seq"),
        "happening",
        ["tenant", "bank", "seq"],
        sqlite_where=sa.text("bank IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_happening_tenant_incident"),
        "happening",
        ["tenant", "incident"],
        sqlite_where=sa.text("incident IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_happening_tenant_parcel"),
        "happening",
        ["tenant", "parcel"],
        sqlite_where=sa.text("parcel IS NOT NULL"),
    )
    op.create_index(op.f("ix_happening_tenant_seq"), "happening", ["tenant", "seq"])


def _create_fork_evidence() -> None:
    op.create_table(
        "fork_evidence",
        sa.Column("evidence", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("known_note", sa.Text, nullable=False),
        sa.Column("offered_note", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenant.tenant"], name=op.f("fk_fork_evidence_tenant")
        ),
        sa.PrimaryKeyConstraint("evidence", name=op.f("pk_fork_evidence")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_fork_evidence_tenant_bank"), "fork_evidence", ["tenant", "bank"])


def _create_job() -> None:
    op.create_table(
        "job",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("locked_until", NUMBER),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_job_kind_key"), "job", ["kind", "key"], unique=True)
    op.create_index(op.f("ix_job_state_due"), "job", ["state", "due"])


def _create_letter() -> None:
    op.create_table(
        "letter",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("letter", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("received_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_letter_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_letter_tenant")),
        sa.PrimaryKeyConstraint("tenant", "letter", name=op.f("pk_letter")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_letter_tenant_subject"), "letter", ["tenant", "subject"])


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.Column("next_at", NUMBER),
        sa.Column("sent_at", NUMBER),
        sa.Column("last_error", sa.Text),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_delivery_tenant")),
        sa.PrimaryKeyConstraint("tenant", "delivery", name=op.f("pk_delivery")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_delivery_tenant_created_at"), "delivery", ["tenant", "created_at"])
    op.create_index(op.f("ix_delivery_tenant_subject"), "delivery", ["tenant", "subject"])


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("is_enabled", sa.Integer, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("last_ok_at", NUMBER),
        sa.Column("failing_since", NUMBER),
        sa.Column("problem", sa.Text),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_webhook_tenant")),
        sa.PrimaryKeyConstraint("tenant", "webhook", name=op.f("pk_webhook")),
        sqlite_strict=True,
    )
