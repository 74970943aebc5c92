"""`bayward audit monitor`: follow a log, entry by entry, and say at once when something is wrong.

Every look fetches the checkpoint, opens it with the keys or the policy it was given, fetches
every entry that is new, hashes it, and builds the tree on from the edge that it keeps: what it
has seen must be the beginning, and the entries must lead to the signed root. The state is one
small file, replaced whole; it grows with the logarithm of the log.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bayward.cli.audit import told
from bayward.cli.audit.anchored import Anchored, Mismatch
from bayward.cli.audit.remote import RemoteLog, Unreachable
from bayward.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from bayward.ledger.dense import Frontier, stored_hash_index, tree_hash
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.keys import VerifierKey
from bayward.ledger.leaf import parse_leaf
from bayward.ledger.merkle import HASH_BYTES, leaf_hash
from bayward.ledger.note import split_note
from bayward.ledger.policy import POLICY_BYTES_MAX, Policy, parse_policy
from bayward.ledger.proven import ProvenReader
from bayward.ledger.strict import base64_bytes, base64_text, json_object
from bayward.ledger.tiles import TILE_WIDTH, Bundle
from bayward.ledger.verdict import Fault, Finding
from bayward.ledger.verify import checkpoint_finding

INTERVAL_S = 30
STATE_BYTES_MAX = 1024 * 1024
_FAULTS = {
    "monitor.key": Fault.UNKNOWN_KEY,
    "policy.log": Fault.UNKNOWN_KEY,
    "policy.quorum": Fault.NOT_WITNESSED,
}
_STATE = {"v": int, "origin": str, "note": str, "size": int, "peaks": list}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a monitor keeps: the last checkpoint that held, and the edge of its tree."""

    note: str
    frontier: Frontier

    @property
    def origin(self) -> str:
        """Which log."""
        return split_note(self.note)[0].partition("\n")[0]


class Wrong(Exception):
    """Raised with the finding, and the notes that show it."""

    def __init__(self, finding: Finding, *notes: str) -> None:
        super().__init__(str(finding))
        self.finding = finding
        self.notes = notes


def add_parser(subparsers: told.Subparsers[argparse.ArgumentParser]) -> None:
    """Add `monitor` to the group."""
    parser = subparsers.add_parser(
        "monitor",
        help="follow a log and say at once when something is wrong",
        description="Follows a log: each new entry is hashed, and all of them must lead to the "
        "signed root, of which what was seen before is the beginning. With a policy, its quorum "
        "of witnesses must have cosigned. What is wrong ends it; the checkpoints that prove it "
        "are put beside the state file.",
        epilog=told.EXIT_CODES + " With --once, 0 also when nothing is new. Example: bayward "
        "audit monitor https://lockers.example.com/log/… --state bank.json --policy policy.txt",
    )
    parser.add_argument("url", help="prefix of the log: http(s)://… or a directory")
    parser.add_argument(
        "--state", required=True, type=Path, metavar="FILE", help="what it has seen; made if absent"
    )
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument(
        "--interval", type=float, default=INTERVAL_S, metavar="S", help="seconds between looks"
    )
    parser.add_argument(
        "--silent-after",
        type=float,
        metavar="S",
        help="say so when the log has not grown or cannot be reached for this long, or the "
        "anchor does not follow it",
    )
    parser.add_argument(
        "--on-alert", metavar="PROGRAM", help="run this with the alert as its only argument"
    )
    parser.add_argument(
        "--foreign", action="store_true", help="entries are not leaves of Bayward's format"
    )
    told.add_token(parser, "a session for the log")
    parser.add_argument(
        "--anchor",
        metavar="URL",
        help="the anchor log: what it holds of this log must be true of what is shown",
    )
    parser.add_argument(
        "--anchor-policy", type=Path, metavar="FILE", help="the anchor's key, witnesses and quorum"
    )
    told.add_keys(parser)
    parser.set_defaults(run=main)


def main(asked: argparse.Namespace) -> int:
    """Look until something is wrong, or once."""
    try:
        keys = told.keys_of(asked)
        policy = None
        if asked.policy is not None:
            policy = parse_policy(told.read_bytes(asked.policy, POLICY_BYTES_MAX))
        watch = Watch(asked, keys, policy)
        with RemoteLog(asked.url, told.read_token(asked.token_file)) as log:
            return watch.run(log)
    except (told.Unusable, LedgerError, OSError) as error:
        return told.complain("monitor", error)


