"""`bayward verify`: check a receipt, a chain, an exported log or a pack, as a stranger would.

Uses the log library and nothing else of ours. What it says is what was proven, by whose key,
what could not be examined, and every fault by its name and place.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bayward.cli import pack_words
from bayward.cli.chain_words import (
    ALWAYS_OPEN,
    KEY_WORDS,
    above_json,
    above_words,
    held_json,
    held_words,
    time_text,
    why,
)
from bayward.cli.cores import on_cores
from bayward.ledger.chain import verify_chained
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import bounded_lines
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.known import Known, read_known
from bayward.ledger.pack.verify import with_receipt
from bayward.ledger.receipt import RECEIPT_CHARS_MAX
from bayward.ledger.verdict import Fault, Finding, Trust, Verdict
from bayward.ledger.verify import verify_log

WELL, WRONG, UNREADABLE = 0, 1, 2
RECEIPT_BYTES_MAX = 4 * RECEIPT_CHARS_MAX
_HEAD_BYTES = 200
_RECEIPT, _LOG = b'"bayward-receipt"', b'"bayward-log"'
_NOT_OLDER = "--older is for a log or a pack: a receipt tells nothing of what the log was before"
_NEITHER = (
    "cannot be read: neither an evidence pack (ZIP or folder), nor a receipt or a chain of them "
    '(JSON that begins with "kind": "bayward-receipt"), nor an exported log ("kind":"bayward-log")'
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `verify` to the command line."""
    parser = subparsers.add_parser(
        "verify",
        help="check a receipt, an exported log or an evidence pack",
        description="Checks a receipt, an exported log or an evidence pack; names what is wrong.",
        epilog="Exit code 0: nothing is wrong; 1: something is; 2: the file cannot be read. "
        "Example: bayward verify log.jsonl --key 'demo/bank/…+1a2b3c4d+…' --older receipt.json",
    )
    parser.add_argument(
        "file",
        type=Path,
        help="receipt (JSON), chain (one receipt a line, those of the logs above below it), "
        "exported log (JSON lines), or evidence pack (ZIP or folder)",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key you trust, of the log or of a witness; may be repeated",
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="what you know from elsewhere: lines `log VKEY`, `witness NAME VKEY`, "
        "`group NAME K NAME…`, `quorum NAME` (c2sp.org/tlog-policy), and `tsa SHA256`, the "
        "certificate of a time-stamp authority",
    )
    parser.add_argument(
        "--older",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="for a log or a pack: a receipt, proof or checkpoint you kept; finds rollback, fork",
    )
    parser.add_argument(
        "--receipt", type=Path, metavar="FILE", help="for a pack: the receipt of its export"
    )
    parser.add_argument("--json", action="store_true", help="the verdict for machines")
    parser.set_defaults(run=main)  # fmt: skip


class Unfit(Exception):
    """Raised when a file or an option cannot be used; says why."""


def main(asked: argparse.Namespace) -> int:
    """Verify one file."""
    try:
        known = _known(asked)
        older = [_text(path) for path in asked.older]
        if pack_words.is_pack(asked.file):
            return _pack(asked, known, older)
        verdict = _examine(asked, known, older)
    except (OSError, Unfit, LedgerError) as error:
        print(f"bayward verify: {why(error)}", file=sys.stderr)
        return UNREADABLE
    print(json.dumps(as_json(verdict)) if asked.json else in_words(verdict, _names(asked)))
    return WELL if verdict.ok else WRONG


def _known(asked: argparse.Namespace) -> Known:
    try:
        told = read_known("" if asked.policy is None else _text(asked.policy))
    except LedgerError as error:
        raise Unfit(f"--policy {asked.policy}: {error.detail or error.code}") from error
    keys = dict.fromkeys([*map(_key, asked.key), *told.keys])
    return Known(tuple(keys), told.demand, told.authorities)


