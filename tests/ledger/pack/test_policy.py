"""The keys a pack names, as a reader's own file could."""

from __future__ import annotations

from bayward.ledger.known import read_known
from bayward.ledger.pack.policy import write_policy
from ledger_bench import LOG, TPM_LOG


def test_what_is_written_is_what_a_reader_understands() -> None:
    told = read_known(write_policy([LOG.key, TPM_LOG.key]).decode())
    assert told.keys == (LOG.key, TPM_LOG.key)
    assert told.demand is None
