"""Receipts: what a person can keep, and anybody can check without asking us.

A receipt is one JSON document. Its members are exactly these, each once, in any order:

    {"v": 1,
     "kind": "bayward-receipt",
     "vkey": "<verifier key of the log>",
     "tlog_proof": "<c2sp.org/tlog-proof@v1, checkpoint included>",
     "leaf": "<base64 of the leaf's bytes>",
     "disclosures": ["<disclosure>", …]}

Behind it may stand the receipts of the logs above, each document one line then: a chain
(`ledger.chain`).

It shows that the leaf stands at its index in the log that signed the checkpoint, and what the
disclosed fields of that leaf are. Fields that are not disclosed stay hidden. The key in it
only vouches for itself: who checks a receipt compares it with a key known from elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.leaf import DIGESTS_MAX
from bayward.ledger.proof import Proof, parse_proof
from bayward.ledger.strict import base64_bytes, base64_text, json_object

KIND = "bayward-receipt"
RECEIPT_CHARS_MAX = 1024 * 1024
"""A proof of 256 KiB at the most, a leaf of 64 KiB, and disclosures."""

_MEMBERS = {
    "v": int,
    "kind": str,
    "vkey": str,
    "tlog_proof": str,
    "leaf": str,
    "disclosures": list,
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A leaf, the proof of its place, and what opens the fields that are shown."""

    key: VerifierKey
    proof: Proof
    leaf: bytes
    disclosures: tuple[str, ...]

    @property
    def text(self) -> str:
        """The receipt as one JSON document."""
        return json.dumps(
            {
                "v": 1,
                "kind": KIND,
                "vkey": self.key.vkey,
                "tlog_proof": self.proof.text,
                "leaf": base64_text(self.leaf),
                "disclosures": list(self.disclosures),
            },
            ensure_ascii=False,
            indent=1,
        )


def parse_receipt(text: str) -> Receipt:
    """Read a receipt without verifying it; raises `Malformed`."""
    if len(text) > RECEIPT_CHARS_MAX:
        raise Malformed("receipt.length", f"{len(text)} characters")
    found = json_object(text, _MEMBERS, "receipt.form")
    if found["v"] != 1 or found["kind"] != KIND:
        raise Malformed("receipt.form", f"not a {KIND} of version 1")
    return Receipt(
        parse_vkey(found["vkey"]),
        parse_proof(found["tlog_proof"]),
        base64_bytes(found["leaf"], "receipt.leaf"),
        disclosure_list(found["disclosures"], "receipt.disclosures"),
    )


def lines_of_chain(text: str) -> list[str]:
    """The receipts of a chain, one a line; of a receipt alone, that one as it is."""
    first, _, rest = text.partition("\n")
    if not first.rstrip(" \t\r").endswith("}") or not rest.strip(" \t\r\n"):
        return [text]
    return [line for line in text.split("\n") if line.strip(" \t\r")]


def own_receipt(text: str) -> str:
    """The receipt itself, of a chain or alone."""
    return lines_of_chain(text)[0]


def disclosure_list(found: list[object], code: str) -> tuple[str, ...]:
    """Check that a JSON list is one of disclosures, as many as a leaf can have."""
    texts = tuple(one for one in found if isinstance(one, str))
    if len(texts) != len(found) or len(texts) > DIGESTS_MAX:
        raise Malformed(code, "not a list of disclosures")
    return texts