def _key(text: str) -> VerifierKey:
    try:
        return parse_vkey(text)
    except LedgerError as error:
        told = f"not a key, which is name+id+base64: {error.detail or error.code}"
        raise Unfit(f"--key {text[:80]!r}: {told}") from error


def _names(asked: argparse.Namespace) -> list[str]:
    """The files of before as the caller wrote them."""
    return [str(one) for one in asked.older]


def _text(path: Path) -> str:
    """As it is: `read_text` would make a newline of a carriage return."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise Unfit(f"{path}: not text in UTF-8") from None


def _pack(asked: argparse.Namespace, known: Known, older: list[str]) -> int:
    verdict = pack_words.examine(asked.file, known, older)
    if asked.receipt is not None:
        verdict = with_receipt(verdict, _text(asked.receipt), known.keys, known.demand)
    words = pack_words
    told = json.dumps(words.as_json(verdict)) if asked.json else ""
    print(told or words.in_words(verdict, _names(asked)))
    return WELL if verdict.ok else WRONG


def _examine(asked: argparse.Namespace, known: Known, older: list[str]) -> Verdict:
    path = asked.file
    if asked.receipt is not None:
        raise Unfit(f"--receipt is for a pack, and {path} is none")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        if _RECEIPT in head:
            if older:  # what is given and not looked at must not seem to be fine
                raise Unfit(_NOT_OLDER)
            try:
                text = file.read(RECEIPT_BYTES_MAX).decode()
            except UnicodeDecodeError:
                finding = Finding(Fault.MALFORMED, None, "receipt.utf8: not UTF-8")
                return Verdict((finding,), Trust.UNKNOWN)
            return verify_chained(text, known.keys, known.demand)
        if _LOG in head:
            lines = bounded_lines(file.readline)
            return verify_log(lines, known.keys, older, known.demand, on_cores)
        raise Unfit(f"{path}: {_NEITHER if head else 'the file is empty'}")


def in_words(verdict: Verdict, older: Sequence[str] = ()) -> str:
    """The verdict for people; `older` are the files it was held against."""
    lines = [f"log       {verdict.origin or '?'}"]
    if verdict.root:  # without one nothing is proven of where it stands
        lines.append(f"signed    {verdict.size} entries, root {verdict.root.hex()}")
    if verdict.index is not None and verdict.root:
        lines.append(f"entry     {verdict.index}")
        lines += [f"  {name:<12}{_shown(name, value)}" for name, value in verdict.fields.items()]
    elif verdict.index is None and verdict.ok:
        lines.append(f"read      {verdict.entries} entries, from the first to the last")
    lines.append(
        f"key       {KEY_WORDS[verdict.trust] if verdict.origin else 'none could be read'}"
    )
    lines += [f"witness   {name} at {time_text(at)}" for name, at in verdict.cosigned.items()]
    lines += above_words(verdict.chain)
    lines += held_words(verdict.held, older)
    lines += [f"unknown   {one}" for one in (*verdict.unexamined, ALWAYS_OPEN)]
    lines += [f"WRONG     {finding}" for finding in verdict.findings]
    lines.append("VERIFIES" if verdict.ok else "DOES NOT VERIFY")
    return "\n".join(lines)


def as_json(verdict: Verdict) -> dict[str, object]:
    """The verdict for machines; names of faults are stable."""
    return {
        "ok": verdict.ok,
        "findings": [
            {"fault": one.fault.value, "at": one.at, "detail": one.detail}
            for one in verdict.findings
        ],
        "trust": verdict.trust.value,
        "unexamined": [one.name.lower() for one in verdict.unexamined],
        "origin": verdict.origin,
        "size": verdict.size,
        "root": verdict.root.hex(),
        "entries": verdict.entries,
        "index": verdict.index,
        "fields": dict(verdict.fields),
        "chain": above_json(verdict.chain),
        "held": held_json(verdict.held),
    }


def _shown(name: str, value: object) -> str:
    if name in {"time", "not_after"} and isinstance(value, int):
        return f"{time_text(value // 1000)} ({value})"
    return str(value)
