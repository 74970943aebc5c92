"""An append-only log: computing here, keeping elsewhere.

`plan_append` is arithmetic: from the right edge of the tree and the new entries it makes all
that has to be kept. The `Store` then keeps entries, hashes and signed checkpoint in *one*
durable transaction, and refuses when its head has moved: that refusal is the fence against
two writers. Nobody is told of a checkpoint before it is durable.

When a commit fails, what the store holds is unknown. The log then forgets its edge and takes
it up again from the store before it does anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, HashReader, consistency_proof, inclusion_proof
from bayward.ledger.errors import OutOfRange, Unverified
from bayward.ledger.keys import Signer
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proof import Proof
from bayward.ledger.strict import MAX_NUMBER
from bayward.ledger.tiles import check_entry


@dataclass(frozen=True, slots=True)
class Append:
    """What appending some entries means; nothing has been kept yet.

    `first` is the index of the first new entry and the size the store must have;
    `stored_hashes` go to the end of the dense array; `frontier` is the edge afterwards.
    `opened` is whatever opens each entry, for a store that keeps it beside the entries; the log
    neither reads nor covers it. Empty, or as many as there are entries.
    """

    first: int
    entries: tuple[bytes, ...]
    leaf_hashes: tuple[bytes, ...]
    stored_hashes: tuple[bytes, ...]
    frontier: Frontier
    opened: tuple[bytes, ...] = ()

    @property
    def new_size(self) -> int:
        """Entries afterwards."""
        return self.frontier.size

    @property
    def new_root(self) -> bytes:
        """Root afterwards."""
        return self.frontier.root

    def checkpoint(self, origin: str) -> Checkpoint:
        """The checkpoint to sign."""
        return Checkpoint(origin, self.new_size, self.new_root)


class Store(HashReader, Protocol):
    """What a database must provide to hold one log."""

    def read_head(self) -> str | None:
        """The latest signed checkpoint, or None for a log that has never been committed."""
        ...  # pragma: no cover - a protocol has no body

    def commit(self, append: Append, note: str) -> None:
        """Keep entries, stored hashes and checkpoint: all or nothing, durable on return.

        Must raise when the size of the present head is not `append.first`.
        """
        ...  # pragma: no cover - a protocol has no body


def plan_append(
    frontier: Frontier, entries: Sequence[bytes], opened: Sequence[bytes] = ()
) -> Append:
    """Compute what appending means; raises `OutOfRange` for an entry over 65,535 bytes."""
    if opened and len(opened) != len(entries):
        raise OutOfRange("log.opened", f"{len(opened)} for {len(entries)} entries")
    for entry in entries:
        check_entry(entry)
    if frontier.size + len(entries) > MAX_NUMBER:
        raise OutOfRange("log.size", "the log is full")
    hashes = tuple(leaf_hash(entry) for entry in entries)
    after, stored = frontier.extend(hashes)
    return Append(frontier.size, tuple(entries), hashes, tuple(stored), after, tuple(opened))


class Log:
    """A log over a store, signed by one or more keys of which the first names it.

    `signers` is called for every checkpoint, so that a cosigner can bring the present time.
    Not for use by two threads at once.
    """

    def __init__(self, store: Store, signers: Callable[[], Sequence[Signer]]) -> None:
        self._store = store
        self._signers = signers
        self._frontier: Frontier | None = None
        self._note = ""

    def resume(self) -> Frontier:
        """The edge as the store has it.

        Raises `Unverified` when the head is not ours or the stored hashes do not lead to it:
        somebody has touched the store, and nothing may be signed on top of it.
        """
        if self._frontier is not None:
            return self._frontier
        note = self._store.read_head()
        if note is None:
            frontier, note = Frontier(), ""
        else:
            head = open_checkpoint(note, self._signers()[0].key).checkpoint
            frontier = Frontier.load(head.size, self._store)
            if frontier.root != head.root:
                raise Unverified("log.head", f"the stored hashes miss the root at {head.size}")
        self._frontier, self._note = frontier, note
        return frontier

    def append(self, entries: Sequence[bytes], opened: Sequence[bytes] = ()) -> Append:
        """Append entries and commit them under a new signed checkpoint, in one transaction."""
        planned, note = self.prepare(entries, opened)
        self._store.commit(planned, note)
        self.kept(planned, note)
        return planned

    def prepare(self, entries: Sequence[bytes], opened: Sequence[bytes] = ()) -> tuple[Append, str]:
        """What appending means, and its signed checkpoint, for who commits several logs at once.

        Nobody may be told of that checkpoint yet. Until `kept`, the log does not know its edge.
        """
        planned = plan_append(self.resume(), entries, opened)
        signers = self._signers()
        note = sign_checkpoint(planned.checkpoint(signers[0].key.name), signers)
        self._frontier = None
        return planned, note

    def kept(self, planned: Append, note: str) -> None:
        """What was prepared is durable."""
        self._frontier, self._note = planned.frontier, note

    @property
    def note(self) -> str:
        """The latest signed checkpoint; "" when there is none, or none is known."""
        return self._note if self._frontier is not None else ""

    def prove(self, index: int) -> Proof:
        """A proof of the entry at `index` under the latest checkpoint."""
        size = self.resume().size
        hashes = inclusion_proof(index, size, self._store)
        return Proof(index, tuple(hashes), self._note)

    def prove_consistency(self, size: int) -> list[bytes]:
        """A proof that the log at `size` entries is the beginning of what it is now."""
        return consistency_proof(size, self.resume().size, self._store)