class Watch:
    """One log being followed."""

    def __init__(
        self, asked: argparse.Namespace, keys: list[VerifierKey], policy: Policy | None
    ) -> None:
        self._asked = asked
        self._keys = keys
        self._policy = policy
        self._seen = read_state(asked.state)
        self._anchored: Anchored | None = None
        if asked.anchor is not None:
            self._anchored = Anchored.open(asked.anchor, asked.anchor_policy, asked.state)
        self._grown_at = time.monotonic()
        self._is_silent = False
        self._held_at, self._is_withheld = self._grown_at, False
        self._pause = threading.Event()  # never set: a wait that Ctrl-C ends

    def run(self, log: RemoteLog) -> int:
        """Look again and again."""
        while True:
            try:
                self._look(log)
            except Wrong as wrong:
                self._keep_evidence(wrong)
                self._alert(f"{log.prefix}: {wrong.finding}")
                return told.WRONG
            except Mismatch as mismatch:
                self._keep_files(mismatch.evidence)
                self._alert(f"{log.prefix}: {mismatch.finding}")
                return told.WRONG
            except LedgerError as error:  # tiles that are no tree
                self._alert(f"{log.prefix}: {Finding(Fault.ROOT_MISMATCH, None, str(error))}")
                return told.WRONG
            except Unreachable as error:
                told.complain("monitor", error)
                if self._asked.once:
                    return told.UNREADABLE
            if self._asked.once:
                return told.WELL
            self._listen_to_silence(log)
            self._pause.wait(self._asked.interval)

    def _look(self, log: RemoteLog) -> None:
        held = [] if self._anchored is None else self._anchored.ask(log)
        note = log.checkpoint()
        signed = self._open(note)
        is_ours = not self._asked.foreign
        try:
            seen = Seen(note, follow(log, self._seen, signed.checkpoint, is_ours=is_ours))
        except Wrong as wrong:
            raise Wrong(wrong.finding, note) from wrong
        except LedgerError as error:
            raise Wrong(Finding(Fault.MALFORMED, None, str(error)), note) from error
        old_size = self._seen.frontier.size if self._seen else 0
        if self._seen is None or seen.frontier.size > old_size:
            write_state(self._asked.state, seen)
            self._grown_at, self._is_silent = time.monotonic(), False
            print(f"{signed.checkpoint.origin}: {old_size} → {seen.frontier.size}", flush=True)
        self._seen = seen
        if self._anchored is not None:
            self._anchored.compare(held, log, signed.checkpoint, note)
            if self._anchored.kept.size >= seen.frontier.size:
                self._held_at, self._is_withheld = time.monotonic(), False

    def _open(self, note: str) -> SignedCheckpoint:
        """The checkpoint, signed by a key we know and seen by the quorum."""
        try:
            if self._policy is not None:  # its quorum holds, whatever keys are given besides
                return self._policy.open(note)
            return _open(note, self._keys)
        except LedgerError as error:
            by_code = _FAULTS.get(error.code)
            finding = Finding(by_code, None, str(error)) if by_code else checkpoint_finding(error)
            raise Wrong(finding, note) from error

    def _listen_to_silence(self, log: RemoteLog) -> None:
        limit = self._asked.silent_after
        if limit is None:
            return
        now = time.monotonic()
        if not self._is_silent and now - self._grown_at > limit:
            self._is_silent = True
            self._alert(f"{log.prefix}: nothing new for {limit:g} s")
        held = None if self._anchored is None or self._seen is None else self._anchored.kept.size
        if held is not None and not self._is_withheld and now - self._held_at > limit:
            self._is_withheld = True
            size = self._seen.frontier.size if self._seen else 0
            sizes = f"the anchor holds {held} entries of it, it has {size}"
            self._alert(f"{log.prefix}: {sizes}, for {limit:g} s")

    def _keep_evidence(self, wrong: Wrong) -> None:
        notes = [*([self._seen.note] if self._seen else []), *wrong.notes]
        each = enumerate(dict.fromkeys(notes), start=1)
        self._keep_files({f"evidence-{number}": note for number, note in each})

    def _keep_files(self, texts: Mapping[str, str]) -> None:
        for ending, text in texts.items():
            name = ending if ending.startswith("evidence") else f"evidence-{ending}"
            path = Path(f"{self._asked.state}.{name}")
            path.write_text(text, encoding="utf-8")
            print(f"evidence  {path}", flush=True)

    def _alert(self, text: str) -> None:
        print(f"WRONG     {text}", flush=True)
        if self._asked.on_alert is not None:
            subprocess.run([self._asked.on_alert, text], check=False)  # noqa: S603 - whoever runs us names it


