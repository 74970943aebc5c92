"""The bag: two manifests that name every file and its hash (BagIt 1.0, RFC 8493).

bagit.txt                  which version this is
bag-info.txt               what it is, for people and archives
manifest-sha256.txt        every file below data/
tagmanifest-sha256.txt     every other file, the manifest among them
tagmanifest-sha256.txt.note, .tsr    what signs it, and what stamps it; beside, not in it
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from bayward.ledger.errors import Malformed
from bayward.ledger.pack.archive import is_path
from bayward.ledger.verdict import Fault, Finding

DECLARATION = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
NOTE = TAG_MANIFEST + ".note"
STAMP = TAG_MANIFEST + ".tsr"
PAYLOAD = "data/"

_DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_OUTSIDE = (TAG_MANIFEST, NOTE, STAMP)
_LINE = re.compile(r"([0-9a-f]{64})  (.+)", re.ASCII)


def make_bag(files: Mapping[str, bytes], info: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """A bag of these files (those of the payload begin with `data/`), not yet sealed."""
    payload = {path: body for path, body in files.items() if path.startswith(PAYLOAD)}
    size = sum(len(body) for body in payload.values())
    told = [*info, ("Payload-Oxum", f"{size}.{len(payload)}")]
    tags = {path: body for path, body in files.items() if path not in payload}
    tags[DECLARATION] = _DECLARED
    tags[INFO] = "".join(f"{name}: {_one_line(text)}\n" for name, text in told).encode()
    tags[MANIFEST] = _manifest(payload)
    return {**payload, **tags, TAG_MANIFEST: _manifest(tags)}


def bag_findings(files: Mapping[str, bytes]) -> list[Finding]:
    """What is wrong with a bag: a file missing, not listed, or altered."""
    found: list[Finding] = []
    if files.get(DECLARATION, _DECLARED) != _DECLARED:
        found.append(Finding(Fault.MALFORMED, None, DECLARATION))
    payload = {path for path in files if path.startswith(PAYLOAD)}
    for name, holds in (
        (MANIFEST, payload),
        (TAG_MANIFEST, files.keys() - payload - {*_OUTSIDE}),
    ):
        if name not in files:
            found.append(Finding(Fault.FILE_MISSING, None, name))
            continue
        try:
            listed = _parse(files[name])
        except Malformed as error:
            found.append(Finding(Fault.MALFORMED, None, f"{name}: {error.detail}"))
            continue
        found += _differences(listed, {path: files[path] for path in sorted(holds)})
    if DECLARATION not in files:
        found.append(Finding(Fault.FILE_MISSING, None, DECLARATION))
    return list(dict.fromkeys(found))


def _differences(listed: Mapping[str, str], there: Mapping[str, bytes]) -> list[Finding]:
    found = []
    for path in sorted(listed.keys() | there.keys()):
        if path not in there:
            found.append(Finding(Fault.FILE_MISSING, None, path))
        elif path not in listed:
            found.append(Finding(Fault.FILE_UNLISTED, None, path))
        elif hashlib.sha256(there[path]).hexdigest() != listed[path]:
            found.append(Finding(Fault.FILE_ALTERED, None, path))
    return found


def _manifest(files: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)]
    return "".join(lines).encode()


def _parse(raw: bytes) -> dict[str, str]:
    """Hash by path; `Malformed` on anything but lines as `_manifest` writes them."""
    try:
        *lines, rest = raw.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Malformed("manifest.ascii", "not ASCII") from None
    listed: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or not is_path(found[2]) or found[2] in listed:
            raise Malformed("manifest.line", "a line that names no file, or one twice")
        listed[found[2]] = found[1]
    if rest:
        raise Malformed("manifest.line", "no newline at its end")
    return listed


def _one_line(text: str) -> str:
    """Text of people in one line of a tag file, which has no way to escape a line's end."""
    return " ".join(text.split())
