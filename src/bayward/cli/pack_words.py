"""What `bayward verify` says of an evidence pack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bayward.cli.chain_words import (
    ALWAYS_OPEN,
    KEY_WORDS,
    above_json,
    above_words,
    held_json,
    held_words,
    time_text,
)
from bayward.ledger.errors import Malformed
from bayward.ledger.known import Known
from bayward.ledger.pack.archive import FILES_MAX, PACK_BYTES_MAX
from bayward.ledger.pack.verify import PackVerdict, verify_files, verify_zip

_ZIP = b"PK"


def is_pack(path: Path) -> bool:
    """Whether this is a folder or a ZIP, and so no receipt and no log."""
    if path.is_dir():
        return True
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def examine(path: Path, known: Known, older: Sequence[str] = ()) -> PackVerdict:
    """Verify a pack; raises `OSError`, or `Malformed` for a folder that cannot be one."""
    if not path.is_dir():
        return verify_zip(path.read_bytes(), known.keys, known.demand, known.authorities, older)
    files: dict[str, bytes] = {}
    room = PACK_BYTES_MAX
    for place in sorted(path.rglob("*")):
        if place.is_symlink() or not (place.is_file() or place.is_dir()):
            raise Malformed("pack.link", str(place.relative_to(path)))
        if place.is_file():
            room -= place.stat().st_size
            if room < 0 or len(files) >= FILES_MAX:
                raise Malformed("pack.size", "more than a pack may hold")
            files[place.relative_to(path).as_posix()] = place.read_bytes()
    return verify_files(files, known.keys, known.demand, known.authorities, older)


def in_words(verdict: PackVerdict, older: Sequence[str] = ()) -> str:
    """The verdict for people; `older` are the files it was held against."""
    lines = [f"pack      {verdict.bag or '?'}, sealed by {verdict.maker or 'nobody known'}"]
    if verdict.digest:
        lines.append(f"manifest  sha256 {verdict.digest}")
    for log in verdict.logs:
        lines.append(f"log       {log.origin}, {log.size} entries then")
        if verdict.ok:
            lines.append(f"complete  entries {log.start} to {log.end - 1}, all of them")
            if log.closed:
                lines.append(f"closed    {log.closed} of them show no field, and tell nothing else")
        lines.append(f"key       {KEY_WORDS[log.trust]}")
        lines += [f"witness   {name} at {time_text(at)}" for name, at in log.cosigned.items()]
    lines += above_words(verdict.chain) or ["above     nothing: no other log has recorded it here"]
    if verdict.is_recorded:
        lines.append("export    logged: its receipt names this pack")
    for one in verdict.stamps:
        known = "which you know" if one.is_known else "as it calls itself"
        lines.append(f"stamp     {one.path}, {one.stamp.time} UTC by {one.stamp.signer}, {known}")
        lines.append(f"          certificate sha256 {one.stamp.fingerprint}")
    lines += held_words(verdict.held, older)
    lines += [f"unknown   {one}" for one in (*verdict.unexamined, ALWAYS_OPEN)]
    lines += [f"WRONG     {finding}" for finding in verdict.findings]
    lines.append("VERIFIES" if verdict.ok else "DOES NOT VERIFY")
    return "\n".join(lines)


def as_json(verdict: PackVerdict) -> dict[str, object]:
    """The verdict for machines; as verify.py writes it."""
    return {
        "ok": verdict.ok,
        "findings": [
            {"fault": one.fault.value, "at": one.at, "detail": one.detail}
            for one in verdict.findings
        ],
        "trust": verdict.trust.value,
        "unexamined": [one.name.lower() for one in verdict.unexamined],
        "bag": verdict.bag,
        "maker": verdict.maker,
        "digest": verdict.digest,
        "logs": [
            {
                "origin": log.origin,
                "size": log.size,
                "from": log.start,
                "to": log.end,
                "closed": log.closed,
            }
            for log in verdict.logs
        ],
        "chain": above_json(verdict.chain),
        "stamps": [
            {
                "path": one.path,
                "time": one.stamp.time,
                "fingerprint": one.stamp.fingerprint,
                "signer": one.stamp.signer,
                "known": one.is_known,
            }
            for one in verdict.stamps
        ],
        "held": held_json(verdict.held),
    }
