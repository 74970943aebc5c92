"""From one log to the next: why a checkpoint can be believed by who knows only a later one.

A log's checkpoint is an entry of its parent: a bank's of its tenant's log, a tenant's of the
anchor log, which witnesses outside have cosigned. A chain is the receipts of those entries, the
lowest first. Each opens the fields `origin`, `log_size` and `log_root`; they must be those of the
checkpoint below, and the receipt's own checkpoint is what the next one speaks of. Whoever trusts
the last checkpoint, by its key and its witnesses, then knows that the first one stood in the log
when the last was cosigned.

A chain is text, one receipt a line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint
from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import open_leaf
from bayward.ledger.merkle import leaf_hash, verify_inclusion
from bayward.ledger.receipt import Receipt, parse_receipt
from bayward.ledger.strict import base64_text

VOUCHING = ("bank_log.accepted", "tenant_log.anchored")
"""Types of the entries that hold a checkpoint of a log below."""
LINKS_MAX = 8


@dataclass(frozen=True, slots=True)
class Chain:
    """A verified chain: the checkpoint it begins with, the one it ends with, and who cosigned."""

    first: Checkpoint
    last: Checkpoint
    cosigned: dict[str, int]


def chain_text(receipts: Sequence[Receipt]) -> str:
    """The chain as text."""
    lines = [json.dumps(json.loads(one.text), ensure_ascii=False) for one in receipts]
    return "".join(f"{line}\n" for line in lines)


def parse_chain(text: str) -> list[Receipt]:
    """Read a chain without verifying it; raises `Malformed`."""
    lines = text.splitlines()
    if not 0 < len(lines) <= LINKS_MAX:
        raise Malformed("chain.length", f"{len(lines)} receipts")
    return [parse_receipt(line) for line in lines]


def verify_chain(
    first: Checkpoint,
    receipts: Sequence[Receipt],
    top: VerifierKey,
    witnesses: Sequence[VerifierKey] = (),
) -> Chain:
    """Follow a chain from a checkpoint up to a log whose key the caller knows.

    The keys between are those of the receipts: that they are the right ones follows from the log
    above, which recorded what they had signed. Raises `Unverified` or `Malformed`.
    """
    if not 0 < len(receipts) <= LINKS_MAX:
        raise Malformed("chain.length", f"{len(receipts)} receipts")
    if receipts[-1].key != top:
        raise Unverified("chain.top", f"it ends at {receipts[-1].key.name}, another log")
    below, cosigned = first, dict[str, int]()
    for number, one in enumerate(receipts, start=1):
        try:
            opened = open_checkpoint(one.proof.checkpoint, one.key, witnesses)
            tree, leaf = opened.checkpoint, leaf_hash(one.leaf)
            verify_inclusion(one.proof.index, tree.size, leaf, one.proof.hashes, tree.root)
            told = open_leaf(one.leaf, one.disclosures)
        except LedgerError as error:
            raise Unverified("chain.link", f"link {number}: {error}") from error
        _check(number, told, below)
        below, cosigned = tree, opened.cosignatures
    return Chain(first, below, cosigned)


def _check(number: int, told: Mapping[str, object], below: Checkpoint) -> None:
    if told.get("type") not in VOUCHING:
        raise Unverified("chain.type", f"link {number} is not the record of a checkpoint")
    said = (told.get("origin"), told.get("log_size"), told.get("log_root"))
    if said != (below.origin, below.size, base64_text(below.root)):
        raise Unverified("chain.mismatch", f"link {number} speaks of another checkpoint")
