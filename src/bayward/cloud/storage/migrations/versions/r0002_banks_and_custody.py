"""Create banks and what is in their custody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_bank()
    _create_compartment()
    _create_readings()
    _create_command()
    _create_incident()
    _create_lockdown()
    _create_parcel()
    _create_grant()
    _create_parcel_link()
    _create_admission()


def _create_bank() -> None:
    op.create_table(
        "bank",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("enrolment_hash", sa.LargeBinary),
        sa.Column("enrolment_until", NUMBER),
        sa.Column("enrolment_tries", NUMBER, nullable=False),
        sa.Column("spki", sa.LargeBinary),
        sa.Column("certificate", sa.Text),
        sa.Column("certificate_until", NUMBER),
        sa.Column("letter_key", sa.LargeBinary),
        sa.Column("origin", sa.Text),
        sa.Column("firmware", sa.Text),
        sa.Column("layout_hash", sa.Text),
        sa.Column("boot", NUMBER),
        sa.Column("is_connected", sa.Integer, nullable=False),
        sa.Column("connected_at", NUMBER),
        sa.Column("disconnected_at", NUMBER),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("enrolled_at", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "site"], ["site.tenant", "site.site"], name=op.f("fk_bank_tenant_site")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_bank_tenant")),
        sa.PrimaryKeyConstraint("tenant", "bank", name=op.f("pk_bank")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_bank_bank"), "bank", ["bank"], unique=True)
    op.create_index(op.f("ix_bank_spki"), "bank", ["spki"], unique=True)


def _create_compartment() -> None:
    op.create_table(
        "compartment",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("compartment", sa.Text, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("column", NUMBER, nullable=False),
        sa.Column("row", NUMBER, nullable=False),
        sa.Column("height_units", NUMBER, nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("inner_width_mm", NUMBER, nullable=False),
        sa.Column("inner_height_mm", NUMBER, nullable=False),
        sa.Column("inner_depth_mm", NUMBER, nullable=False),
        sa.Column("floor_height_mm", NUMBER, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("has_occupancy_sensor", sa.Integer, nullable=False),
        sa.Column("life_safety", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("block_reason", sa.Text),
        sa.Column("is_retired", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"],
            ["bank.tenant", "bank.bank"],
            name=op.f("fk_compartment_tenant_bank"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_compartment_tenant")),
        sa.PrimaryKeyConstraint("tenant", "bank", "compartment", name=op.f("pk_compartment")),
        sqlite_strict=True,
    )


def _create_readings() -> None:
    op.create_table(
        "readings",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("doors", sa.Text, nullable=False),
        sa.Column("is_siren_on", sa.Integer, nullable=False),
        sa.Column("lockdowns", sa.Text, nullable=False),
        sa.Column("pending", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_readings_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_readings_tenant")),
        sa.PrimaryKeyConstraint("tenant", "bank", name=op.f("pk_readings")),
        sqlite_strict=True,
    )


def _create_command() -> None:
    op.create_table(
        "command",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("is_door", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("sent_at", NUMBER),
        sa.Column("sendings", NUMBER, nullable=False),
        sa.Column("epoch", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("ended_at", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_command_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_command_tenant")),
        sa.PrimaryKeyConstraint("tenant", "command", name=op.f("pk_command")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_command_tenant_bank_state"), "command", ["tenant", "bank", "state"])


def _create_incident() -> None:
    op.create_table(
        "incident",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("compartment", sa.Text),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.Column("opened_at", NUMBER, nullable=False),
        sa.Column("last_at", NUMBER, nullable=False),
        sa.Column("acknowledged_at", NUMBER),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("closed_at", NUMBER),
        sa.Column("closed_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("released_at", NUMBER),
        sa.Column("released_by", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_incident_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_incident_tenant")),
        sa.PrimaryKeyConstraint("tenant", "incident", name=op.f("pk_incident")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_incident_live",
        "incident",
        ["tenant", "bank", "kind"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )


def _create_lockdown() -> None:
    op.create_table(
        "lockdown",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("incident", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sa.Column("release_command", sa.Text),
        sa.Column("release_state", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_lockdown_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_lockdown_tenant")),
        sa.PrimaryKeyConstraint("tenant", "bank", "scope", name=op.f("pk_lockdown")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_lockdown_tenant_incident"), "lockdown", ["tenant", "incident"])


def _create_parcel() -> None:
    op.create_table(
        "parcel",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("parcel", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("compartment", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("courier", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("size", sa.Text),
        sa.Column("carrier", sa.Text),
        sa.Column("tracking", sa.Text),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.Column("deposited_at", NUMBER),
        sa.Column("ended_at", NUMBER),
        sa.Column("not_after", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_parcel_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_parcel_tenant")),
        sa.PrimaryKeyConstraint("tenant", "parcel", name=op.f("pk_parcel")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_parcel_tenant_recipient"), "parcel", ["tenant", "recipient"])
    op.create_index(
        op.f("ix_parcel_tenant_state_changed_at"), "parcel", ["tenant", "state", "changed_at"]
    )


def _create_grant() -> None:
    op.create_table(
        "grant",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("grant", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("parcel", sa.Text, nullable=False),
        sa.Column("compartment", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issued_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.Column("rotated_at", NUMBER),
        sa.Column("ended_at", NUMBER),
        sa.Column("reason", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_grant_tenant_bank")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_grant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "grant", name=op.f("pk_grant")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_grant_tenant_parcel"), "grant", ["tenant", "parcel"])


def _create_parcel_link() -> None:
    op.create_table(
        "parcel_link",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("parcel", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_parcel_link_tenant")),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_parcel_link")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_parcel_link_hash"), "parcel_link", ["hash"], unique=True)
    op.create_index(op.f("ix_parcel_link_tenant_parcel"), "parcel_link", ["tenant", "parcel"])


def _create_admission() -> None:
    op.create_table(
        "admission",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("carrier", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("until", NUMBER, nullable=False),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "bank"], ["bank.tenant", "bank.bank"], name=op.f("fk_admission_tenant_bank")
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_admission_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_admission_tenant")),
        sa.PrimaryKeyConstraint("tenant", "person", "bank", name=op.f("pk_admission")),
        sqlite_strict=True,
    )
