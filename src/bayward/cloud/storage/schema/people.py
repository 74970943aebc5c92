"""People, what they may do, and how they prove who they are. Secrets are hashes or sealed."""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c


def _his(name: str, category: str, blank: object = None) -> sa.Column[bytes]:
    """Of the person himself, whose row stays so that nobody gets his id again."""
    return c.sealed(name, category, c.ACCOUNT, of="person", blank=blank)


def _plain(
    column: sa.Column[c.Kind], category: str, why: str, blank: object = None
) -> sa.Column[c.Kind]:
    return c.personal(column, category, c.ACCOUNT, of="person", blank=blank, plain=why)


def _whose(name: str = "person", *, is_key: bool = False) -> sa.Column[str]:
    """The person whose row this is; it goes with him."""
    column = c.key(name) if is_key else c.text(name)
    return c.personal(column, "identifier", c.ACCOUNT, erase=c.Erase.DELETE)


_email = _his("email", "e-mail")

person = c.table(
    "person",
    c.tenant(),
    c.key("person"),
    _his("name", "name", ""),
    _email,
    c.found_by(_email),
    _his("phone", "telephone"),
    _his("unit", "dwelling", ""),  # "" for staff and couriers
    _his("site", "dwelling"),  # where a resident lives
    _plain(c.text("language"), "preference", "one of a few words", "en"),
    _his("needs_low", "health", blank=False),  # allocate within reach from a wheelchair
    # invited | active | disabled
    _plain(c.text("state"), "account", "asked for by every list", c.IN_PLACE_OF_A_PERSON),
    c.instant("created_at"),
    _plain(c.instant("seen_at", optional=True), "presence", "a time, of a random id"),
    sa.Index(None, "tenant", "email_key", unique=True),
)

role_binding = c.table(
    "role_binding",
    c.tenant(),
    c.key("binding"),
    _whose(),
    c.text("role"),
    c.text("scope"),  # id of a tenant, site or bank
    c.instant("not_before"),
    c.instant("not_after", optional=True),
    c.personal(c.text("granted_by"), "identifier", c.SECURITY),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "tenant", "person"),
    period=c.Period("role", "not_after", 365),
)

password = c.table(
    "password",
    c.tenant(),
    _whose(is_key=True),
    c.text("hash"),
    c.instant("changed_at"),
    c.belongs_to("tenant", "person"),
)

totp = c.table(
    "totp",
    c.tenant(),
    _whose(is_key=True),
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
    _whose(is_key=True),
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    c.instant("used_at", optional=True),
    c.belongs_to("tenant", "person"),
)

session = c.table(
    "session",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the cookie
    _whose(),
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
    period=c.Period("session", "not_after", 1),
)

login_link = c.table(
    "login_link",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the token
    _whose(),
    c.instant("created_at"),
    c.instant("not_after"),
    c.instant("used_at", optional=True),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "hash", unique=True),
    period=c.Period("link", "not_after", 7),
)

setup_link = c.table(
    "setup_link",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    _whose(),
    c.instant("created_at"),
    c.instant("not_after"),
    c.instant("used_at", optional=True),
    c.belongs_to("tenant", "person"),
    sa.Index(None, "hash", unique=True),
    period=c.Period("link", "not_after", 7),
)
