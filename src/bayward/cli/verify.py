"""`bayward verify`: check a receipt or an exported log, as a stranger would.

Uses the log library and nothing else of ours. What it says is what was proven, by whose key,
what could not be examined, and every fault by its name and place.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from bayward.cli import pack_words
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import bounded_lines
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.receipt import RECEIPT_CHARS_MAX
from bayward.ledger.verdict import Fault, Finding, Trust, Verdict
from bayward.ledger.verify import verify_log, verify_receipt

WELL, WRONG, UNREADABLE = 0, 1, 2
RECEIPT_BYTES_MAX = 4 * RECEIPT_CHARS_MAX
_HEAD_BYTES = 200


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
        help="receipt (JSON), exported log (JSON lines), or evidence pack (ZIP or folder)",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key you trust, of the log or of a witness; may be repeated",
    )
    parser.add_argument(
        "--older",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a receipt, proof or checkpoint you kept: finds rollback and fork",
    )
    parser.add_argument("--json", action="store_true", help="the verdict for machines")
    parser.set_defaults(run=main)  # fmt: skip


def main(asked: argparse.Namespace) -> int:
    """Verify one file."""
    try:
        trusted = [parse_vkey(key) for key in asked.key]
        older = [path.read_text(encoding="utf-8") for path in asked.older]
        if pack_words.is_pack(asked.file):
            return _pack(asked, trusted)
        verdict = _examine(asked.file, trusted, older)
    except (OSError, UnicodeDecodeError, LedgerError) as error:
        print(f"bayward verify: {error}", file=sys.stderr)
        return UNREADABLE
    print(json.dumps(as_json(verdict)) if asked.json else in_words(verdict))
    return WELL if verdict.ok else WRONG


def _pack(asked: argparse.Namespace, trusted: list[VerifierKey]) -> int:
    verdict = pack_words.examine(asked.file, trusted)
    words = pack_words
    print(json.dumps(words.as_json(verdict)) if asked.json else words.in_words(verdict))
    return WELL if verdict.ok else WRONG


def _examine(path: Path, trusted: list[VerifierKey], older: list[str]) -> Verdict:
    with path.open("rb") as file:
        is_receipt = b'"bayward-receipt"' in file.read(_HEAD_BYTES)
        file.seek(0)
        if is_receipt:
            try:
                text = file.read(RECEIPT_BYTES_MAX).decode()
            except UnicodeDecodeError:
                finding = Finding(Fault.MALFORMED, None, "receipt.utf8: not UTF-8")
                return Verdict((finding,), Trust.UNKNOWN)
            return verify_receipt(text, trusted)
        return verify_log(bounded_lines(file.readline), trusted, older)


def in_words(verdict: Verdict) -> str:
    """The verdict for people."""
    lines = [f"log       {verdict.origin or '?'}"]
    if verdict.root:
        lines.append(f"signed    {verdict.size} entries, root {verdict.root.hex()}")
    if verdict.index is not None:
        lines.append(f"entry     {verdict.index}")
        lines += [f"  {name:<12}{_shown(name, value)}" for name, value in verdict.fields.items()]
    elif verdict.entries:
        lines.append(f"read      {verdict.entries} entries")
    key = {
        Trust.TRUSTED: "one you gave",
        Trust.SELF_ASSERTED: "the file's own; compare it with one you know from elsewhere",
        Trust.UNKNOWN: "NOT one of those you gave" if verdict.origin else "none could be read",
    }[verdict.trust]
    lines.append(f"key       {key}")
    lines += [f"witness   {name} at {_time(at)}" for name, at in verdict.cosigned.items()]
    lines += [f"unknown   {one}" for one in verdict.unexamined]
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
    }


def _shown(name: str, value: object) -> str:
    if name in {"time", "not_after"} and isinstance(value, int):
        return f"{_time(value // 1000)} ({value})"
    return str(value)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
