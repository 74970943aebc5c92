"""Verification of a pack, for people who trust nobody.

Like `ledger.verify`, it gives a verdict and never an exception. In this order: is the archive
safe to open; is every file there, listed and unchanged; do other logs vouch for the checkpoints
in it; who sealed it; does each log's range lead, complete, to a checkpoint its log has signed; and
when did time-stamp authorities see that. A log whose key the reader does not know is trusted none
the less when a log he does know has recorded this very checkpoint, and witnesses of a log above
have seen it: that is what `data/chain.txt` is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bayward.ledger.chain import Links, Place, examine_links, place_of, verify_chained
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, parse_text
from bayward.ledger.errors import LedgerError, Malformed
from bayward.ledger.kept import EXPORTED
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.known import Demand, read_known
from bayward.ledger.leaf import parse_leaf
from bayward.ledger.lines import plain_record
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.note import decode, split_note
from bayward.ledger.pack import bag
from bayward.ledger.pack.archive import HostileArchive, path_findings, read_zip
from bayward.ledger.pack.older import Older, Shown
from bayward.ledger.pack.range import RangeProof, parse_range, verify_range
from bayward.ledger.pack.records import lines_of, parse_record
from bayward.ledger.pack.seal import maker_of, open_seal
from bayward.ledger.pack.stamped import Stamped, examine_stamps, unexamined_of
from bayward.ledger.verdict import FINDINGS_MAX, Above, Fault, Finding, Held, Trust, Unexamined
from bayward.ledger.verify import checkpoint_finding, open_fields, seen_by, witness_findings

POLICY = "data/policy.txt"
CHAIN = "data/chain.txt"
CHECKPOINT = "checkpoint"
RECORDS = "records.ndjson"
RANGE = "range.json"
_SHOWS_NONE = b'"disclosures":[],'
ANCHOR = "data/anchor.txt"
"""A checkpoint of the uppermost log as a time-stamp authority has seen it."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """What a pack proves of one log: that entries [start, end) are these, and no other."""

    origin: str
    size: int
    start: int
    end: int
    trust: Trust
    cosigned: Mapping[str, int] = field(default_factory=dict)
    closed: int = 0
    """How many of these entries show no field."""


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
    chain: tuple[Above, ...] = ()
    stamps: tuple[Stamped, ...] = ()
    told: tuple[VerifierKey, ...] = ()
    """Keys that trusted logs above told of logs below."""
    is_recorded: bool = False
    """The receipt of the export names this pack (`with_receipt`)."""
    held: tuple[Held, ...] = ()
    """Documents kept from before that contradict nothing."""

    @property
    def ok(self) -> bool:
        """True when nothing was found; what stays `unexamined` is another matter."""
        return not self.findings


def verify_zip(
    raw: bytes,
    trusted: Collection[VerifierKey] = (),
    demand: Demand | None = None,
    authorities: Collection[str] = (),
    older: Sequence[str] = (),
) -> PackVerdict:
    """Verify a pack in a ZIP; nothing of a hostile one is unpacked."""
    try:
        _, files = read_zip(raw)
    except HostileArchive as hostile:
        return PackVerdict(hostile.findings[:FINDINGS_MAX], Trust.UNKNOWN)
    return verify_files(files, trusted, demand, authorities, older)


def verify_files(
    files: Mapping[str, bytes],
    trusted: Collection[VerifierKey] = (),
    demand: Demand | None = None,
    authorities: Collection[str] = (),
    older: Sequence[str] = (),
) -> PackVerdict:
    """Verify a pack by its files, keyed by their paths below its folder.

    `authorities` are SHA-256, in hex, of certificates of time-stamp authorities; `older` are
    checkpoints, tlog-proofs or receipts of its logs that were kept from before.
    """
    unsafe = path_findings(sorted(files))
    if unsafe:
        return PackVerdict(tuple(unsafe[:FINDINGS_MAX]), Trust.UNKNOWN)
    return _Examination(files, trusted, demand, authorities, older).conclude()


def with_receipt(
    verdict: PackVerdict,
    text: str,
    trusted: Collection[VerifierKey] = (),
    demand: Demand | None = None,
) -> PackVerdict:
    """Hold the receipt of the export against the pack it was made for."""
    receipt = verify_chained(text, [*trusted, *verdict.told], demand)
    found = [
        Finding(one.fault, one.at, f"receipt of the export: {one}") for one in receipt.findings
    ]
    told = receipt.fields.get("type"), receipt.fields.get("detail")
    if receipt.ok and told != (EXPORTED, verdict.digest):
        found.append(Finding(Fault.CHAIN_MISMATCH, None, "the receipt is of another export"))
    every = tuple(dict.fromkeys((*verdict.findings, *found)))
    return replace(verdict, findings=every[:FINDINGS_MAX], is_recorded=not found)


class _Examination:
    """One pass over the files of a pack."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        trusted: Collection[VerifierKey],
        demand: Demand | None,
        authorities: Collection[str],
        older: Sequence[str],
    ) -> None:
        self.files = files
        self.trusted = trusted
        self.demand = demand
        self.authorities = authorities
        self.older = older
        self.witnesses = [one for one in trusted if one.is_cosigner]
        self.findings = bag.bag_findings(files)
        self.named: dict[str, list[VerifierKey]] = {}
        self.links = Links()
        self.trusts: list[Trust] = []
        self.bag = self.maker = ""
        self.logs: list[LogPart] = []
        self.shown: list[Shown] = []
        self.stamps: list[Stamped] = []
        self.held: list[Held] = []

    def find(self, fault: Fault, at: int | None = None, detail: str = "") -> None:
        self.findings.append(Finding(fault, at, detail))

    def conclude(self) -> PackVerdict:
        self._take_policy()
        self._take_chain()
        self._take_seal()
        folders = sorted({path.rpartition("/")[0] for path in self.files if _is_of_log(path)})
        if not folders:
            self.find(Fault.FILE_MISSING, None, f"data/*/{CHECKPOINT}")
        for folder in folders:
            self._take_log(folder)
        remembers = self._take_older()
        self.stamps, found = examine_stamps(self.files, self.authorities)
        self.findings += found
        trust = next(
            (one for one in (Trust.UNKNOWN, Trust.SELF_ASSERTED) if one in self.trusts),
            Trust.TRUSTED if self.trusts else Trust.UNKNOWN,
        )
        unexamined = [Unexamined.KEY] if trust is Trust.SELF_ASSERTED else []
        if not remembers:
            unexamined.append(Unexamined.ROLLBACK)
        unexamined += unexamined_of(self.stamps)
        return PackVerdict(
            tuple(dict.fromkeys(self.findings))[:FINDINGS_MAX],
            trust,
            tuple(unexamined),
            self.bag,
            self.maker,
            self._digest,
            tuple(self.logs),
            tuple(self.links.above),
            tuple(self.stamps),
            tuple(_keys_of(self.links.keys)),
            held=tuple(self.held),
        )

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.files.get(bag.TAG_MANIFEST, b"")).hexdigest()

    def _take_policy(self) -> None:
        try:
            keys = read_known(decode(self.files[POLICY])).keys
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
        if self._digest != seal.digest:
            self.find(Fault.FILE_ALTERED, None, bag.TAG_MANIFEST)

    def _take_chain(self) -> None:
        """Links from the checkpoints of the pack up; the stamped one is that of a link."""
        lines = enumerate(lines_of(self.files.get(CHAIN, b"")), start=1)
        texts = ((number, line.decode("utf-8", "replace")) for number, line in lines)
        self.links = examine_links(texts, self._checkpoints(), self.trusted)
        self.findings += self.links.findings
        if ANCHOR not in self.files:
            return
        try:
            told = place_of(parse_text(split_note(decode(self.files[ANCHOR]))[0]))
        except LedgerError as error:
            self.find(Fault.MALFORMED, None, f"{ANCHOR}: {error}")
            return
        if told not in self.links.checkpoints:
            self.find(Fault.CHAIN_MISMATCH, None, f"{ANCHOR}: of no link in {CHAIN}")

    def _checkpoints(self) -> set[Place]:
        """What the checkpoints of the pack say, verified or not."""
        found: set[Place] = set()
        for path, raw in self.files.items():
            if _is_of_log(path) and path.endswith("/" + CHECKPOINT):
                try:
                    found.add(place_of(parse_text(split_note(decode(raw))[0])))
                except Malformed:
                    continue
        return found

    def _take_older(self) -> bool:
        """What the reader kept; whether every log was compared with it."""
        held = Older(self.shown, self.trusted, self._digest)
        for number, document in enumerate(self.older if self.shown else ()):
            held.take(number, document)
        self.findings += held.findings
        self.held = held.held
        return bool(self.older and self.shown) and held.remembers

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
        hashes, closed = self._take_records(paths[RECORDS], proof)
        signed = self._take_checkpoint(paths[CHECKPOINT], proof, closed)
        if signed is None:
            return
        key, tree = signed
        try:
            if hashes is not None:
                verify_range(proof, tree.size, hashes, tree.root)
        except LedgerError as error:
            hashes, is_root = None, error.code == "range.root"
            self.find(Fault.ROOT_MISMATCH if is_root else Fault.PROOF_INVALID, None, str(error))
        self.shown.append(Shown(key, tree, proof, hashes))

    def _take_checkpoint(
        self, path: str, proof: RangeProof, closed: int
    ) -> tuple[VerifierKey, Checkpoint] | None:
        key, trust = self._key(proof.origin)
        if key is None:
            return None
        try:
            signed = open_checkpoint(decode(self.files[path]), key, self.witnesses)
        except LedgerError as error:
            found = checkpoint_finding(error)
            self.find(found.fault, None, f"{path}: {error}")
            return None
        tree, place = signed.checkpoint, place_of(signed.checkpoint)
        if place in self.links.trusted:
            trust = Trust.TRUSTED
        self._trust(key, trust)
        seen = seen_by(signed, self.trusted) | self.links.seen.get(place, frozenset())
        self.findings += witness_findings(signed, seen, self.demand)
        self.logs.append(
            LogPart(
                tree.origin, tree.size, proof.start, proof.end, trust, signed.cosignatures, closed
            )
        )
        return key, tree

    def _take_records(self, path: str, proof: RangeProof) -> tuple[list[bytes] | None, int]:
        """Their leaf hashes, and how many show no field.

        None when they are not one unbroken row within the bounds.
        """
        hashes: list[bytes] = []
        closed = 0
        expected, is_whole = proof.start, True
        for number, line in enumerate(lines_of(self.files[path]), start=1):
            try:
                index, hashed, faults, is_closed = _examined(line)
            except LedgerError as error:
                self.find(Fault.MALFORMED, number, f"{path}: {error}")
                return None, closed
            if index != expected:
                is_whole = False
                fault = Fault.GAP if index > expected else Fault.OUT_OF_ORDER
                self.find(fault, expected if fault is Fault.GAP else index, path)
            expected = max(expected, index + 1)
            self.findings += faults
            hashes.append(hashed)
            closed += is_closed
            if len(self.findings) >= FINDINGS_MAX:
                return None, closed
        if is_whole and expected != proof.end:
            self.find(Fault.SIZE_MISMATCH, None, f"{path}: {len(hashes)} records")
            is_whole = False
        return hashes if is_whole else None, closed

    def _key(self, name: str) -> tuple[VerifierKey | None, Trust]:
        """The key of this name: one the reader gave, or that a log above told, or the pack's."""
        given = [one for one in self.trusted if not one.is_cosigner]
        named = self.named.get(name, [])
        for key in named:
            if key in given or key.vkey in self.links.keys:
                return key, Trust.TRUSTED
        if not named:
            self.find(Fault.UNKNOWN_KEY, None, f"{name} has no key in {POLICY}")
            return None, Trust.UNKNOWN
        return named[0], Trust.UNKNOWN if given else Trust.SELF_ASSERTED

    def _trust(self, key: VerifierKey, trust: Trust) -> None:
        self.trusts.append(trust)
        if trust is Trust.UNKNOWN:
            self.find(Fault.UNKNOWN_KEY, None, key.vkey)


def _examined(line: bytes) -> tuple[int, bytes, list[Finding], bool]:
    """Index and leaf hash of a record, what is wrong with its fields, and whether it shows none.

    Raises `Malformed`.
    """
    plain = plain_record(line)
    if plain is not None:
        return *plain, [], _SHOWS_NONE in line
    record = parse_record(line)
    _, faults = open_fields(record.leaf, record.disclosures, record.index)
    if not faults and record.withheld != len(parse_leaf(record.leaf)) - len(record.disclosures):
        faults.append(Finding(Fault.COUNT_MISMATCH, record.index))
    return record.index, leaf_hash(record.leaf), faults, not record.disclosures


def _keys_of(texts: Collection[str]) -> Iterator[VerifierKey]:
    for text in sorted(texts):
        with suppress(Malformed):
            key = parse_vkey(text)
            if not key.is_cosigner:
                yield key


def _is_of_log(path: str) -> bool:
    """Whether this is a file of a log: `data/<folder>/<checkpoint, records or range>`."""
    head, _, rest = path.partition("/")
    folder, _, name = rest.partition("/")
    return head == "data" and bool(folder) and name in {CHECKPOINT, RECORDS, RANGE}
