"""The logs: mirrors of the banks' and the tenants' own, and an index of what is in them.

`log_segment` and `log_hash_run` only grow, and only at the end; the head of a log only moves
forward. Triggers stop accidents (an update, a delete, an `INSERT OR REPLACE`). Against intent only
signatures and an outside memory help. What is in a row: `cloud.storage.log_store.segment`.
"""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

log = c.table(
    "log",
    c.tenant(),
    c.key("origin"),
    c.text("kind"),  # bank | tenant | anchor
    c.text("bank", optional=True),
    c.text("vkey"),
    c.text("state"),  # live | forked | closed
    c.number("size"),
    c.blob("root"),
    c.text("note"),  # the signed checkpoint of `size`
    c.instant("changed_at"),
    c.instant("verified_at", optional=True),  # last full check, see `audit.checking`
    c.number("verified_size", optional=True),
    c.text("verify_problem", optional=True),
    sa.Index(None, "tenant", "bank"),
)

# Entries that one transaction added to one log; what opens them is in `disclosure`.
log_segment = c.table(
    "log_segment",
    c.tenant(),
    c.key("origin"),
    sa.Column("first", c.NUMBER, primary_key=True, autoincrement=False),
    c.number("count"),
    c.blob("entries"),
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
)

# What opens the fields of an entry: one row for all fields that belong to the same subject.
disclosure = c.table(
    "disclosure",
    c.tenant(),
    c.key("origin"),
    sa.Column("idx", c.NUMBER, primary_key=True, autoincrement=False),
    sa.Column("ord", c.NUMBER, primary_key=True, autoincrement=False),
    c.text("key"),  # of the subject, in the keyring; random
    c.text("period"),  # key of the month, likewise
    c.blob("sealed"),  # cloud.keyring.sealing
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
    sa.Index(None, "tenant", "key"),
)

# Of a database from before revision 4: what is still to be sealed at the next start.
plain_disclosure = c.table(
    "plain_disclosure",
    c.tenant(),
    c.key("origin"),
    sa.Column("idx", c.NUMBER, primary_key=True, autoincrement=False),
    c.text("disclosures"),  # JSON list of texts
)

# The hashes of the tree, in runs of consecutive places (`ledger.dense`).
log_hash_run = c.table(
    "log_hash_run",
    c.tenant(),
    c.key("origin"),
    sa.Column("place", c.NUMBER, primary_key=True, autoincrement=False),  # of the first in it
    c.blob("run"),
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
    is_clustered=True,
)

# What our witness has cosigned of the banks' logs, and outside witnesses of the tenants'.
cosignature = c.table(
    "cosignature",
    c.tenant(),
    c.key("origin"),
    sa.Column("size", c.NUMBER, primary_key=True, autoincrement=False),
    c.key("witness"),  # its name
    # POSIX seconds, as it is signed; a log that does not grow is cosigned again
    sa.Column("time", c.NUMBER, primary_key=True, autoincrement=False),
    c.text("note"),  # the checkpoint of `size` with the log's line and the witness's
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
)

# Entries that hold one of these cosignatures: what stands below is younger than it.
beacon = c.table(
    "beacon",
    c.tenant(),
    c.key("origin"),
    sa.Column("idx", c.NUMBER, primary_key=True, autoincrement=False),
    c.number("time"),  # of the cosignature
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
)

# Checkpoints of tenants' logs that are entries of the anchor log.
anchored = c.table(
    "anchored",
    c.tenant(),
    c.key("origin"),
    sa.Column("size", c.NUMBER, primary_key=True, autoincrement=False),
    c.number("idx"),  # of the entry in the anchor log
    c.text("note"),  # the signed checkpoint of `size`
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
    sa.Index(None, "idx"),
)

# What a time-stamp authority (RFC 3161) has said of the anchor log.
anchor_stamp = c.table(
    "anchor_stamp",
    sa.Column("size", c.NUMBER, primary_key=True, autoincrement=False),
    c.instant("at"),  # our clock; the token says its own time
    c.text("note"),  # the checkpoint it is over
    c.blob("token"),
)

# By what somebody at a kiosk finds the receipt of an entry: `wire.receipt_word`.
receipt_word = c.table(
    "receipt_word",
    c.tenant(),
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the 160-bit word
    c.text("bank"),
    c.text("origin"),
    c.number("idx"),
    c.text("type"),
    c.instant("not_after"),
    sa.ForeignKeyConstraint(["tenant", "origin"], ["log.tenant", "log.origin"]),
    sa.Index(None, "hash", unique=True),
    sa.Index(None, "tenant", "not_after"),
)

happening = c.table(
    "happening",
    c.serial("seq"),
    sa.Column("tenant", sa.Text, sa.ForeignKey("tenant.tenant"), nullable=False),
    c.text("origin"),
    c.number("idx"),
    c.text("type"),
    c.instant("time"),  # the recorder's clock
    c.instant("received_at"),  # ours
    c.text("bank", optional=True),
    c.text("compartment", optional=True),
    c.text("parcel", optional=True),
    c.text("incident", optional=True),
    c.text("command", optional=True),
    c.personal(c.text("actor", optional=True), "identifier", c.SECURITY),
    c.personal(c.text("subject", optional=True), "identifier", c.SECURITY),
    c.text("item", optional=True),
    c.personal(c.text("party_id", optional=True), "identifier", c.SECURITY),
    sa.Index(None, "tenant", "seq"),
    sa.Index(None, "tenant", "origin", "idx"),
    sa.Index(None, "tenant", "parcel", sqlite_where=sa.text("parcel IS NOT NULL")),
    sa.Index(None, "tenant", "item", sqlite_where=sa.text("item IS NOT NULL")),
    sa.Index(None, "tenant", "party_id", sqlite_where=sa.text("party_id IS NOT NULL")),
    sa.Index(None, "tenant", "incident", sqlite_where=sa.text("incident IS NOT NULL")),
    sa.Index(None, "tenant", "bank", "seq", sqlite_where=sa.text("bank IS NOT NULL")),
)

fork_evidence = c.table(
    "fork_evidence",
    c.serial("evidence"),
    sa.Column("tenant", sa.Text, sa.ForeignKey("tenant.tenant"), nullable=False),
    c.text("origin"),
    c.text("bank"),
    c.text("reason"),  # the code of the refusal
    c.instant("at"),
    c.text("known_note"),  # what we had accepted
    c.text("offered_note"),  # what we were shown
    sa.Index(None, "tenant", "bank"),
)
