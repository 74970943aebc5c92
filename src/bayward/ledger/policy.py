r"""Whom to trust (c2sp.org/tlog-policy): logs, witnesses, and how many of them must have seen it.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>…        k of these members
    quorum <name>|none                      exactly one such line

Items are separated by spaces and tabs; a line that begins with # is a comment. A name is used
only after the line that defines it, and belongs to at most one group, so that no witness
counts twice. Names are bytes and compared as bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bayward.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.note import split_note

POLICY_BYTES_MAX = 256 * 1024
NONE = b"none"
_LINES_MAX = 1024
_FORBIDDEN = re.compile(rb"[^\x09\x0a\x20-\x7e\x80-\xff]")
_COUNT = re.compile(rb"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness; `url` says where it is, if the policy says so."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """`count` of the `members`, which are names of witnesses and groups."""

    count: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy; `quorum` is `NONE` or the name of a witness or group."""

    logs: tuple[Party, ...]
    witnesses: Mapping[bytes, Party]
    groups: Mapping[bytes, Group]
    quorum: bytes

    @property
    def witness_keys(self) -> list[VerifierKey]:
        """The keys of all witnesses."""
        return [one.key for one in self.witnesses.values()]

    def is_met(self, cosigned: Collection[VerifierKey]) -> bool:
        """Do these witnesses' verified cosignatures make the quorum?"""
        met = {name: one.key in cosigned for name, one in self.witnesses.items()}
        for name, group in self.groups.items():  # each is defined below its members
            met[name] = sum(met[one] for one in group.members) >= group.count
        return self.quorum == NONE or met[self.quorum]

    def open(self, note: str) -> SignedCheckpoint:
        """A checkpoint of one of the logs, seen by the quorum.

        Raises `Malformed`, or `Unverified`: `policy.log`, `policy.quorum`, or what
        `checkpoint.open_checkpoint` raises.
        """
        origin = split_note(note)[0].partition("\n")[0]
        keys = [one.key for one in self.logs if one.key.name == origin]
        if not keys:
            raise Unverified("policy.log", f"{origin!r} is not a log of this policy")
        signed = self._open_as_any(note, keys)
        seen = [key for key in self.witness_keys if signed.note.signed_by(key) is not None]
        if not self.is_met(seen):
            raise Unverified("policy.quorum", f"{len(seen)} of its witnesses have seen it")
        return signed

    def _open_as_any(self, note: str, keys: list[VerifierKey]) -> SignedCheckpoint:
        """With the first of a log's keys that has signed; the first one's objection counts."""
        objection: LedgerError | None = None
        for key in keys:
            try:
                return open_checkpoint(note, key, self.witness_keys)
            except LedgerError as error:
                objection = objection or error
        assert objection is not None, "there is a key"
        raise objection


def parse_policy(raw: bytes) -> Policy:
    """Read a policy; raises `Malformed` with the number of the line."""
    if len(raw) > POLICY_BYTES_MAX or raw.count(b"\n") > _LINES_MAX:
        raise Malformed("policy.length", f"{len(raw)} bytes")
    if _FORBIDDEN.search(raw):
        raise Malformed("policy.character", "a control character other than tab and newline")
    if raw and not raw.endswith(b"\n"):
        raise Malformed("policy.form", "the last line has no newline at its end")
    reader = _Reader()
    for number, line in enumerate(raw.split(b"\n"), start=1):
        words = re.split(rb"[ \t]+", line.strip(b" \t"))
        if not words[0] or words[0].startswith(b"#"):
            continue
        try:
            reader.take(words)
        except LedgerError as error:
            raise Malformed(error.code, f"line {number}: {error.detail}") from error
    return reader.finish()


class _Reader:
    """Takes one line after the other."""

    def __init__(self) -> None:
        self.logs: list[Party] = []
        self.witnesses: dict[bytes, Party] = {}
        self.groups: dict[bytes, Group] = {}
        self.members: set[bytes] = set()
        self.quorum: bytes | None = None

    def take(self, words: list[bytes]) -> None:
        match words:
            case [b"log", vkey, *url] if len(url) <= 1:
                self._log(vkey, url)
            case [b"witness", name, vkey, *url] if len(url) <= 1:
                self._witness(name, vkey, url)
            case [b"group", name, count, *members] if members:
                self._group(name, count, members)
            case [b"quorum", name]:
                self._quorum(name)
            case _:
                raise Malformed("policy.line", repr(b" ".join(words)[:80]))

    def finish(self) -> Policy:
        if self.quorum is None:
            raise Malformed("policy.quorum", "no quorum line")
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def _log(self, vkey: bytes, url: list[bytes]) -> None:
        key = _key(vkey)
        if key.is_cosigner:
            raise Malformed("policy.key", "a cosigner's key does not sign for a log")
        if any(key.public == one.key.public for one in self.logs):
            raise Malformed("policy.duplicate", "two logs with one key")
        self.logs.append(Party(key, _url(url)))

    def _witness(self, name: bytes, vkey: bytes, url: list[bytes]) -> None:
        key = _key(vkey)
        if not key.is_cosigner:
            raise Malformed("policy.key", "a witness signs with a key of type 0x04 or 0x06")
        if any(key.public == one.key.public for one in self.witnesses.values()):
            raise Malformed("policy.duplicate", "two witnesses with one key")
        self._define(name)
        self.witnesses[name] = Party(key, _url(url))

    def _group(self, name: bytes, count: bytes, members: list[bytes]) -> None:
        for one in members:
            self._check_defined(one)
            if one in self.members:
                raise Malformed("policy.member", f"{_shown(one)} is in a group already")
            self.members.add(one)
        needed = {b"all": len(members), b"any": 1}.get(count)
        if needed is None and _COUNT.fullmatch(count):
            needed = int(count)
        if needed is None or needed > len(members):
            raise Malformed("policy.count", f"{_shown(count)} of {len(members)}")
        self._define(name)
        self.groups[name] = Group(needed, tuple(members))

    def _quorum(self, name: bytes) -> None:
        if self.quorum is not None:
            raise Malformed("policy.quorum", "a second quorum line")
        if name != NONE:
            self._check_defined(name)
        self.quorum = name

    def _define(self, name: bytes) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise Malformed("policy.name", f"{_shown(name)} is defined already")

    def _check_defined(self, name: bytes) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Malformed("policy.name", f"{_shown(name)} is not defined above")


def _key(vkey: bytes) -> VerifierKey:
    try:
        return parse_vkey(vkey.decode())
    except UnicodeDecodeError:
        raise Malformed("policy.key", "not UTF-8") from None


def _url(url: list[bytes]) -> str | None:
    return url[0].decode("utf-8", "backslashreplace") if url else None


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
