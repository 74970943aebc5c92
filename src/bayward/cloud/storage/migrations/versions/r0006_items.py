"""Make room for items and their custody; entries can be found by item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_item()
    op.add_column("happening", sa.Column("item", sa.Text))
    op.create_index(
        op.f("ix_happening_tenant_item"),
        "happening",
        ["tenant", "item"],
        sqlite_where=sa.text("item IS NOT NULL"),
    )


def _create_item() -> None:
    op.create_table(
        "item",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("case", sa.Text),
        sa.Column("exhibit", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("holder_kind", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sa.Column("offer_kind", sa.Text),
        sa.Column("offer_to", sa.Text),
        sa.Column("offer_party", sa.Text),
        sa.Column("offer_authority", sa.Text),
        sa.Column("offer_until", NUMBER),
        sa.Column("seal", sa.Text),
        sa.Column("seal_state", sa.Text),
        sa.Column("is_broken", sa.Integer, nullable=False),
        sa.Column("parcel", sa.Text),
        sa.Column("registered_at", NUMBER, nullable=False),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"], name=op.f("fk_item_tenant")),
        sa.PrimaryKeyConstraint("tenant", "item", name=op.f("pk_item")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_item_tenant_state_changed_at"), "item", [
        "tenant", "state", "changed_at",
    ])  # fmt: skip
    op.create_index(op.f("ix_item_tenant_label"), "item", ["tenant", "label"], unique=True)
    op.create_index(op.f("ix_item_tenant_parcel"), "item", ["tenant", "parcel"])
