"""A small pack to attack: a range of a bank's log, the chain above it, and time stamps."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.ledger.dense import HashReader, inclusion_proof
from bayward.ledger.keys import Signer, VerifierKey, cosigner, ecdsa_signer, ed25519_signer
from bayward.ledger.leaf import Sealed, Value, seal
from bayward.ledger.log import Log
from bayward.ledger.pack import bag
from bayward.ledger.pack.archive import write_zip
from bayward.ledger.pack.build import LogSlice, build
from bayward.ledger.pack.range import prove_range
from bayward.ledger.pack.records import Record
from bayward.ledger.pack.seal import make_seal
from bayward.ledger.pack.verify import ANCHOR as ANCHOR_FILE
from bayward.ledger.pack.verify import PackVerdict
from bayward.ledger.proof import Proof
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64_text
from bayward.ledger.verdict import Verdict
from ledger_bench import MemoryStore, ed25519_key, salts, witness
from stamp_bench import Token

BAG = "evidence-7x3k"
FOLDER = "bank-7"
START, END, SIZE = 11, 29, 45
TENANT = ecdsa_signer("demo/tenant/1", ec.derive_private_key(20_261_129, ec.SECP256R1()))
ANCHOR = ed25519_signer("demo/anchor", ed25519_key("anchor"))
ANCHOR_TOO = ecdsa_signer("demo/anchor", ec.derive_private_key(20_261_130, ec.SECP256R1()))
"""The anchor signs with two keys, as ours does; the one above is named in receipts."""
OUTSIDE = tuple(
    cosigner(f"outside.example/{name}", ed25519_key(f"outside {name}"), 1_795_000_100)
    for name in "abc"
)
"""Witnesses of the anchor; `a` and `b` have cosigned it, `c` has not."""
BANK = ed25519_signer("demo/bank/7/1", ed25519_key("bank 7"))
SIGNATURES = 512  # that a test process remembers
VERIFY_PY = Path(__file__).parent.parent / "src/bayward/ledger/standalone/verify.py"


def happening(n: int) -> Sealed:
    fields: dict[str, Value] = {
        "type": "door.opened",
        "time": 1_795_000_000_000 + n,
        "actor": f"person_{n}",
    }
    return seal(fields, salts(f"happening {n}", len(fields)))


class PackBench:
    """Both logs, and the pack made of them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        log = Log(self.store, lambda: [BANK, witness(7)])
        self.events = [happening(n) for n in range(SIZE)]
        log.append([one.leaf for one in self.events])
        self.note = self.store.notes[-1]
        self.tree = log.resume()
        at = (BANK.key.name, SIZE, base64_text(self.tree.root))
        lower, at = recorded("bank_log.accepted", at, TENANT)
        more = (ANCHOR_TOO, *OUTSIDE[:2])
        upper, _ = recorded("tenant_log.anchored", at, ANCHOR, *more, below=TENANT.key)
        self.chain = lower, upper

    def receipt(self, index: int) -> Receipt:
        """The receipt of an entry of the bank."""
        path = tuple(inclusion_proof(index, SIZE, self.store))
        sealed = self.events[index]
        proof = Proof(index, path, self.note)
        return Receipt(BANK.key, proof, sealed.leaf, tuple(sealed.disclosures))

    def records(self, start: int = START, end: int = END, shown: int = 2) -> bytes:
        return b"".join(
            Record.of(n, self.events[n].leaf, self.events[n].disclosures[:shown]).line
            for n in range(start, end)
        )

    def slice(self, start: int = START, end: int = END) -> LogSlice:
        reader: HashReader = self.store
        proof = prove_range(BANK.key.name, start, end, SIZE, reader)
        return LogSlice(FOLDER, BANK.key, self.note, proof, self.records(start, end))

    def files(
        self, *slices: LogSlice, chain: bool = True, stamped: bool = False
    ) -> dict[str, bytes]:
        papers = {"README.txt": b"read me\n", "data/custody.csv": b"a,b\n"}
        if stamped:
            note = self.chain[1].proof.checkpoint.encode()
            papers |= {ANCHOR_FILE: note, f"{ANCHOR_FILE}.tsr": Token().over(note)}
        made = build(
            BAG,
            slices or [self.slice()],
            TENANT,
            chain=self.chain if chain else [],
            papers=papers,
            info=[("Source-Organization", "Northgate House")],
        )
        if stamped:
            made[bag.STAMP] = Token().over(made[bag.TAG_MANIFEST])
        return made

    def exported(self, files: Mapping[str, bytes]) -> Receipt:
        """The receipt of the export of these files."""
        told: dict[str, Value] = {"type": "evidence.exported"}
        told["detail"] = digest(files[bag.TAG_MANIFEST])
        return entered(told, TENANT)[0]


