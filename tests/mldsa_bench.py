"""Post-quantum witnesses, and a chain whose uppermost checkpoint one of them has cosigned.

OpenSSL draws a random number for each signature. `everybodys` gives the same bytes each time: its
public key has zeros for `t1`, for which everybody can sign, with any `z` and any hints.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric import mldsa

from bayward.ledger.chain import chain_text
from bayward.ledger.cosignature import checkpoint_bytes
from bayward.ledger.keys import COSIGNATURE_MLDSA, Signer, VerifierKey, mldsa_cosigner
from pack_bench import ANCHOR, TENANT, PackBench, recorded, standalone

BENCH = PackBench()
YOUNG = mldsa_cosigner(
    "young.example/w", mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))), 1_795_000_000
)
OTHER = mldsa_cosigner(
    "young.example/w", mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)), 1_795_000_000
)


LIMIT = 2**17 - 78
"""FIPS 204, Algorithm 8: every coefficient of `z` is below this."""


def everybodys(name: str, rho: bytes, time: int) -> Signer:
    """A witness with a key that vouches for nothing, for tests."""
    key = VerifierKey(name, COSIGNATURE_MLDSA, rho + bytes(1280))

    def sign(text: bytes) -> bytes:
        return time.to_bytes(8, "big") + made(key.public, checkpoint_bytes(name, time, text))

    return Signer(key, sign)


def made(key: bytes, message: bytes, z: Sequence[int] = (), hints: int | None = None) -> bytes:
    """A signature for such a key, with so many hints; `z` begins with these numbers."""
    tool, rng = standalone(), random.Random(message)
    whole = [*z, *(rng.randint(1 - LIMIT, LIMIT - 1) for _ in range(1024 - len(z)))]
    count = rng.randint(0, 80) if hints is None else hints
    places = sorted(rng.sample(range(1024), count))
    rows = [[one % 256 for one in places if one // 256 == r] for r in range(4)]
    mu = hashlib.shake_256(hashlib.shake_256(key).digest(64) + b"\0\0" + message).digest(64)
    hashed = hashlib.shake_256(mu)
    spread = [tool.ntt(whole[256 * s : 256 * s + 256]) for s in range(4)]
    for r in range(4):
        columns = [tool.uniform(key[:32] + bytes([s, r])) for s in range(4)]
        sums = [sum(columns[s][n] * spread[s][n] for s in range(4)) for n in range(256)]
        high = [
            tool.high_bits(one, is_hinted=n in rows[r]) for n, one in enumerate(tool.from_ntt(sums))
        ]
        hashed.update(_bits(high, 6))
    listed = bytes(one for row in rows for one in row).ljust(80, b"\0")
    ends = bytes(sum(map(len, rows[: r + 1])) for r in range(4))
    return hashed.digest(32) + _bits([2**17 - one for one in whole], 18) + listed + ends


def _bits(numbers: Sequence[int], width: int) -> bytes:
    whole = sum(one << width * n for n, one in enumerate(numbers))
    return whole.to_bytes(len(numbers) * width // 8, "little")


def chained(witness: Signer) -> str:
    root = BENCH.note.split("\n")[2]
    lower, above = recorded("bank_log.accepted", ("demo/bank/7/1", 45, root), TENANT)
    upper, _ = recorded("tenant_log.anchored", above, ANCHOR, witness)
    return chain_text([BENCH.receipt(3), lower, upper])


GIVEN = f"log {ANCHOR.key.vkey}\nwitness y {YOUNG.key.vkey}\nquorum y\n"
