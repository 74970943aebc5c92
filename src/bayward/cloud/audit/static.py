"""A log as static files (c2sp.org/tlog-tiles): checkpoint, tiles and bundles of leaves.

Leaves only: what opens them is elsewhere and needs more than knowing where the log is.
"""

from __future__ import annotations

from bayward.cloud.audit import reader, store
from bayward.cloud.unit import Work
from bayward.core.errors import NotFound
from bayward.core.ids import TenantId
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.serve import Served, serve_tile


def read(work: Work, tenant: TenantId, origin: str, path: str) -> Served:
    """What is at `path` of a log; raises `NotFound` for what its signed tree does not have."""
    head = reader.head(work, tenant, origin)
    if not head.note:
        raise NotFound("log.file")
    if path == "checkpoint":
        return Served.checkpoint(head.note)

    def bundle(first: int, end: int) -> bytes:
        return store.bundle(work.tx, tenant, origin, first, end)

    hashes = store.rows(work.tx, tenant, origin)
    try:
        return serve_tile(path, head.size, hashes, bundle)
    except (Malformed, OutOfRange):
        raise NotFound("log.file") from None
