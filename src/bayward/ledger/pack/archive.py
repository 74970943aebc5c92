"""The ZIP around a pack: written in one way, and read as if an enemy had written it.

What is read is bounded before it is unpacked: number of files, their total size as the
directory tells it, and each file by what the directory told. A name has to be a plain path of
ASCII letters, digits, dot, hyphen and underscore, so nothing can lead out of the folder or
differ only in Unicode form; two names that differ only in case are one name twice, since some
file systems hold only one of them. Links are refused. So is a file that says one name in its
own header and another in the directory, because programs differ in which of them they show.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from bayward.ledger.errors import Malformed
from bayward.ledger.verdict import Fault, Finding

FILES_MAX = 10_000
PACK_BYTES_MAX = 512 * 1024 * 1024
"""Of all files together; a browser has to hold them."""
PATH_CHARS_MAX = 200

_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FLAGS = 0x080E  # UTF-8 names, a data descriptor, how hard it was deflated
_STORED, _DEFLATED = 0, 8
_UNIX = 3
_KIND, _LINKLESS = 0o170000, {0, 0o100000, 0o040000}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can tell
_UNKNOWN_SIZE = 0xFFFFFFFF


class HostileArchive(Exception):
    """Raised with the findings for which nothing of an archive was unpacked."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(*findings)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    is_plain: bool


def is_path(text: str) -> bool:
    """Whether this is a path a pack may have: it cannot lead anywhere else."""
    return len(text) <= PATH_CHARS_MAX and _PATH.fullmatch(text) is not None


def path_findings(paths: list[str]) -> list[Finding]:
    """What is wrong with these names, taken together."""
    found: list[Finding] = []
    seen: set[str] = set()
    for path in paths:
        if not is_path(path):
            found.append(Finding(Fault.UNSAFE_PATH, None, ascii(path)[1:-1][:PATH_CHARS_MAX]))
        elif path.lower() in seen:
            found.append(Finding(Fault.NAME_TWICE, None, path))
        seen.add(path.lower())
    return found


def write_zip(folder: str, files: Mapping[str, bytes]) -> bytes:
    """A ZIP of these files below `folder`: sorted, without times, the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(files):
            told = zipfile.ZipInfo(f"{folder}/{path}", _EPOCH)
            told.create_system = _UNIX
            told.external_attr = 0o100644 << 16
            told.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(told, files[path])
    return out.getvalue()


def read_zip(raw: bytes) -> tuple[str, dict[str, bytes]]:
    """The folder's name and its files; raises `HostileArchive` before it unpacks a bad one."""
    try:
        entries, start = _directory(raw)
        found = path_findings([one.name.removesuffix("/") for one in entries])
        found += [
            Finding(Fault.UNSAFE_PATH, None, f"{one.name}: a link")
            for one in entries
            if is_path(one.name.removesuffix("/")) and not one.is_plain
        ]
        if len(entries) > FILES_MAX or sum(one.size for one in entries) > PACK_BYTES_MAX:
            found.append(Finding(Fault.TOO_LARGE))
        if found:
            raise HostileArchive(*found)
        return _unpack(raw, entries, start)
    except (Malformed, struct.error, zlib.error) as error:
        raise HostileArchive(Finding(Fault.MALFORMED, None, f"zip: {error}")) from None


def _unpack(raw: bytes, entries: list[_Entry], start: int) -> tuple[str, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    folders: set[str] = set()
    end = 0
    for one in sorted(entries, key=lambda entry: entry.offset):
        if one.offset < end:
            raise Malformed("zip.overlap", one.name)
        body, end = _read(raw, one, start)
        folder, _, path = one.name.partition("/")
        folders.add(folder)
        if not one.name.endswith("/"):
            files[path] = body
    if len(folders) != 1 or "" in files:
        raise Malformed("zip.folder", "not one folder")
    return folders.pop(), files


def _directory(raw: bytes) -> tuple[list[_Entry], int]:
    """The central directory, which must end where the file does, and where it begins."""
    tail = _END.unpack(raw[-_END.size :])
    magic, disk, first, here, count, length, start, comment = tail
    if magic != b"PK\5\6" or disk or first or comment or here != count:
        raise Malformed("zip.end", "no end of directory, or something behind it")
    if start + length + _END.size != len(raw):
        raise Malformed("zip.end", "the directory is not before its end")
    at, entries = start, []
    for _ in range(count):
        told = _ENTRY.unpack_from(raw, at)
        name = raw[at + _ENTRY.size : at + _ENTRY.size + told[10]].decode("latin-1")
        if told[0] != b"PK\1\2" or len(name) != told[10]:
            raise Malformed("zip.entry", "not a directory entry")
        kind = told[15] >> 16 & _KIND if told[1] >> 8 == _UNIX else 0
        entries.append(
            _Entry(
                name,
                flags=told[3],
                method=told[4],
                crc=told[7],
                packed=told[8],
                size=told[9],
                offset=told[16],
                is_plain=kind in _LINKLESS,
            )
        )
        at += _ENTRY.size + told[10] + told[11] + told[12]
    if at + _END.size != len(raw):
        raise Malformed("zip.entry", "the directory has another length")
    return entries, start


def _read(raw: bytes, one: _Entry, start: int) -> tuple[bytes, int]:
    """One file, and where it ends."""
    told = _LOCAL.unpack_from(raw, one.offset)
    begin = one.offset + _LOCAL.size
    name = raw[begin : begin + told[9]].decode("latin-1")
    begin += told[9] + told[10]
    end = begin + one.packed
    if told[0] != b"PK\3\4" or name != one.name or told[3] != one.method:
        raise Malformed("zip.local", f"{one.name} is another file in its own header")
    if one.flags & ~_FLAGS or _UNKNOWN_SIZE in {one.size, one.packed} or end > start:
        raise Malformed("zip.local", f"{one.name} is encrypted, or of no known size")
    packed = raw[begin:end]
    if one.method == _STORED:
        body = packed
    elif one.method == _DEFLATED:
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        body = unpack.decompress(packed, one.size + 1)
        if not unpack.eof or unpack.unused_data:
            raise Malformed("zip.size", f"{one.name} is of another size")
    else:
        raise Malformed("zip.method", one.name)
    if len(body) != one.size or zlib.crc32(body) != one.crc:
        raise Malformed("zip.size", f"{one.name} is of another size, or its sum is wrong")
    return body, end
