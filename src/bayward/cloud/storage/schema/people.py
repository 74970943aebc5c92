"""People, what they may do, and how they prove who they are. Secrets are hashes or sealed."""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

person = c.table(
    "person",
    c.tenant(),
    c.key("person"),
    c.text("name"),
    c.text("email", optional=True),
    c.text("email_key", optional=True),  # case-folded, to find by
    c.text("phone", optional=True),
    c.text("unit"),  # "" for staff and couriers
    c.text("site", optional=True),  # where a resident lives
    c.text("language"),
    c.flag("needs_low"),  # allocate within reach from a wheelchair
    c.text("state"),  # invited | active | disabled
    c.instant("created_at"),
    c.instant("seen_at", optional=True),
    sa.Index(None, "tenant", "email_key", unique=True),
)

role_binding = c.table(
    "role_binding",
    c.tenant(),
    c.key("binding"),
    c.text("person"),
    c.text("role"),
    c.text("scope"),  # id of a tenant, site or bank
    c.instant("not_before"),
    c.instant("not_after", optional=True),
    c.text("granted_by"),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "tenant", "person"),
)

password = c.table(
    "password",
    c.tenant(),
    c.key("person"),
    c.text("hash"),
    c.instant("changed_at"),
    c.belongs_to("tenant", "person"),
)

totp = c.table(
    "totp",
    c.tenant(),
    c.key("person"),
    c.blob("secret"),  # sealed
    c.number("last_step"),
    c.number("failures"),
    c.instant("paused_until", optional=True),
    c.instant("confirmed_at", optional=True),
    c.belongs_to("tenant", "person"),
)

recovery_code = c.table(
    "recovery_code",
    c.tenant(),
    c.key("person"),
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    c.instant("used_at", optional=True),
    c.belongs_to("tenant", "person"),
)

session = c.table(
    "session",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the cookie
    c.text("person"),
    c.text("method"),
    c.number("aal"),
    c.instant("created_at"),
    c.instant("seen_at"),
    c.instant("not_after"),
    c.text("step_up_for", optional=True),  # the one action a fresh second factor was shown for
    c.instant("step_up_until", optional=True),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "hash", unique=True),
    sa.Index(None, "tenant", "person"),
)

login_link = c.table(
    "login_link",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the token
    c.text("person"),
    c.instant("created_at"),
    c.instant("not_after"),
    c.instant("used_at", optional=True),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "hash", unique=True),
)

setup_link = c.table(
    "setup_link",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    c.text("person"),
    c.instant("created_at"),
    c.instant("not_after"),
    c.instant("used_at", optional=True),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "hash", unique=True),
)
