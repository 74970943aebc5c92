"""Parcels, items and who may open what, as events tell it. No code is here, nor its tag."""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

_tracking = c.sealed("tracking", "delivery", c.DELIVERY, of="recipient")

parcel = c.table(
    "parcel",
    c.tenant(),
    c.key("parcel"),
    c.text("bank"),
    c.text("compartment"),
    c.personal(c.text("recipient"), "identifier", c.DELIVERY),
    c.personal(c.text("courier"), "identifier", c.DELIVERY),
    c.text("state"),  # core.custody.ParcelState
    c.text("size", optional=True),
    c.text("carrier", optional=True),
    _tracking,
    c.found_by(_tracking),
    c.instant("changed_at"),
    c.instant("deposited_at", optional=True),
    c.instant("ended_at", optional=True),
    c.instant("not_after", optional=True),  # until when it can be collected
    c.belongs_to("tenant", "bank"),
    sa.Index(None, "tenant", "state", "changed_at"),
    sa.Index(None, "tenant", "recipient"),
    sa.Index(None, "tenant", "tracking_key"),
    period=c.Period("parcel", "ended_at", 90, c.Erase.BLANK),
)

_name = c.sealed("name", "name", c.CUSTODY, of="party", blank="")

# Who is named in custody and has no account: a court, a laboratory, an owner.
party = c.table(
    "party",
    c.tenant(),
    c.key("party"),
    _name,
    c.found_by(_name),
    c.personal(
        c.text("state"),  # known
        "account", c.CUSTODY, of="party", blank=c.IN_PLACE_OF_A_PERSON, plain="asked for by lists",
    ),
    c.instant("created_at"),
    c.instant("named_at"),  # last
    sa.Index(None, "tenant", "name_key", unique=True),
    sa.Index(None, "tenant", "named_at"),
)  # fmt: skip

item = c.table(
    "item",
    c.tenant(),
    c.key("item"),
    c.text("kind"),  # core.items.ItemKind
    c.text("label"),
    c.text("case", optional=True),
    c.text("exhibit", optional=True),
    c.text("state"),  # core.items.ItemState
    c.text("holder_kind"),
    # a person's, a compartment's or a party's id
    c.personal(c.text("holder"), "identifier", c.SECURITY),
    c.sealed("holder_party", "name", c.CUSTODY, of="holder", blank=""),
    c.instant("since"),
    c.text("offer_kind", optional=True),
    # a person's or a party's id
    c.personal(c.text("offer_to", optional=True), "identifier", c.SECURITY),
    c.sealed("offer_party", "name", c.CUSTODY, of="offer_to"),
    c.sealed("offer_authority", "free text", c.SECURITY, of="tenant"),
    c.instant("offer_until", optional=True),
    c.text("seal", optional=True),
    c.text("seal_state", optional=True),
    c.flag("is_broken"),
    c.text("parcel", optional=True),  # as which the bank has it, while it is stored
    c.instant("registered_at"),
    c.instant("changed_at"),
    c.text("scope", optional=True),  # path of the node where it is kept; none: the whole tenant
    c.number("offer_count", optional=True),
    c.number("stock_count", optional=True),
    c.text("stock_unit", optional=True),
    c.text("stock_lot", optional=True),
    c.text("stock_expires_on", optional=True),
    c.text("stock_marks", optional=True),  # of controlled, due, doubted
    c.text("offer_scope", optional=True),  # where it is kept once the offer is accepted
    c.instant("out_since", optional=True),  # since when it is out of a compartment it was in
    c.instant("seal_broken_at", optional=True),  # a seal was first found broken or changed
    sa.Index(None, "tenant", "state", "changed_at"),
    sa.Index(None, "tenant", "label", unique=True),
    sa.Index(None, "tenant", "parcel"),
)

approval = c.table(
    "approval",
    c.tenant(),
    c.key("bank"),
    c.key("compartment"),
    c.key("kind"),  # cloud.custody.approvals.Kind
    c.personal(c.text("asked_by"), "identifier", c.SECURITY),
    c.sealed("reason", "free text", c.SECURITY, of="asked_by", blank=""),
    c.instant("asked_at"),
    c.instant("until"),  # to agree; once somebody has, as long as it counts
    c.personal(c.text("given_by", optional=True), "identifier", c.SECURITY),
    c.instant("given_at", optional=True),
    c.belongs_to("tenant", "bank"),
    period=c.Period("order", "until", 90),
)

grant = c.table(
    "grant",
    c.tenant(),
    c.key("grant"),
    c.text("bank"),
    c.text("parcel"),
    c.text("compartment"),
    c.personal(c.text("recipient"), "identifier", c.DELIVERY),
    c.text("state"),  # core.grants.GrantState
    c.instant("issued_at"),
    c.instant("not_after"),
    c.instant("rotated_at", optional=True),
    c.instant("ended_at", optional=True),
    c.text("reason", optional=True),
    c.belongs_to("tenant", "bank"),
    sa.Index(None, "tenant", "parcel"),
    period=c.Period("parcel", "ended_at", 90, c.Erase.BLANK),
)

parcel_link = c.table(
    "parcel_link",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the 128-bit token
    c.text("parcel"),
    c.personal(c.text("person"), "identifier", c.DELIVERY, erase=c.Erase.DELETE),
    c.instant("created_at"),
    c.instant("not_after"),
    sa.Index(None, "hash", unique=True),
    sa.Index(None, "tenant", "parcel"),
    period=c.Period("link", "not_after", 7),
)

admission = c.table(
    "admission",
    c.tenant(),
    c.personal(c.key("person"), "identifier", c.DELIVERY, erase=c.Erase.DELETE),
    c.key("bank"),
    c.text("carrier"),
    c.text("state"),  # requested | admitted | dismissed | refused
    c.instant("until"),
    c.instant("changed_at"),
    c.text("command"),  # the order that brought it here
    c.text("modes", optional=True),  # of doors for two (`core.compartment.modes_text`)
    c.personal(c.text("granted_by"), "identifier", c.SECURITY),
    c.belongs_to("tenant", "person"),
    c.belongs_to("tenant", "bank"),
    period=c.Period("courier", "until", 90),
)
