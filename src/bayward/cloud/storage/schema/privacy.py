"""What must not be erased for now, and who said so; and what is still to be sealed."""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

hold = c.table(
    "hold",
    c.tenant(),
    c.key("hold"),
    c.text("kind"),  # person | party | parcel | incident | bank | period
    c.personal(c.text("subject", optional=True), "identifier", c.SECURITY),  # id of that thing
    c.instant("begins_at", optional=True),  # only what happened from here
    c.instant("ends_at", optional=True),  # to here
    # who demands it: a court, a case, a law
    c.sealed("authority", "free text", c.SECURITY, of="subject", blank=""),
    c.personal(c.text("placed_by"), "identifier", c.SECURITY),
    c.instant("placed_at"),
    c.instant("not_after", optional=True),  # when it has to be looked at again
    c.personal(c.text("lifted_by", optional=True), "identifier", c.SECURITY),
    c.instant("lifted_at", optional=True),
    sa.Index(None, "tenant", "lifted_at"),
    period=c.Period("hold", "lifted_at", 3 * 365),
)

erasure = c.table(
    "erasure",
    c.tenant(),
    # a person or a party; it goes with him
    c.personal(c.key("subject"), "identifier", c.SECURITY, erase=c.Erase.DELETE),
    c.personal(c.text("asked_by"), "identifier", c.SECURITY),
    c.text("basis"),  # cloud.privacy.service.Basis
    c.instant("asked_at"),
    c.instant("due", optional=True),  # where nobody else can confirm it
    c.text("problem", optional=True),  # code of what stood in the way when it was due
    c.flag("leaves_items"),  # of a party: what it has stays with it
    period=c.Period("order", "asked_at", 90),  # nobody confirmed it
)

# Of a database from before revision 14: what is still to be sealed at the next start.
plain_row = c.table(
    "plain_row",
    c.tenant(),
    c.key("relation"),  # name of a table
    c.key("row"),  # JSON object: its primary key
    c.text("told"),  # JSON object: column → value
)
