"""The Merkle tree straight from the definitions, slow and plain, to hold `ledger` against.

Roots and proofs are the recursions of RFC 9162 §2.1.1, §2.1.3.1 and §2.1.4.1 and of
draft-ietf-plants-merkle-tree-certs §4; verification is the loop that RFC 9162 spells out in
§2.1.3.2 and §2.1.4.2. None of it shares a line or an idea with the library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def sha256(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    k = split(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    if len(entries) <= 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(start: int, end: int, entries: Sequence[bytes], known: bool = True) -> list[bytes]:
    n = len(entries)
    if (start, end) == (0, n):
        return [] if known else [mth(entries)]
    k = split(n)
    if end <= k:
        return [*subproof(start, end, entries[:k], known), mth(entries[k:])]
    if start >= k:
        return [*subproof(start - k, end - k, entries[k:], known), mth(entries[:k])]
    return [*subproof(0, end - k, entries[k:], False), mth(entries[:k])]


def is_subtree(start: int, end: int) -> bool:
    width = 1
    while width < end - start:
        width *= 2
    return start <= end and (start == end or start % width == 0)


def included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2, and only hashes of 32 bytes."""
    if not 0 <= index < size < 2**63 or any(len(one) != 32 for one in (leaf, root, *proof)):
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            r = sha256(b"\x01" + p + r)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2, and only hashes of 32 bytes."""
    if not 0 < size1 <= size2 < 2**63 or any(len(one) != 32 for one in (root1, root2, *proof)):
        return False
    if size1 == size2:
        return not proof and root1 == root2
    if not proof:
        return False
    rest = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    fn, sn = size1 - 1, size2 - 1
    while fn % 2:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = rest[0]
    for c in rest[1:]:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            fr, sr = sha256(b"\x01" + c + fr), sha256(b"\x01" + c + sr)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == root1 and sr == root2


def subtree_consistent(
    start: int, end: int, size: int, roots: tuple[bytes, bytes], proof: Sequence[bytes]
) -> bool:
    """The recursion of the proof, read backwards: rebuild both roots from the top down."""
    subtree_root, root = roots
    if not (0 <= start <= end <= size < 2**63 and is_subtree(start, end)):
        return False
    if any(len(one) != 32 for one in (subtree_root, root, *proof)):
        return False
    if start == end:
        return not proof and subtree_root == sha256(b"") and (size > 0 or root == sha256(b""))

    def rebuild(
        start: int, end: int, n: int, rest: list[bytes], known: bytes | None
    ) -> tuple[bytes, bytes] | None:
        if (start, end) == (0, n):
            if known is not None:
                return None if rest else (known, known)
            return (rest[0], rest[0]) if len(rest) == 1 else None
        if not rest:
            return None
        k, last = split(n), rest[-1]
        if end <= k:
            low = rebuild(start, end, k, rest[:-1], known)
            return low and (low[0], sha256(b"\x01" + low[1] + last))
        if start >= k:
            low = rebuild(start - k, end - k, n - k, rest[:-1], known)
            return low and (low[0], sha256(b"\x01" + last + low[1]))
        low = rebuild(0, end - k, n - k, rest[:-1], None)
        return low and (sha256(b"\x01" + last + low[0]), sha256(b"\x01" + last + low[1]))

    return rebuild(start, end, size, list(proof), subtree_root) == (subtree_root, root)
