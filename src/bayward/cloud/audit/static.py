"""A log as static files (c2sp.org/tlog-tiles): checkpoint, tiles and bundles of leaves.

Leaves only: what opens them is elsewhere and needs more than knowing where the log is.
"""

from __future__ import annotations

from bayward.cloud.audit import store
from bayward.cloud.unit import Work
from bayward.core.errors import NotFound
from bayward.core.ids import TenantId
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.serve import Served, serve_tile


def read(work: Work, tenant: TenantId, origin: str, path: str) -> Served:
    """What is at `path` of a log; raises `NotFound` for what its signed tree does not have."""
    head = store.get_log(work.tx, tenant, origin)
    if not head.note:
        raise NotFound("log.file")
    if path == "checkpoint":
        return Served.checkpoint(head.note)

    def leaves(first: int, end: int) -> list[bytes]:
        found = store.entries(work.tx, tenant, origin, first, end - first)
        return [one.leaf for one in found]

    hashes = store.Hashes(work.tx, tenant, origin)
    try:
        return serve_tile(path, head.size, hashes, leaves)
    except (Malformed, OutOfRange):
        raise NotFound("log.file") from None