def follow(log: RemoteLog, seen: Seen | None, tree: Checkpoint, *, is_ours: bool) -> Frontier:
    """The edge of `tree` with every new entry hashed; raises `Wrong` or `Unreachable`."""
    frontier = seen.frontier if seen else Frontier()
    if seen is not None and seen.origin != tree.origin:
        raise Wrong(Finding(Fault.WRONG_ORIGIN, None, f"{tree.origin}, not {seen.origin}"))
    if tree.size < frontier.size:
        told_sizes = f"it had {frontier.size} entries and shows {tree.size}"
        raise Wrong(Finding(Fault.ROLLBACK, frontier.size, told_sizes))
    grown = frontier
    while grown.size < tree.size:
        block = grown.size // TILE_WIDTH
        bundle = Bundle(block, min(TILE_WIDTH, tree.size - block * TILE_WIDTH))
        new = log.entries(bundle)[grown.size % TILE_WIDTH :]
        if is_ours:
            _check_leaves(grown.size, new)
        grown, _ = grown.extend(leaf_hash(entry) for entry in new)
    if grown.root != tree.root:
        raise Wrong(_why(log, frontier, tree))
    return grown


def _check_leaves(first: int, leaves: list[bytes]) -> None:
    for index, leaf in enumerate(leaves, start=first):
        try:
            parse_leaf(leaf)
        except LedgerError as error:
            raise Wrong(Finding(Fault.LEAF_MALFORMED, index, error.detail)) from error


def _why(log: RemoteLog, frontier: Frontier, tree: Checkpoint) -> Finding:
    """The entries miss the root: another past, another entry, or tiles that are no tree."""
    reader = ProvenReader(tree.size, tree.root, log)
    try:
        if frontier.size and tree_hash(frontier.size, reader) != frontier.root:
            return Finding(Fault.FORK, frontier.size, "what was seen is not its beginning any more")
        for first in range(frontier.size - frontier.size % TILE_WIDTH, tree.size, TILE_WIDTH):
            width = min(TILE_WIDTH, tree.size - first)
            entries = log.entries(Bundle(first // TILE_WIDTH, width))
            places = [stored_hash_index(0, first + number) for number in range(width)]
            pairs = zip(entries, reader.read_hashes(places), strict=True)
            for index, (entry, proven) in enumerate(pairs, start=first):
                if index >= frontier.size and leaf_hash(entry) != proven:
                    return Finding(Fault.BODY_MISMATCH, index)
    except LedgerError as error:
        return Finding(Fault.ROOT_MISMATCH, tree.size, f"its tiles do not lead there: {error}")
    return Finding(Fault.ROOT_MISMATCH, tree.size)


def read_state(path: Path) -> Seen | None:
    """What was seen, or None at the beginning; raises `Unusable` for a file that is none."""
    if not path.exists():
        return None
    try:
        found = json_object(told.read_text(path, STATE_BYTES_MAX), _STATE, "state")
        peaks = tuple(base64_bytes(str(one), "state") for one in found["peaks"])
        frontier = Frontier(found["size"], peaks)
        is_edge = found["v"] == 1 and len(peaks) == frontier.size.bit_count()
        if not is_edge or any(len(one) != HASH_BYTES for one in peaks):
            raise told.Unusable(f"{path}: not a state of this program")
        return Seen(found["note"], frontier)
    except LedgerError as error:
        raise told.Unusable(f"{path}: {error}") from error


def write_state(path: Path, seen: Seen) -> None:
    """Replace the state: the old one or the new one, whatever happens."""
    members = {
        "v": 1,
        "origin": seen.origin,
        "note": seen.note,
        "size": seen.frontier.size,
        "peaks": [base64_text(one) for one in seen.frontier.peaks],
    }
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(members, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _open(note: str, keys: list[VerifierKey]) -> SignedCheckpoint:
    origin = split_note(note)[0].partition("\n")[0]
    logs = told.logs_of(keys).get(origin)
    if not logs:
        raise Unverified("monitor.key", f"no key of {origin!r}")
    return open_checkpoint(note, logs[0], [one for one in keys if one.is_cosigner])
