"""Evidence packs that were asked for.

What is in one is not kept here: it is made from the logs again when it is fetched, and must come
out the same, so that nothing erased lives on in a copy.
"""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

evidence = c.table(
    "evidence",
    c.tenant(),
    c.key("evidence"),
    c.personal(c.text("person"), "identifier", c.SECURITY),  # who asked, and alone may fetch it
    c.instant("asked_at"),
    c.text("origin"),
    c.number("first"),
    c.number("until"),
    c.number("size"),  # of the log when it was asked for
    c.text("note"),  # its checkpoint then
    c.number("asked_index"),  # of the event in the tenant's log: authority, recipient, reason
    c.text("hidden"),  # JSON list of names of fields
    c.text("state"),  # working | ready | failed
    c.number("done"),  # entries read
    c.text("problem", optional=True),
    c.text("chain", optional=True),  # receipts, one a line: from the checkpoint to the anchor
    c.text("anchor_note", optional=True),  # the anchor's checkpoint as it was stamped
    c.blob("anchor_stamp", optional=True),  # RFC 3161
    c.blob("tsa_list", optional=True),  # certificates that the authority's issuer has revoked
    c.blob("tsa_issuer", optional=True),  # that issuer's certificate
    c.text("digest", optional=True),  # SHA-256 of the tag manifest
    c.blob("stamp", optional=True),  # RFC 3161
    c.number("exported_index", optional=True),
    c.instant("fetch_until", optional=True),
    c.text("item", optional=True),  # only entries about it are opened; without one, all are
    sa.Index(None, "tenant", "asked_at"),
    period=c.Period("evidence", "asked_at", 365, c.Erase.BLANK),
)
