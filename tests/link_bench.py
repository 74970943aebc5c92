"""Both ends of the link without a database: a bank's log, and the mirror the cloud keeps of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, consistency_proof, tree_hash
from bayward.ledger.keys import Signer, VerifierKey, ecdsa_signer
from bayward.ledger.leaf import SALT_BYTES, Value, seal
from bayward.ledger.merkle import leaf_hash
from bayward.wire.messages import Entry, Letter, LetterKind, Upload
from bayward.wire.upload import Accepted, KnownLog, check_upload

ORIGIN = "example.org/bank/one/1"
KEY = ec.derive_private_key(4711, ec.SECP256R1())
SIGNER = ecdsa_signer(ORIGIN, KEY)


@dataclass
class Dense:
    """The dense array of one tree, in a list."""

    frontier: Frontier = field(default_factory=Frontier)
    hashes: list[bytes] = field(default_factory=list)

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [self.hashes[index] for index in indexes]

    def append(self, leaves: Sequence[bytes]) -> None:
        self.frontier, stored = self.frontier.extend(leaf_hash(leaf) for leaf in leaves)
        self.hashes += stored


@dataclass
class DeviceLog:
    """A bank's log in memory; `seed` makes it another history under the same key."""

    seed: int = 0
    signer: Signer = SIGNER
    tree: Dense = field(default_factory=Dense)
    entries: list[Entry] = field(default_factory=list)
    letters: list[tuple[int, Letter]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.entries)

    def add(self, with_letter: bool = False, **fields: Value) -> None:
        chance = random.Random(f"{self.seed}/{self.size}")
        told: dict[str, Value] = fields or {"type": "door.opened", "mono": self.size}
        sealed = seal(told, chance.randbytes(SALT_BYTES * len(told)))
        self.entries.append(Entry(leaf=sealed.leaf.decode(), disclosures=list(sealed.disclosures)))
        self.tree.append([sealed.leaf])
        if with_letter:
            number = len(self.letters) + 1
            letter = Letter(id=number, kind=LetterKind.PICKUP, subject="grt", sealed=b"\x00")
            self.letters.append((self.size, letter))

    def grow(self, count: int) -> DeviceLog:
        for _ in range(count):
            self.add()
        return self

    def note(self, size: int) -> str:
        root = tree_hash(size, self.tree)
        return sign_checkpoint(Checkpoint(self.signer.key.name, size, root), [self.signer])

    def upload(self, old: int, new: int) -> Upload:
        return Upload(
            old_size=old,
            checkpoint=self.note(new),
            proof=consistency_proof(old, new, self.tree) if old else [],
            entries=self.entries[old:new],
            letters=[letter for size, letter in self.letters if old < size <= new],
        )


@dataclass
class Mirror:
    """What the cloud has accepted of one bank's log."""

    key: VerifierKey = SIGNER.key
    tree: Dense = field(default_factory=Dense)
    note: str = ""
    leaves: list[bytes] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    @property
    def known(self) -> KnownLog:
        return KnownLog(self.key, self.tree.frontier, self.note, self.tree)

    @property
    def size(self) -> int:
        return len(self.leaves)

    def take(self, upload: Upload) -> Accepted:
        """Judge and store, as one transaction."""
        accepted = check_upload(self.known, upload)
        self.tree.frontier = accepted.frontier
        self.tree.hashes += accepted.stored_hashes
        self.note = accepted.note
        self.leaves += [entry.leaf for entry in accepted.entries]
        self.letters += accepted.letters
        return accepted
