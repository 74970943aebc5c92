"""Vectors of our own formats (docs/SPEC.md), made without the library that reads them.

Leaves, disclosures, notes, receipts and exported logs, whole and bent; each bent one says what
every verifier has to find. Built from `json`, `hashlib`, the Merkle oracle and bare signatures,
so that a mistake of the library does not become the specification.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import merkle_oracle as oracle

ORIGIN = "lockers.example.com/bank/bank_00000000000000000000000001/1"
WITNESS = "witness.example.com/w1"
LOG_KEY = ec.derive_private_key(20_261_129, ec.SECP256R1())
WITNESS_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"w1").digest())
TIME = 1_795_000_000

Case = dict[str, Any]


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def salt(seed: str) -> bytes:
    return hashlib.sha256(seed.encode()).digest()[:18]


def disclosure(seed: str, name: str, value: object) -> str:
    return b64url(f'["{b64url(salt(seed))}","{name}",{canonical(value)}]'.encode())


def leaf(disclosures: Sequence[str]) -> str:
    digests = [b64url(hashlib.sha256(one.encode()).digest()) for one in disclosures]
    return canonical({"_sd": sorted(digests), "v": 1})


def spki() -> bytes:
    return LOG_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def log_vkey() -> str:
    key = b64(b"\x02" + spki())
    return f"{ORIGIN}+{hashlib.sha256(spki()).digest()[:4].hex()}+{key}"


def witness_id() -> bytes:
    public = WITNESS_KEY.public_key().public_bytes_raw()
    return hashlib.sha256(f"{WITNESS}\n".encode() + b"\x04" + public).digest()[:4]


def witness_vkey() -> str:
    public = WITNESS_KEY.public_key().public_bytes_raw()
    key = b64(b"\x04" + public)
    return f"{WITNESS}+{witness_id().hex()}+{key}"


def note(text: str, *, is_cosigned: bool = False) -> str:
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    key_id = hashlib.sha256(spki()).digest()[:4]
    lines = f"\u2014 {ORIGIN} {b64(key_id + LOG_KEY.sign(text.encode(), algorithm))}\n"
    if is_cosigned:
        signed = WITNESS_KEY.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode())
        blob = witness_id() + TIME.to_bytes(8, "big") + signed
        lines += f"\u2014 {WITNESS} {b64(blob)}\n"
    return f"{text}\n{lines}"


def checkpoint(leaves: Sequence[str], **how: bool) -> str:
    root = oracle.mth([one.encode() for one in leaves])
    return note(f"{ORIGIN}\n{len(leaves)}\n{b64(root)}\n", **how)


FIELDS: list[dict[str, Any]] = [
    {"type": "door.opened", "time": 1_795_000_000_000 + n, "compartment": f"cmp_{n}", "seq": n}
    for n in range(7)
]
FIELDS[3] |= {
    "reason": 'caf\u00e9 \u2603 "quoted" \\ \n',
    "actor": None,
    "more": [1, {"b": True, "a": -1}],
}
DISCLOSURES = [
    [disclosure(f"{n} {name}", name, value) for name, value in fields.items()]
    for n, fields in enumerate(FIELDS)
]
LEAVES = [leaf(one) for one in DISCLOSURES]


def leaves() -> Iterator[Case]:
    for n, fields in enumerate(FIELDS):
        yield {
            "fields": fields,
            "salts": {name: salt(f"{n} {name}").hex() for name in fields},
            "disclosures": DISCLOSURES[n],
            "leaf": LEAVES[n],
            "leaf_hash": oracle.mth([LEAVES[n].encode()]).hex(),
        }


def bad_leaves() -> dict[str, str]:
    good = LEAVES[0]
    first, second = json.loads(good)["_sd"][:2]
    swapped = good.replace(first, "x").replace(second, first).replace("x", second)
    return {
        "a space": good.replace(",", ", "),
        "another version": good.replace('"v":1', '"v":2'),
        "members in another order": '{"v":1,"_sd":[]}',
        "digests in another order": swapped,
        "a digest twice": good.replace(second, first),
        "surplus bits in a digest": good.replace(first, first[:-1] + chr(ord(first[-1]) + 1)),
        "a further member": good.replace('"v":1', '"v":1,"x":0'),
        "a newline at the end": good + "\n",
        "nothing": "",
    }


def bad_disclosures() -> dict[str, str]:
    s = b64url(salt("x"))

    def raw(text: str) -> str:
        return b64url(text.encode())

    return {
        "padding": disclosure("x", "type", "ab") + "=",
        "a space": raw(f'["{s}", "type","a"]'),
        "a short salt": raw(f'["{s[:-1]}","type","a"]'),
        "a float": raw(f'["{s}","type",1.5]'),
        "an integer beyond 2^53-1": raw(f'["{s}","type",9007199254740992]'),
        "an escaped character that needs none": raw(f'["{s}","type","\\u0061"]'),
        "a reserved name": raw(f'["{s}","_sd","a"]'),
        "a name in capitals": raw(f'["{s}","Type","a"]'),
        "members of an object in another order": raw(f'["{s}","type",{{"b":1,"a":2}}]'),
        "two items": raw(f'["{s}","type"]'),
        "no list": raw("{}"),
        "five levels": raw(f'["{s}","type",[[[[[1]]]]]]'),
    }


def receipt(index: int, size: int = 7, **bent: object) -> str:
    entries = [one.encode() for one in LEAVES[:size]]
    proof = [b64(one) for one in oracle.path(index, entries)]
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *proof]
    members = {
        "v": 1,
        "kind": "bayward-receipt",
        "vkey": log_vkey(),
        "tlog_proof": "\n".join(lines) + "\n\n" + checkpoint(LEAVES[:size], is_cosigned=True),
        "leaf": b64(entries[index]),
        "disclosures": DISCLOSURES[index],
    }
    return json.dumps(members | bent, ensure_ascii=False)


def receipts() -> Iterator[Case]:
    whole = receipt(3)
    proof = json.loads(whole)["tlog_proof"]
    text, _, _ = proof.partition("\n\n")
    other_leaf = b64(LEAVES[2].encode())
    yield {"what": "whole", "findings": [], "text": whole}
    yield {"what": "nothing disclosed", "findings": [], "text": receipt(3, disclosures=[])}
    yield {"what": "one entry", "findings": [], "text": receipt(0, 1)}
    for what, findings, bent in (
        ("another leaf", ["proof invalid"], {"leaf": other_leaf, "disclosures": DISCLOSURES[2]}),
        ("a disclosure of another entry", ["disclosure does not match leaf at 3"],
         {"disclosures": DISCLOSURES[2][:1]}),
        ("a field twice", ["field disclosed twice at 3"], {"disclosures": [DISCLOSURES[3][0]] * 2}),
        ("a bent disclosure", ["disclosure malformed at 3"], {"disclosures": ["AAAA"]}),
        ("another size", ["signature invalid"], {"tlog_proof": proof.replace("\n7\n", "\n8\n")}),
        ("another index", ["proof invalid"],
         {"tlog_proof": proof.replace("index 3", "index 2"), "disclosures": []}),
        ("a hash missing", ["proof invalid"],
         {"tlog_proof": proof.replace(text, text.rpartition("\n")[0])}),
        ("line ends of another system", ["malformed"],
         {"tlog_proof": proof.replace("\n", "\r\n")}),
        ("a bent cosignature", ["signature invalid"],
         {"tlog_proof": proof[:-10] + ("A" if proof[-10] != "A" else "B") + proof[-9:]}),
        ("another kind", ["malformed"], {"kind": "receipt"}),
        ("a further member", ["malformed"], {"x": 1}),
    ):  # fmt: skip
        yield {"what": what, "findings": findings, "text": receipt(3, **bent)}


def log_lines(size: int = 7) -> list[str]:
    header = {
        "v": 1,
        "kind": "bayward-log",
        "origin": ORIGIN,
        "vkey": log_vkey(),
        "checkpoint": checkpoint(LEAVES[:size]),
    }
    rows = [
        {
            "index": n,
            "hash": b64(oracle.mth([LEAVES[n].encode()])),
            "leaf": b64(LEAVES[n].encode()),
            "disclosures": DISCLOSURES[n],
        }
        for n in range(size)
    ]
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in [header, *rows]]


def logs() -> Iterator[Case]:
    whole, row = log_lines(), json.loads(log_lines()[4])
    other = {"leaf": b64(LEAVES[2].encode()), "disclosures": []}
    fixed = other | {"hash": b64(oracle.mth([LEAVES[2].encode()]))}
    longer = checkpoint(LEAVES)
    forked = checkpoint([LEAVES[1], *LEAVES[1:5]])

    def replaced(members: dict[str, Any]) -> list[str]:
        return [*whole[:4], json.dumps(row | members, separators=(",", ":")), *whole[5:]]

    for what, findings, lines, older in (
        ("whole", [], whole, []),
        ("whole, and longer than an older checkpoint", [], whole, [checkpoint(LEAVES[:3])]),
        ("a changed leaf", ["body/leaf mismatch at 3"], replaced(other), []),
        ("a changed leaf with its hash", ["root mismatch at 7"], replaced(fixed), []),
        ("a row missing", ["gap at 3"], [*whole[:4], *whole[5:]], []),
        ("a row twice", ["repeated at 3"], [*whole[:5], *whole[4:]], []),
        ("the last rows missing", ["size mismatch"], whole[:-2], []),
        ("cut short with its checkpoint", [], log_lines(5), []),
        ("cut short, and somebody remembers", ["rollback at 7"], log_lines(5), [longer]),
        ("another past", ["fork at 5"], whole, [forked]),
        ("not JSON", ["malformed at 5"], [*whole[:4], "x", *whole[5:]], []),
    ):
        yield {"what": what, "findings": findings, "lines": lines, "older": older}


def text() -> str:
    """The content of `documents.json`."""
    told: dict[str, Any] = {
        "vkey": log_vkey(),
        "witness": witness_vkey(),
        "leaves": list(leaves()),
        "bad_leaves": bad_leaves(),
        "bad_disclosures": bad_disclosures(),
        "receipts": list(receipts()),
        "logs": list(logs()),
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
