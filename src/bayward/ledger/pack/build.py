"""Putting a pack together: the layout, in one place.

data/policy.txt                       the keys of the logs in it
data/<folder>/checkpoint              as its log has signed it, cosignatures and all
data/<folder>/records.ndjson          every entry of the range
data/<folder>/range.json              the proof that it is every entry
data/chain.txt                        receipts of logs above, one a line, the lowest first
data/anchor.txt .tsr                  the uppermost checkpoint, and a time stamp over it
data/…                                papers that are made of the records
README.txt VERIFY.txt verify.*        what to do with it
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.pack import bag
from bayward.ledger.pack.policy import write_policy
from bayward.ledger.pack.range import RangeProof
from bayward.ledger.pack.seal import make_seal
from bayward.ledger.pack.verify import CHAIN, CHECKPOINT, POLICY, RANGE, RECORDS
from bayward.ledger.receipt import Receipt


@dataclass(frozen=True, slots=True)
class LogSlice:
    """A range of one log, for the folder `data/<folder>`; `records` are its lines."""

    folder: str
    key: VerifierKey
    checkpoint: str
    proof: RangeProof
    records: bytes


def build(
    name: str,
    slices: Sequence[LogSlice],
    signer: Signer,
    *,
    chain: Sequence[Receipt] = (),
    papers: Mapping[str, bytes],
    info: Sequence[tuple[str, str]],
) -> dict[str, bytes]:
    """The files of a pack, sealed by `signer`; `papers` are files by path that go with it."""
    keys = dict.fromkeys([*(one.key for one in slices), *(one.key for one in chain), signer.key])
    files = dict(papers)
    files[POLICY] = write_policy(keys)
    for one in slices:
        files[f"data/{one.folder}/{CHECKPOINT}"] = one.checkpoint.encode()
        files[f"data/{one.folder}/{RECORDS}"] = one.records
        files[f"data/{one.folder}/{RANGE}"] = one.proof.text.encode()
    lines = [json.dumps(json.loads(one.text), ensure_ascii=False) + "\n" for one in chain]
    if lines:
        files[CHAIN] = "".join(lines).encode()
    made = bag.make_bag(files, [*info, ("External-Identifier", name)])
    made[bag.NOTE] = make_seal(name, made[bag.TAG_MANIFEST], signer)
    return made
