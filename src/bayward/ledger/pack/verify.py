"""Verification of a pack, for people who trust nobody.

Like `ledger.verify`, it gives a verdict and never an exception. In this order: is the archive
safe to open; is every file there, listed and unchanged; who sealed it; does each log's range
lead, complete, to a checkpoint its log has signed; and do other logs vouch for those
checkpoints. A log whose key the reader does not know is trusted none the less when a log he
does know has recorded this very checkpoint: that is what `data/chain.txt` is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bayward.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_text
from bayward.ledger.errors import LedgerError, Malformed
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import parse_leaf
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.note import decode, split_note
from bayward.ledger.pack import bag
from bayward.ledger.pack.archive import HostileArchive, path_findings, read_zip
from bayward.ledger.pack.policy import read_keys
from bayward.ledger.pack.range import RangeProof, parse_range, verify_range
from bayward.ledger.pack.records import Record, lines_of, parse_record
from bayward.ledger.pack.seal import maker_of, open_seal
from bayward.ledger.strict import base64_text
from bayward.ledger.verdict import FINDINGS_MAX, Fault, Finding, Trust, Unexamined
from bayward.ledger.verify import checkpoint_finding, open_fields, verify_receipt

POLICY = "data/policy.txt"
CHAIN = "data/chain.txt"
CHECKPOINT = "checkpoint"
RECORDS = "records.ndjson"
RANGE = "range.json"
_VOUCHING = "bank_log.accepted"


@dataclass(frozen=True, slots=True)
class LogPart:
    """What a pack proves of one log: that entries [start, end) are these, and no other."""

    origin: str
    size: int
    start: int
    end: int
    trust: Trust
    cosigned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackVerdict:
    """The outcome; `digest` is the hash that the receipt of the export names."""

    findings: tuple[Finding, ...]
    trust: Trust
    unexamined: tuple[Unexamined, ...] = ()
    bag: str = ""
    maker: str = ""
    digest: str = ""
    logs: tuple[LogPart, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing was found; what stays `unexamined` is another matter."""
        return not self.findings


def verify_zip(raw: bytes, trusted: Collection[VerifierKey] = ()) -> PackVerdict:
    """Verify a pack in a ZIP; nothing of a hostile one is unpacked."""
    try:
        _, files = read_zip(raw)
    except HostileArchive as hostile:
        return PackVerdict(hostile.findings[:FINDINGS_MAX], Trust.UNKNOWN)
    return verify_files(files, trusted)


def verify_files(files: Mapping[str, bytes], trusted: Collection[VerifierKey] = ()) -> PackVerdict:
    """Verify a pack by its files, keyed by their paths below its folder."""
    unsafe = path_findings(sorted(files))
    if unsafe:
        return PackVerdict(tuple(unsafe[:FINDINGS_MAX]), Trust.UNKNOWN)
    return _Examination(files, trusted).conclude()


