"""Is this journal whole, and is it ours? Checks that need the file and its key, nothing else.

What no check here can find is a whole and correctly signed older state of the same journal:
an image of the disk, restored. Only a memory outside the disk can, which is why the control
plane's cursor is compared before anything is sent (`compare`).
"""

from __future__ import annotations

import hashlib
import sqlite3

from bayward.core.errors import Misconfigured
from bayward.core.ids import BankId
from bayward.edge.journal_reader import PAGE_ENTRIES, LogReader
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_index
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.leaf import open_leaf
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.note import open_note, sign

TAIL_ENTRIES = 256  # more than one commit can leave half-written; read in a few milliseconds


def check_identity(connection: sqlite3.Connection, key: VerifierKey, bank: BankId) -> None:
    """Raise `Misconfigured` when the journal belongs to another bank, log or key."""
    origin, vkey, owner = connection.execute("SELECT origin, vkey, bank FROM identity").fetchone()
    if owner != bank:
        raise Misconfigured("journal.foreign_bank", found=owner, expected=bank)
    if origin != key.name:
        raise Misconfigured("journal.foreign_origin", found=origin, expected=key.name)
    if vkey != key.vkey:
        raise Misconfigured("journal.foreign_key", origin=origin)


def check_tail(reader: LogReader, note: str, key: VerifierKey) -> Frontier:
    """Check the signed head and the last entries; gives the frontier to append to.

    Raises `LedgerError` when anything does not fit.
    """
    signed = open_checkpoint(note, key).checkpoint
    if signed.size != reader.size:
        raise Unverified("journal.head", f"signed for {signed.size}, stored {reader.size}")
    frontier = check_entries(reader, max(0, reader.size - TAIL_ENTRIES))
    if frontier.root != signed.root:
        raise Unverified("journal.root", "the entries are not those that were signed")
    return frontier


def check_entries(reader: LogReader, first: int) -> Frontier:
    """Recompute the tree from entry `first` on; the whole log from 0. Raises `LedgerError`."""
    frontier = Frontier.load(first, reader)
    entries = reader.entries(first, reader.size)
    if first + len(entries) != reader.size:
        raise Unverified("journal.gap", f"{first + len(entries)} of {reader.size} entries")
    leaves: list[bytes] = []
    for entry in entries:
        open_leaf(entry.leaf, entry.disclosures)
        leaves.append(leaf_hash(entry.leaf))
    for page in range(0, len(leaves), PAGE_ENTRIES):
        mine = leaves[page : page + PAGE_ENTRIES]
        places = [stored_hash_index(0, first + page + at) for at in range(len(mine))]
        for at, (one, other) in enumerate(zip(mine, reader.read_hashes(places), strict=True)):
            if one != other:
                place = first + page + at
                raise Unverified("journal.leaf", f"entry {place} is not the one that was hashed")
    grown, _ = frontier.extend(leaves)
    if grown.size and reader.root() != grown.root:
        raise Unverified("journal.hashes", "the stored hashes are not those of the entries")
    return grown


def compare(reader: LogReader, size: int, root: bytes) -> str | None:
    """What is wrong when somebody remembers this log with `size` entries and `root`, if any."""
    if size > reader.size:
        return "journal.rolled_back"
    return None if reader.root(size) == root else "journal.forked"


def sign_snapshot(signer: Signer, size: int, state: bytes) -> str:
    """Vouch for a folded state, so that nobody can slip in one with grants of his own."""
    return sign(_snapshot_text(signer.key.name, size, state), [signer])


def is_snapshot_ours(key: VerifierKey, size: int, note: str, state: bytes) -> bool:
    """Whether `sign_snapshot` made this note for this state."""
    try:
        return open_note(note, [key]).text == _snapshot_text(key.name, size, state)
    except LedgerError:
        return False


def _snapshot_text(origin: str, size: int, state: bytes) -> str:
    # Four lines, so that it can never be read as a checkpoint, which has three.
    return f"snapshot of\n{origin}\n{size}\n{hashlib.sha256(state).hexdigest()}\n"
