"""Create tenants, their sites and people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_tenant()
    _create_setting()
    _create_issuer()
    _create_site()
    _create_person()
    _create_role_binding()
    _create_password()
    _create_totp()
    _create_recovery_code()
    _create_session()
    _create_login_link()
    _create_setup_link()


def _create_tenant() -> None:
    op.create_table(
        "tenant",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("directory_revision", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenant")),
        sqlite_strict=True,
    )


def _create_setting() -> None:
    op.create_table(
        "setting",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_setting_tenant")),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_setting")),
        sqlite_strict=True,
    )


def _create_issuer() -> None:
    op.create_table(
        "issuer",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("kid", NUMBER, autoincrement=False, nullable=False),
        sa.Column("spki", sa.LargeBinary, nullable=False),
        sa.Column("private", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_issuer_tenant")),
        sa.PrimaryKeyConstraint("tenant", "kid", name=op.f("pk_issuer")),
        sqlite_strict=True,
    )


def _create_site() -> None:
    op.create_table(
        "site",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_site_tenant")),
        sa.PrimaryKeyConstraint("tenant", "site", name=op.f("pk_site")),
        sqlite_strict=True,
    )


def _create_person() -> None:
    op.create_table(
        "person",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("site", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("needs_low", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("seen_at", NUMBER),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_person_tenant")),
        sa.PrimaryKeyConstraint("tenant", "person", name=op.f("pk_person")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_person_tenant_email_key"), "person", ["tenant", "email_key"], unique=True
    )


def _create_role_binding() -> None:
    op.create_table(
        "role_binding",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("binding", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("not_before", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_role_binding_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_role_binding_tenant")),
        sa.PrimaryKeyConstraint("tenant", "binding", name=op.f("pk_role_binding")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_role_binding_tenant_person"), "role_binding", ["tenant", "person"])


def _create_password() -> None:
    op.create_table(
        "password",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_password_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_password_tenant")),
        sa.PrimaryKeyConstraint("tenant", "person", name=op.f("pk_password")),
        sqlite_strict=True,
    )


def _create_totp() -> None:
    op.create_table(
        "totp",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("last_step", NUMBER, nullable=False),
        sa.Column("failures", NUMBER, nullable=False),
        sa.Column("paused_until", NUMBER),
        sa.Column("confirmed_at", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_totp_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_totp_tenant")),
        sa.PrimaryKeyConstraint("tenant", "person", name=op.f("pk_totp")),
        sqlite_strict=True,
    )


def _create_recovery_code() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("used_at", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_recovery_code_tenant_person"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenant.tenant"], name=op.f("fk_recovery_code_tenant")
        ),
        sa.PrimaryKeyConstraint("tenant", "person", "hash", name=op.f("pk_recovery_code")),
        sqlite_strict=True,
    )


def _create_session() -> None:
    op.create_table(
        "session",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("aal", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("seen_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.Column("step_up_for", sa.Text),
        sa.Column("step_up_until", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_session_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_session_tenant")),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_session")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_session_hash"), "session", ["hash"], unique=True)
    op.create_index(op.f("ix_session_tenant_person"), "session", ["tenant", "person"])


def _create_login_link() -> None:
    op.create_table(
        "login_link",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.Column("used_at", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_login_link_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_login_link_tenant")),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_login_link")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_login_link_hash"), "login_link", ["hash"], unique=True)


def _create_setup_link() -> None:
    op.create_table(
        "setup_link",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("not_after", NUMBER, nullable=False),
        sa.Column("used_at", NUMBER),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["person.tenant", "person.person"],
            name=op.f("fk_setup_link_tenant_person"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_setup_link_tenant")),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_setup_link")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_setup_link_hash"), "setup_link", ["hash"], unique=True)
