"""What has to leave the house: messages, calls to webhooks, and the work still to be done."""

from __future__ import annotations

import sqlalchemy as sa

from bayward.cloud.storage.schema import columns as c

job = c.table(
    "job",
    c.serial("id"),
    c.text("kind"),
    c.text("key", optional=True),  # the same key is queued once
    c.text("payload"),  # JSON
    c.text("state"),  # waiting | dead
    c.instant("due"),
    c.number("attempts"),
    c.instant("locked_until", optional=True),
    c.text("last_error", optional=True),
    c.instant("created_at"),
    sa.Index(None, "kind", "key", unique=True),
    sa.Index(None, "state", "due"),
)

letter = c.table(
    "letter",
    c.tenant(),
    c.key("letter"),
    c.text("bank"),
    c.text("kind"),  # pickup | courier
    # grant or person
    c.personal(c.text("subject"), "identifier", c.DELIVERY, erase=c.Erase.DELETE),
    c.blob("sealed"),  # HPKE to the notifier's key; opened in the sending worker only
    c.instant("received_at"),
    c.belongs_to("tenant", "bank"),
    sa.Index(None, "tenant", "subject"),
    period=c.Period("message", "received_at", 90),
)

delivery = c.table(
    "delivery",
    c.tenant(),
    c.key("delivery"),
    c.text("channel"),  # email | webhook
    c.text("kind"),  # which message, or the type of the event
    c.sealed("address", "e-mail", c.DELIVERY, of="person", blank=""),
    c.text("webhook", optional=True),  # whom to call
    c.personal(c.text("person", optional=True), "identifier", c.DELIVERY, erase=c.Erase.DELETE),
    # parcel, incident, bank… it is about
    c.personal(c.text("subject", optional=True), "identifier", c.DELIVERY),
    c.text("state"),  # queued | retrying | sent | dead | expired
    c.number("attempts"),
    # JSON; never a code; for a call: where the event stands in which log
    c.sealed("facts", "delivery", c.DELIVERY, of="person", blank="{}"),
    c.instant("created_at"),
    c.instant("not_after"),  # later it would only confuse
    c.instant("next_at", optional=True),
    c.instant("sent_at", optional=True),
    c.text("last_error", optional=True),
    sa.Index(None, "tenant", "created_at"),
    sa.Index(None, "tenant", "subject"),
    period=c.Period("message", "not_after", 90),
)

webhook = c.table(
    "webhook",
    c.tenant(),
    c.key("webhook"),
    c.text("url"),
    c.text("events"),  # JSON list of event types; empty: all
    c.blob("secret"),  # sealed
    c.flag("is_enabled"),
    c.personal(c.text("created_by"), "identifier", c.SECURITY),
    c.instant("created_at"),
    c.instant("last_ok_at", optional=True),
    c.instant("failing_since", optional=True),
    c.text("problem", optional=True),
)
