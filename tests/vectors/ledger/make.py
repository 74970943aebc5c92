"""Writes the vectors beside it. They are ours: made by the two oracles in tests/, not copied.

    merkle.json     proofs of four kinds, each true, and bent in every way we could think of
    ed25519.json    signatures on which libraries disagree, and what our strict rule says
    documents.json  leaves, receipts and exports (docs/SPEC.md), whole and bent

Other implementations of the format (other languages, the offline verifiers) can be held
against the same files. Run it with `python tests/vectors/ledger/make.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import ed25519_oracle as curve  # noqa: E402 - found by the line above when run as a script
import merkle_oracle as oracle  # noqa: E402 - likewise
from vectors.ledger import documents  # noqa: E402 - likewise

ENTRIES = [b"", b"\0", b"\x10", b" !", b"01", b"@ABC", bytes(range(0x50, 0x58))]
ENTRIES += [bytes(range(0x60, 0x70)), b"nine", b"ten", b"eleven"]

INCLUSIONS = [(0, 1), (0, 8), (5, 8), (2, 3), (1, 5), (4, 5), (8, 11), (10, 11)]
CONSISTENCIES = [(1, 1), (1, 8), (6, 8), (2, 5), (4, 7), (8, 11), (7, 10)]
SUBTREES = [(0, 4, 11), (4, 8, 11), (4, 7, 11), (8, 11, 11), (8, 10, 11), (4, 6, 7), (0, 3, 3)]

Case = dict[str, Any]


def bent_proofs(proof: list[bytes], *extra: bytes) -> Iterator[tuple[str, list[bytes]]]:
    yield "true", proof
    yield "surplus hash behind", [*proof, bytes(32)]
    yield "surplus hash before", [bytes(32), *proof]
    for one in extra:
        yield "a root behind", [*proof, one]
        yield "a root before", [one, *proof]
    if proof:
        yield "empty proof", []
        yield "first hash missing", proof[1:]
        yield "last hash missing", proof[:-1]
        yield "31-byte hash", [*proof[:-1], proof[-1][:31]]
        yield "33-byte hash", [*proof[:-1], proof[-1] + b"\0"]
        yield "reversed", proof[::-1]
    for at, one in enumerate(proof):
        bent = bytes([one[0] ^ 16]) + one[1:]
        yield f"bit flipped in hash {at}", [*proof[:at], bent, *proof[at + 1 :]]


def numbers(number: int) -> list[int]:
    return sorted({number, number + 1, max(number - 1, 0), number ^ 2, number * 2, 2**63, 0})


def inclusion() -> Iterator[Case]:
    for index, size in INCLUSIONS:
        root, leaf = oracle.mth(ENTRIES[:size]), oracle.mth([ENTRIES[index]])
        true: Case = {"index": index, "size": size, "leaf": leaf, "root": root}
        proof = oracle.path(index, ENTRIES[:size])
        for what, bent in bent_proofs(proof, root, leaf):
            yield {**true, "what": what, "proof": bent}
        for one in numbers(index):
            yield {**true, "what": f"index {one}", "index": one, "proof": proof}
        for one in numbers(size):
            yield {**true, "what": f"size {one}", "size": one, "proof": proof}
        for name in ("leaf", "root"):
            for bad in (b"", oracle.sha256(b""), root[:31], leaf + b"\0", oracle.mth([root])):
                yield {**true, "what": f"wrong {name}", name: bad, "proof": proof}
        yield {**true, "what": "swapped", "leaf": root, "root": leaf, "proof": proof}
        if proof:
            node = oracle.sha256(b"\x01" + leaf + proof[0])
            yield {**true, "what": "a node as the leaf", "leaf": node, "proof": proof[1:]}


def consistency() -> Iterator[Case]:
    for size1, size2 in CONSISTENCIES:
        root1, root2 = oracle.mth(ENTRIES[:size1]), oracle.mth(ENTRIES[:size2])
        true: Case = {"size1": size1, "size2": size2, "root1": root1, "root2": root2}
        proof = oracle.subproof(0, size1, ENTRIES[:size2])
        for what, bent in bent_proofs(proof, root1, root2):
            yield {**true, "what": what, "proof": bent}
        for name in ("size1", "size2"):
            for one in numbers(true[name]):
                yield {**true, "what": f"{name} {one}", name: one, "proof": proof}
        for name in ("root1", "root2"):
            for bad in (b"", oracle.sha256(b""), root1[:31], root2 + b"\0", bytes(32)):
                yield {**true, "what": f"wrong {name}", name: bad, "proof": proof}
        yield {**true, "what": "swapped", "root1": root2, "root2": root1, "proof": proof}


def subtree_inclusion() -> Iterator[Case]:
    for start, end, _ in SUBTREES:
        for index in range(start, end):
            root, leaf = oracle.mth(ENTRIES[start:end]), oracle.mth([ENTRIES[index]])
            true: Case = {"index": index, "start": start, "end": end, "leaf": leaf, "root": root}
            proof = oracle.path(index - start, ENTRIES[start:end])
            yield {**true, "what": "true", "proof": proof}
            for name in ("index", "start", "end"):
                for one in numbers(true[name]):
                    yield {**true, "what": f"{name} {one}", name: one, "proof": proof}
            yield {**true, "what": "empty subtree", "start": end, "proof": []}


def subtree_consistency() -> Iterator[Case]:
    for start, end, size in SUBTREES:
        root1, root2 = oracle.mth(ENTRIES[start:end]), oracle.mth(ENTRIES[:size])
        true: Case = {"start": start, "end": end, "size": size, "root1": root1, "root2": root2}
        proof = oracle.subproof(start, end, ENTRIES[:size])
        for what, bent in bent_proofs(proof, root1, root2):
            yield {**true, "what": what, "proof": bent}
        for name in ("start", "end", "size"):
            for one in numbers(true[name]):
                yield {**true, "what": f"{name} {one}", name: one, "proof": proof}
        for name in ("root1", "root2"):
            for bad in (b"", root1[:31], root2 + b"\0", bytes(32)):
                yield {**true, "what": f"wrong {name}", name: bad, "proof": proof}
    for at, size in ((0, 0), (0, 3), (3, 3), (2, 3), (4, 3)):
        empty, root = oracle.sha256(b""), oracle.mth(ENTRIES[:size])
        true = {"start": at, "end": at, "size": size, "root1": empty, "root2": root}
        yield {**true, "what": "empty subtree", "proof": []}
        yield {**true, "what": "empty subtree with a proof", "proof": [root]}
        yield {**true, "what": "empty subtree with a root", "root1": root, "proof": []}
        yield {**true, "what": "empty subtree of another", "root2": bytes(32), "proof": []}


def is_true(kind: str, c: Case) -> bool:
    if kind == "inclusion":
        return oracle.included(c["index"], c["size"], c["leaf"], c["proof"], c["root"])
    if kind == "consistency":
        return oracle.consistent(c["size1"], c["size2"], c["root1"], c["root2"], c["proof"])
    if kind == "subtree_inclusion":
        start, end = c["start"], c["end"]
        return oracle.is_subtree(start, end) and oracle.included(
            c["index"] - start, end - start, c["leaf"], c["proof"], c["root"]
        )
    roots = (c["root1"], c["root2"])
    return oracle.subtree_consistent(c["start"], c["end"], c["size"], roots, c["proof"])


def merkle() -> dict[str, Any]:
    """Each hash stands once, in `hashes`; the cases name it by its place."""
    hashes: dict[bytes, int] = {}

    def place(value: object) -> object:
        if isinstance(value, bytes):
            return hashes.setdefault(value, len(hashes))
        return [place(one) for one in value] if isinstance(value, list) else value

    makers = (inclusion, consistency, subtree_inclusion, subtree_consistency)
    kinds: dict[str, Any] = {}
    for maker in makers:
        kind = maker.__name__
        kinds[kind] = [
            {name: place(value) for name, value in case.items()} | {"true": is_true(kind, case)}
            for case in maker()
        ]
    return {"hashes": [one.hex() for one in hashes], **kinds}


def ed25519() -> list[Any]:
    return [
        [case.key.hex(), case.signature.hex(), case.message.decode(), case.accept]
        for case in curve.edge_cases()
    ]


def merkle_text() -> str:
    proofs = merkle()
    lines = [f'"hashes":{json.dumps(proofs.pop("hashes"))}']
    for kind, cases in proofs.items():
        rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        lines.append(f'"{kind}":[\n{rows}]')
    return "{" + ",\n".join(lines) + "}\n"


def ed25519_text() -> str:
    signatures = ",\n".join(json.dumps(case, separators=(",", ":")) for case in ed25519())
    return f"[{signatures}]\n"


TEXTS = {
    "merkle.json": merkle_text,
    "ed25519.json": ed25519_text,
    "documents.json": documents.text,
}


if __name__ == "__main__":
    for name, text in TEXTS.items():
        (HERE / name).write_text(text())
