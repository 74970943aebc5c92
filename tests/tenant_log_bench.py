"""A tenant's log in memory, as a control plane would show it to one of its banks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import consistency_proof, inclusion_proof, tree_hash
from bayward.ledger.keys import Signer, ecdsa_signer
from bayward.ledger.leaf import SALT_BYTES, Sealed, Value, seal
from bayward.ledger.strict import base64_text
from bayward.wire.messages import TenantLog, Vouching
from link_bench import Dense

TENANT = ecdsa_signer("example.org/tenant/one", ec.derive_private_key(4712, ec.SECP256R1()))


@dataclass
class TenantTwin:
    """The log; `seed` makes it another history under the same key."""

    seed: int = 0
    signer: Signer = TENANT
    tree: Dense = field(default_factory=Dense)
    entries: list[Sealed] = field(default_factory=list)
    newest: int | None = None  # of the entries about banks

    @property
    def size(self) -> int:
        return len(self.entries)

    def add(self, **told: Value) -> None:
        chance = random.Random(f"{self.seed}/{self.size}")
        fields: dict[str, Value] = told or {"type": "bank.connected"}
        sealed = seal(fields, chance.randbytes(SALT_BYTES * len(fields)))
        self.entries.append(sealed)
        self.tree.append([sealed.leaf])

    def accept(self, own: Checkpoint, **changes: Value) -> None:
        """What the control plane logs of an upload."""
        told: dict[str, Value] = {
            "type": "bank_log.accepted",
            "origin": own.origin,
            "log_size": own.size,
            "log_root": base64_text(own.root),
        }
        self.newest = self.size
        self.add(**{**told, **changes})

    def note(self, size: int | None = None) -> str:
        end = self.size if size is None else size
        point = Checkpoint(self.signer.key.name, end, tree_hash(end, self.tree))
        return sign_checkpoint(point, [self.signer])

    def show(self, remembered: int) -> TenantLog:
        proof = []
        if 0 < remembered <= self.size:
            proof = consistency_proof(remembered, self.size, self.tree)
        vouching = None
        if self.newest is not None:
            sealed = self.entries[self.newest]
            vouching = Vouching(
                index=self.newest,
                leaf=sealed.leaf.decode(),
                disclosures=list(sealed.disclosures),
                proof=inclusion_proof(self.newest, self.size, self.tree),
            )
        return TenantLog(checkpoint=self.note(), consistency=proof, vouching=vouching)
