"""Tenants, sites, banks and their doors; what is ordered of a bank and what went wrong at it."""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

tenant = c.table(
    "tenant",
    c.key("tenant"),
    c.text("name"),
    c.number("directory_revision"),  # grows whenever somebody may be delivered to or no longer
    c.instant("created_at"),
    c.text("index_key", optional=True),  # id in the keyring: of the digests rows are found by
)

setting = c.table(
    "setting",
    c.tenant(),
    c.key("name"),
    c.text("value"),
    c.personal(c.text("changed_by"), "identifier", c.SECURITY),
    c.instant("changed_at"),
)

issuer = c.table(
    "issuer",
    c.tenant(),
    sa.Column("kid", c.NUMBER, primary_key=True, autoincrement=False),  # one byte, in each pass
    c.blob("spki"),
    c.blob("private"),  # sealed
    c.text("state"),  # current | next | retired
    c.instant("created_at"),
)

site = c.table(
    "site",
    c.tenant(),
    c.key("site"),
    c.text("name"),
    c.text("address", optional=True),
    c.text("time_zone"),
    c.instant("created_at"),
)

bank = c.table(
    "bank",
    c.tenant(),
    c.key("bank"),
    c.text("site"),
    c.text("name"),
    c.text("state"),  # created | enrolled | quarantined | retired
    c.blob("enrolment_hash", optional=True),  # SHA-256 of the one-time token
    c.instant("enrolment_until", optional=True),
    c.number("enrolment_tries"),
    c.blob("spki", optional=True),  # SHA-256 of the key in the bank's certificate
    c.text("certificate", optional=True),  # PEM
    c.instant("certificate_until", optional=True),
    c.blob("letter_key", optional=True),  # the bank's HPKE public key
    c.text("origin", optional=True),  # of its present log
    c.text("firmware", optional=True),
    c.text("layout_hash", optional=True),
    c.number("boot", optional=True),
    c.flag("is_connected"),
    c.instant("connected_at", optional=True),
    c.instant("disconnected_at", optional=True),
    c.instant("created_at"),
    c.instant("enrolled_at", optional=True),
    c.belongs_to("tenant", "site"),
    sa.Index(None, "bank", unique=True),
    sa.Index(None, "spki", unique=True),
)

compartment = c.table(
    "compartment",
    c.tenant(),
    c.key("bank"),
    c.key("compartment"),
    c.number("number"),
    c.number("column"),
    c.number("row"),
    c.number("height_units"),
    c.text("size"),
    c.number("inner_width_mm"),
    c.number("inner_height_mm"),
    c.number("inner_depth_mm"),
    c.number("floor_height_mm"),
    c.text("mode"),
    c.text("zone"),
    c.flag("has_occupancy_sensor"),
    c.text("life_safety"),
    c.text("state"),  # core.compartment.CompartmentState, as the bank's events tell
    c.text("block_reason", optional=True),
    c.flag("is_retired"),  # no longer in the layout; history still names it
    c.belongs_to("tenant", "bank"),
)

readings = c.table(
    "readings",
    c.tenant(),
    c.key("bank"),
    c.instant("at"),
    c.text("doors"),  # JSON, wire.messages
    c.flag("is_siren_on"),
    c.text("lockdowns"),  # JSON list of scopes
    c.number("pending"),  # entries not yet uploaded
    c.belongs_to("tenant", "bank"),
)

command = c.table(
    "command",
    c.tenant(),
    c.key("command"),
    c.text("bank"),
    c.text("kind"),  # name of the order, wire.orders
    c.flag("is_door"),  # sent once, on one connection
    # whom it names, else who gave it
    c.personal(c.text("about", optional=True), "identifier", c.SECURITY),
    c.sealed("body", "order", c.SECURITY, of="about", blank="{}"),  # JSON of the order
    c.personal(c.text("actor"), "identifier", c.SECURITY),
    c.text("state"),  # waiting | sent | done | refused | expired
    c.instant("not_after"),
    c.instant("created_at"),
    c.instant("sent_at", optional=True),
    c.number("sendings"),
    c.text("epoch", optional=True),  # of the connection it was last sent on
    c.text("result", optional=True),
    c.instant("ended_at", optional=True),
    c.belongs_to("tenant", "bank"),
    sa.Index(None, "tenant", "bank", "state"),
    period=c.Period("order", "ended_at", 90),
)

_IS_LIVE = sa.text("state <> 'closed'")
_IS_LIVE_OF_TENANT = sa.text("state <> 'closed' AND bank IS NULL")

incident = c.table(
    "incident",
    c.tenant(),
    c.key("incident"),
    c.text("bank", optional=True),  # one about a log of the tenant's own is about no bank
    c.text("kind"),  # type of the event that opened it
    c.text("compartment", optional=True),
    c.text("severity"),
    c.text("state"),  # open | acknowledged | closed
    c.number("count"),
    c.instant("opened_at"),
    c.instant("last_at"),
    c.instant("acknowledged_at", optional=True),
    c.personal(c.text("acknowledged_by", optional=True), "identifier", c.SECURITY),
    c.instant("closed_at", optional=True),
    c.personal(c.text("closed_by", optional=True), "identifier", c.SECURITY),
    c.sealed("reason", "free text", c.SECURITY, of="closed_by"),
    c.instant("released_at", optional=True),  # when the last lockdown it caused was ended
    c.personal(c.text("released_by", optional=True), "identifier", c.SECURITY),
    c.belongs_to("tenant", "bank"),
    # One open incident per bank and kind, whatever arrives at the same time; so without a bank.
    sa.Index(
        "uq_incident_live",
        "tenant",
        "bank",
        "kind",
        unique=True,
        sqlite_where=_IS_LIVE,
        postgresql_where=_IS_LIVE,
    ),
    sa.Index(
        "uq_incident_live_of_tenant",
        "tenant",
        "kind",
        unique=True,
        sqlite_where=_IS_LIVE_OF_TENANT,
        postgresql_where=_IS_LIVE_OF_TENANT,
    ),
    period=c.Period("incident", "closed_at", 365, c.Erase.BLANK),
)

lockdown = c.table(
    "lockdown",
    c.tenant(),
    c.key("bank"),
    c.key("scope"),  # `bank` or a compartment id; the row is gone when the lockdown is over
    c.text("incident", optional=True),
    c.sealed("reason", "free text", c.SECURITY, of="actor", blank=""),
    c.personal(c.text("actor"), "identifier", c.SECURITY),
    c.instant("since"),
    c.text("release_command", optional=True),
    c.text("release_state"),  # none | requested | refused
    c.belongs_to("tenant", "bank"),
    sa.Index(None, "tenant", "incident"),
)