Place = tuple[str, int, str]


def recorded(
    kind: str, at: Place, signer: Signer, *more: Signer, below: VerifierKey | None = None
) -> tuple[Receipt, Place]:
    """A checkpoint entered in a log: the receipt, and the checkpoint of that log then."""
    told: dict[str, Value] = {"type": kind, "origin": at[0], "log_size": at[1], "log_root": at[2]}
    if below is not None:
        told["log_key"] = below.vkey
    return entered(told, signer, *more)


def entered(told: dict[str, Value], signer: Signer, *more: Signer) -> tuple[Receipt, Place]:
    sealed = seal(told, salts(str(told["type"]), len(told)))
    log = Log(MemoryStore(), lambda: [signer, *more])
    log.append([happening(900).leaf, sealed.leaf])
    receipt = Receipt(signer.key, log.prove(1), sealed.leaf, sealed.disclosures)
    tree = log.resume()
    return receipt, (signer.key.name, tree.size, base64_text(tree.root))


def policy(*lines: str, logs: Sequence[VerifierKey] = ()) -> str:
    """What a reader knows: these logs, the witnesses outside, and what he demands of them."""
    keys = [f"log {key.vkey}" for key in logs]
    seen = [f"witness {name} {one.key.vkey}" for name, one in zip("abc", OUTSIDE, strict=True)]
    return "\n".join([*keys, *seen, *lines]) + "\n"


def resealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files with manifests and seal made anew: an insider, or a careless editor."""
    outside = {bag.TAG_MANIFEST, bag.NOTE, bag.STAMP, bag.DECLARATION, bag.INFO, bag.MANIFEST}
    inner = {path: body for path, body in files.items() if path not in outside}
    made = bag.make_bag(inner, [("External-Identifier", BAG)])
    made[bag.NOTE] = make_seal(BAG, made[bag.TAG_MANIFEST], TENANT)
    return made


Findings = list[tuple[str, int | None]]


def by_library(verdict: Verdict | PackVerdict) -> tuple[Findings, str]:
    found: Findings = [(one.fault.value, one.at) for one in verdict.findings]
    return found, verdict.trust.value


def by_script(path: Path, *arguments: str) -> tuple[Findings, str]:
    """What verify.py says, run as a stranger would run it: isolated, nothing of ours in reach."""
    told = script(path, *arguments)
    return [(one["fault"], one["at"]) for one in told["findings"]], str(told["trust"])


def script(path: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-I", "-S", str(VERIFY_PY), str(path), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode in {0, 1}, done.stderr.decode()
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["ok"] is (done.returncode == 0)
    return told


def told_here(path: Path, *arguments: str) -> dict[str, Any]:
    """The same file loaded once into this process, for tests that ask it very often."""
    module = standalone()
    told = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with redirect_stdout(told):
        code = module.main([str(path), "--json", *arguments])
    told.seek(0)
    said: dict[str, Any] = json.load(told)
    assert said["ok"] is (code == 0)
    return said


def by_script_here(path: Path, *arguments: str) -> tuple[Findings, str]:
    """Findings and trust, said by it."""
    said = told_here(path, *arguments)
    return [(one["fault"], one["at"]) for one in said["findings"]], str(said["trust"])


@cache
def standalone() -> Any:
    """verify.py as a module."""
    spec = importlib.util.spec_from_file_location("standalone_verify", VERIFY_PY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # A hundred bent packs have the same checkpoints, and nothing else says whether those hold.
    for place, name in ((module, "ed25519_holds"), (module.Curve, "holds")):
        setattr(place, name, lru_cache(SIGNATURES)(getattr(place, name)))
    return module


def keys(*given: VerifierKey) -> list[str]:
    return [part for key in given for part in ("--key", key.vkey)]


def edited(body: bytes, line: int, change: Callable[[dict[str, Any]], None]) -> bytes:
    """One JSON line of a file changed."""
    lines = body.splitlines(keepends=True)
    told = json.loads(lines[line])
    change(told)
    lines[line] = json.dumps(told, separators=(",", ":")).encode() + b"\n"
    return b"".join(lines)


def zipped(files: Mapping[str, bytes]) -> bytes:
    return write_zip(BAG, files)


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