class _Examination:
    """One pass over the files of a pack."""

    def __init__(self, files: Mapping[str, bytes], trusted: Collection[VerifierKey]) -> None:
        self.files = files
        self.trusted = trusted
        self.witnesses = [one for one in trusted if one.is_cosigner]
        self.findings = bag.bag_findings(files)
        self.named: dict[str, list[VerifierKey]] = {}
        self.vouched: set[tuple[str, int, bytes]] = set()
        self.trusts: list[Trust] = []
        self.bag = self.maker = ""
        self.logs: list[LogPart] = []

    def find(self, fault: Fault, at: int | None = None, detail: str = "") -> None:
        self.findings.append(Finding(fault, at, detail))

    def conclude(self) -> PackVerdict:
        self._take_policy()
        self._take_seal()
        self._take_chain()
        folders = sorted({path.rpartition("/")[0] for path in self.files if _is_of_log(path)})
        if not folders:
            self.find(Fault.FILE_MISSING, None, f"data/*/{CHECKPOINT}")
        for folder in folders:
            self._take_log(folder)
        trust = next(
            (one for one in (Trust.UNKNOWN, Trust.SELF_ASSERTED) if one in self.trusts),
            Trust.TRUSTED if self.trusts else Trust.UNKNOWN,
        )
        unexamined = [Unexamined.KEY] if trust is Trust.SELF_ASSERTED else []
        unexamined.append(Unexamined.ROLLBACK)
        if any(path.endswith(".tsr") for path in self.files):
            unexamined.append(Unexamined.STAMP)
        return PackVerdict(
            tuple(dict.fromkeys(self.findings))[:FINDINGS_MAX],
            trust,
            tuple(unexamined),
            self.bag,
            self.maker,
            hashlib.sha256(self.files.get(bag.TAG_MANIFEST, b"")).hexdigest(),
            tuple(self.logs),
        )

    def _take_policy(self) -> None:
        try:
            keys = read_keys(decode(self.files[POLICY]))
        except KeyError:
            self.find(Fault.FILE_MISSING, None, POLICY)
        except LedgerError as error:
            self.find(Fault.MALFORMED, None, f"{POLICY}: {error}")
        else:
            for key in keys:
                if not key.is_cosigner:
                    self.named.setdefault(key.name, []).append(key)

    def _take_seal(self) -> None:
        if bag.NOTE not in self.files:
            self.find(Fault.FILE_MISSING, None, bag.NOTE)
            return
        raw = self.files[bag.NOTE]
        try:
            key, trust = self._key(maker_of(raw))
            if key is None:
                return
            seal = open_seal(raw, key)
        except LedgerError as error:
            found = checkpoint_finding(error)
            self.find(found.fault, None, f"{bag.NOTE}: {error}")
            return
        self._trust(key, trust)
        self.bag, self.maker = seal.bag, seal.maker
        if hashlib.sha256(self.files.get(bag.TAG_MANIFEST, b"")).hexdigest() != seal.digest:
            self.find(Fault.FILE_ALTERED, None, bag.TAG_MANIFEST)

    def _take_chain(self) -> None:
        """Receipts of parents: what they recorded of other logs, once they are verified."""
        for number, line in enumerate(lines_of(self.files.get(CHAIN, b"")), start=1):
            verdict = verify_receipt(line.decode("utf-8", "replace"), self.trusted)
            for one in verdict.findings:
                self.find(one.fault, number, f"{CHAIN}: {one}")
            told = verdict.fields
            origin, size, root = (told.get(name) for name in ("origin", "log_size", "log_root"))
            if not verdict.ok:
                continue
            is_record = told.get("type") == _VOUCHING
            if not (is_record and isinstance(size, int) and isinstance(root, str)):
                self.find(Fault.CHAIN_MISMATCH, number, "not the record of a checkpoint")
            elif (origin, size, root) not in self._checkpoints():
                self.find(Fault.CHAIN_MISMATCH, number, "of a checkpoint that is not in the pack")
            elif verdict.trust is Trust.TRUSTED:
                self.vouched.add((str(origin), size, root.encode()))

    def _checkpoints(self) -> set[tuple[object, ...]]:
        """What the checkpoints of the pack say, verified or not."""
        found: set[tuple[object, ...]] = set()
        for path, raw in self.files.items():
            if _is_of_log(path) and path.endswith("/" + CHECKPOINT):
                try:
                    told = parse_text(split_note(decode(raw))[0])
                except Malformed:
                    continue
                found.add((told.origin, told.size, base64_text(told.root)))
        return found

    def _take_log(self, folder: str) -> None:
        paths = {name: f"{folder}/{name}" for name in (CHECKPOINT, RECORDS, RANGE)}
        missing = [path for path in paths.values() if path not in self.files]
        for path in missing:
            self.find(Fault.FILE_MISSING, None, path)
        if missing:
            return
        try:
            proof = parse_range(decode(self.files[paths[RANGE]]))
        except LedgerError as error:
            self.find(Fault.MALFORMED, None, f"{paths[RANGE]}: {error}")
            return
        records = self._take_records(paths[RECORDS], proof)
        signed = self._take_checkpoint(paths[CHECKPOINT], proof)
        if signed is None or records is None:
            return
        tree = signed.checkpoint
        try:
            verify_range(proof, tree.size, [leaf_hash(one.leaf) for one in records], tree.root)
        except LedgerError as error:
            is_root = error.code == "range.root"
            self.find(Fault.ROOT_MISMATCH if is_root else Fault.PROOF_INVALID, None, str(error))

    def _take_checkpoint(self, path: str, proof: RangeProof) -> SignedCheckpoint | None:
        key, trust = self._key(proof.origin)
        if key is None:
            return None
        try:
            signed = open_checkpoint(decode(self.files[path]), key, self.witnesses)
        except LedgerError as error:
            found = checkpoint_finding(error)
            self.find(found.fault, None, f"{path}: {error}")
            return None
        tree = signed.checkpoint
        if (tree.origin, tree.size, base64_text(tree.root).encode()) in self.vouched:
            trust = Trust.TRUSTED
        self._trust(key, trust)
        self.logs.append(
            LogPart(tree.origin, tree.size, proof.start, proof.end, trust, signed.cosignatures)
        )
        return signed

    def _take_records(self, path: str, proof: RangeProof) -> list[Record] | None:
        """The records, or None when they are not one unbroken row within the bounds."""
        records: list[Record] = []
        expected, is_whole = proof.start, True
        for number, line in enumerate(lines_of(self.files[path]), start=1):
            try:
                record = parse_record(line)
            except LedgerError as error:
                self.find(Fault.MALFORMED, number, f"{path}: {error}")
                return None
            if record.index != expected:
                is_whole = False
                fault = Fault.GAP if record.index > expected else Fault.OUT_OF_ORDER
                self.find(fault, expected if fault is Fault.GAP else record.index, path)
            expected = max(expected, record.index + 1)
            self._take_record(record)
            records.append(record)
            if len(self.findings) >= FINDINGS_MAX:
                return None
        if is_whole and expected != proof.end:
            self.find(Fault.SIZE_MISMATCH, None, f"{path}: {len(records)} records")
            is_whole = False
        return records if is_whole else None

    def _take_record(self, record: Record) -> None:
        _, faults = open_fields(record.leaf, record.disclosures, record.index)
        self.findings += faults
        if faults:
            return
        if record.withheld != len(parse_leaf(record.leaf)) - len(record.disclosures):
            self.find(Fault.COUNT_MISMATCH, record.index)

    def _key(self, name: str) -> tuple[VerifierKey | None, Trust]:
        """The key of this name: one the reader gave, else the one the pack names."""
        given = [one for one in self.trusted if not one.is_cosigner]
        named = self.named.get(name, [])
        for key in named:
            if key in given:
                return key, Trust.TRUSTED
        if not named:
            self.find(Fault.UNKNOWN_KEY, None, f"{name} has no key in {POLICY}")
            return None, Trust.UNKNOWN
        return named[0], Trust.UNKNOWN if given else Trust.SELF_ASSERTED

    def _trust(self, key: VerifierKey, trust: Trust) -> None:
        self.trusts.append(trust)
        if trust is Trust.UNKNOWN:
            self.find(Fault.UNKNOWN_KEY, None, key.vkey)


def _is_of_log(path: str) -> bool:
    """Whether this is a file of a log: `data/<folder>/<checkpoint, records or range>`."""
    head, _, rest = path.partition("/")
    folder, _, name = rest.partition("/")
    return head == "data" and bool(folder) and name in {CHECKPOINT, RECORDS, RANGE}
