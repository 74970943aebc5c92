"""A chain whose uppermost checkpoint a post-quantum witness has cosigned, or another has."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import mldsa

from bayward.ledger.chain import chain_text
from bayward.ledger.keys import Signer, mldsa_cosigner
from pack_bench import ANCHOR, TENANT, PackBench, recorded

BENCH = PackBench()
YOUNG = mldsa_cosigner(
    "young.example/w", mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))), 1_795_000_000
)
OTHER = mldsa_cosigner(
    "young.example/w", mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)), 1_795_000_000
)


def chained(witness: Signer) -> str:
    root = BENCH.note.split("\n")[2]
    lower, above = recorded("bank_log.accepted", ("demo/bank/7/1", 45, root), TENANT)
    upper, _ = recorded("tenant_log.anchored", above, ANCHOR, witness)
    return chain_text([BENCH.receipt(3), lower, upper])


GIVEN = f"log {ANCHOR.key.vkey}\nwitness y {YOUNG.key.vkey}\nquorum y\n"
