"""A small log to attack: keys that never change, entries, and the documents made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_count
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import LogEntry, LogHeader
from bayward.ledger.keys import Signer, cosigner, ecdsa_signer, ed25519_signer
from bayward.ledger.leaf import Sealed, Value, seal
from bayward.ledger.log import Append, Log
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.receipt import Receipt
from bayward.ledger.verdict import Verdict

T = TypeVar("T")
ORIGIN = "audit.example.com/d/bank-7/1"
WITNESS = "witness.example.com/w1"


def ed25519_key(name: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


LOG = ed25519_signer(ORIGIN, ed25519_key("log"))
TPM_LOG = ecdsa_signer(ORIGIN, ec.derive_private_key(20_261_120, ec.SECP256R1()))
IMPOSTOR = ed25519_signer(ORIGIN, ed25519_key("impostor"))


def witness(time: int = 1_795_000_000) -> Signer:
    return cosigner(WITNESS, ed25519_key("witness"), time)


def salts(seed: str, count: int) -> bytes:
    return b"".join(hashlib.sha256(f"{seed} {n}".encode()).digest()[:18] for n in range(count))


def refused(kind: type[LedgerError], code: str) -> pytest.RaisesExc[LedgerError]:
    """Expects an error of this kind whose code (and, if given, detail) begins like this."""
    return pytest.raises(kind, check=lambda error: str(error).startswith(code))


def attempt(call: Callable[[], T], *codes: str) -> T | None:
    """What the call gives, or None when it refuses with one of these codes; nothing else."""
    try:
        return call()
    except LedgerError as error:
        if error.code.startswith(codes):
            return None
        raise


def event(n: int) -> Sealed:
    fields: dict[str, Value] = {
        "type": "door.opened",
        "seq": n,
        "compartment": f"cmp_{n % 12}",
        "actor": None,
    }
    return seal(fields, salts(f"event {n}", len(fields)))


@dataclass
class MemoryStore:
    """A store that keeps its promises: all or nothing, and only on top of what it has."""

    entries: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [self.hashes[index] for index in indexes]

    def read_head(self) -> str | None:
        return self.notes[-1] if self.notes else None

    def commit(self, append: Append, note: str) -> None:
        if append.first != len(self.entries):
            raise RuntimeError("the head has moved")
        self.entries += append.entries
        self.hashes += append.stored_hashes
        self.notes.append(note)
        assert len(self.hashes) == stored_hash_count(len(self.entries))


@dataclass
class Bench:
    """A log of some events, and everything it could hand out."""

    store: MemoryStore
    log: Log
    events: list[Sealed]
    signers: list[Signer]

    @classmethod
    def of(cls, size: int, *signers: Signer, first_batch: int | None = None) -> Bench:
        store, keys = MemoryStore(), list(signers or [LOG])
        bench = cls(store, Log(store, lambda: keys), [event(n) for n in range(size)], keys)
        leaves = [one.leaf for one in bench.events]
        if first_batch is not None:
            bench.log.append(leaves[:first_batch])
        bench.log.append(leaves[first_batch or 0 :])
        return bench

    @property
    def note(self) -> str:
        return self.store.notes[-1]

    def receipt(self, index: int, disclosures: Sequence[str] | None = None) -> Receipt:
        sealed = self.events[index]
        shown = sealed.disclosures if disclosures is None else tuple(disclosures)
        return Receipt(self.signers[0].key, self.log.prove(index), sealed.leaf, shown)

    @property
    def header(self) -> LogHeader:
        return LogHeader(self.signers[0].key, self.note)

    def entry(self, index: int) -> LogEntry:
        sealed = self.events[index]
        return LogEntry(index, leaf_hash(sealed.leaf), sealed.leaf, sealed.disclosures)

    def lines(self) -> list[bytes]:
        return [self.header.line, *(self.entry(n).line for n in range(len(self.events)))]


def said(verdict: Verdict) -> list[str]:
    return [str(one) for one in verdict.findings]


def names(verdict: Verdict) -> list[str]:
    return [one.fault + ("" if one.at is None else f" at {one.at}") for one in verdict.findings]


def resigned(leaves: list[bytes], signer: Signer = LOG, origin: str = ORIGIN) -> str:
    """What somebody with the key of the log can say of any entries."""
    tree, _ = Frontier().extend(leaf_hash(leaf) for leaf in leaves)
    return sign_checkpoint(Checkpoint(origin, tree.size, tree.root), [signer])
