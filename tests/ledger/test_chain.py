from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from bayward.ledger.chain import LINKS_MAX, chain_text, parse_chain, verify_chain
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, inclusion_proof
from bayward.ledger.errors import LedgerError, Malformed
from bayward.ledger.keys import Signer, cosigner, ecdsa_signer
from bayward.ledger.leaf import SALT_BYTES, Value, seal
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64_text

WITNESS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
W = cosigner("w.example/w", WITNESS, 77)
BANK = Checkpoint("h/bank/b/1", 9, bytes([7]) * 32)


@dataclass
class Small:
    """A log of a few entries."""

    signer: Signer
    more: tuple[Signer, ...] = ()
    frontier: Frontier = field(default_factory=Frontier)
    hashes: list[bytes] = field(default_factory=list)

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [self.hashes[index] for index in indexes]

    def add(self, **fields: Value) -> tuple[bytes, tuple[str, ...]]:
        sealed = seal(fields, (bytes([n]) * SALT_BYTES for n in range(len(fields))))
        self.frontier, stored = self.frontier.extend([leaf_hash(sealed.leaf)])
        self.hashes += stored
        return sealed.leaf, tuple(sealed.disclosures)

    def record(self, kind: str, of: Checkpoint) -> Receipt:
        told: dict[str, Value] = {
            "type": kind,
            "origin": of.origin,
            "log_size": of.size,
            "log_root": base64_text(of.root),
        }
        for _ in range(3):
            self.add(type="other", at=self.frontier.size)
        index = self.frontier.size
        leaf, opened = self.add(**told)
        self.add(type="other", at=-1)
        point = Checkpoint(self.signer.key.name, self.frontier.size, self.frontier.root)
        note = sign_checkpoint(point, [self.signer, *self.more])
        proof = Proof(index, tuple(inclusion_proof(index, point.size, self)), note)
        return Receipt(self.signer.key, proof, leaf, opened)


def log(name: str, number: int, *more: Signer) -> Small:
    return Small(ecdsa_signer(name, ec.derive_private_key(number, ec.SECP256R1())), more)


TENANT, ANCHOR = log("h/tenant/t", 3), log("h/anchor", 4, W)
LOWER = TENANT.record("bank_log.accepted", BANK)
MIDDLE = open_checkpoint(LOWER.proof.checkpoint, LOWER.key).checkpoint
UPPER = ANCHOR.record("tenant_log.anchored", MIDDLE)
CHAIN = [LOWER, UPPER]


def test_a_bank_is_believed_by_who_knows_the_anchor_only() -> None:
    found = verify_chain(BANK, CHAIN, ANCHOR.signer.key, [W.key])
    assert (found.first, found.last.origin) == (BANK, "h/anchor")
    assert found.cosigned == {"w.example/w": 77}
    assert parse_chain(chain_text(CHAIN)) == CHAIN
    assert verify_chain(MIDDLE, [UPPER], ANCHOR.signer.key).cosigned == {}


@pytest.mark.parametrize(
    ("first", "chain", "code"),
    [
        (BANK, [LOWER], "chain.top"),
        (replace(BANK, size=8), CHAIN, "chain.mismatch"),
        (replace(BANK, root=bytes(32)), CHAIN, "chain.mismatch"),
        (replace(BANK, origin="h/bank/other/1"), CHAIN, "chain.mismatch"),
        (BANK, [UPPER], "chain.mismatch"),  # a link is missing
        (MIDDLE, CHAIN, "chain.mismatch"),
        (BANK, [LOWER, replace(UPPER, leaf=LOWER.leaf)], "chain.link"),
        (BANK, [replace(LOWER, disclosures=()), UPPER], "chain.type"),
        (BANK, [LOWER, replace(UPPER, proof=replace(UPPER.proof, index=0))], "chain.link"),
        (BANK, [replace(LOWER, key=ANCHOR.signer.key), UPPER], "chain.link"),
        (BANK, [], "chain.length"),
        (BANK, [LOWER] * (LINKS_MAX + 1), "chain.length"),
    ],
)
def test_audit_07_a_chain_with_a_wrong_link_proves_nothing(
    first: Checkpoint, chain: list[Receipt], code: str
) -> None:
    with pytest.raises(LedgerError) as caught:
        verify_chain(first, chain, ANCHOR.signer.key, [W.key])
    assert caught.value.code == code


def test_audit_05_another_tree_for_another_auditor_is_not_in_the_anchor() -> None:
    """The tenant's log shown to one auditor differs from the one that was anchored."""
    other = log("h/tenant/t", 3)
    other.add(type="other", at=9)
    shown = other.record("bank_log.accepted", BANK)
    with pytest.raises(LedgerError, match="another checkpoint"):
        verify_chain(BANK, [shown, UPPER], ANCHOR.signer.key)


@pytest.mark.parametrize("text", ["", "\n", "nonsense\n", "{}\n" * 9])
def test_text_that_is_no_chain(text: str) -> None:
    with pytest.raises(Malformed):
        parse_chain(text)


def test_a_record_of_something_else_is_no_link() -> None:
    with pytest.raises(LedgerError) as caught:
        verify_chain(BANK, [log("h/x", 9).record("door.opened", BANK)], log("h/x", 9).signer.key)
    assert caught.value.code == "chain.type"
