"""Every table of the control plane, declared once.

The tables are views of what happened: the logs are the truth, and everything else here can be
rebuilt from them, except secrets (password hashes, keys of webhooks), which are never in a log.

`tenant` comes first in every key. A unique key without it would tell one tenant that another
has a row, so the only ones are over values nobody can guess: random ids and hashes of tokens.

`migrations` creates these tables; a test holds the two against each other.
"""

from __future__ import annotations

from bayward.cloud.storage.schema.columns import metadata
from bayward.cloud.storage.schema.custody import (
    admission,
    approval,
    grant,
    item,
    parcel,
    parcel_link,
    party,
)
from bayward.cloud.storage.schema.delivery import delivery, job, letter, webhook
from bayward.cloud.storage.schema.evidence import evidence
from bayward.cloud.storage.schema.fleet import (
    bank,
    command,
    compartment,
    incident,
    issuer,
    lockdown,
    readings,
    setting,
    site,
    tenant,
)
from bayward.cloud.storage.schema.log import (
    anchor_stamp,
    anchored,
    beacon,
    cosignature,
    disclosure,
    fork_evidence,
    happening,
    log,
    log_hash_run,
    log_segment,
    plain_disclosure,
    receipt_word,
)
from bayward.cloud.storage.schema.people import (
    login_link,
    password,
    person,
    recovery_code,
    role_binding,
    session,
    setup_link,
    totp,
)
from bayward.cloud.storage.schema.privacy import erasure, hold, plain_row

__all__ = [
    "admission",
    "anchor_stamp",
    "anchored",
    "approval",
    "bank",
    "beacon",
    "command",
    "compartment",
    "cosignature",
    "delivery",
    "disclosure",
    "erasure",
    "evidence",
    "fork_evidence",
    "grant",
    "happening",
    "hold",
    "incident",
    "issuer",
    "item",
    "job",
    "letter",
    "lockdown",
    "log",
    "log_hash_run",
    "log_segment",
    "login_link",
    "metadata",
    "parcel",
    "parcel_link",
    "party",
    "password",
    "person",
    "plain_disclosure",
    "plain_row",
    "readings",
    "receipt_word",
    "recovery_code",
    "role_binding",
    "session",
    "setting",
    "setup_link",
    "site",
    "tenant",
    "totp",
    "webhook",
]
