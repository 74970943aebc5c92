"""What a reader knows from elsewhere, in the lines of a C2SP tlog-policy.

    # comment
    log <vkey> [url]
    witness <name> <vkey> [url]
    group <name> all|any|<k> <name>…
    quorum <name>|none                      nothing is demanded without such a line
    tsa <SHA-256 of a certificate, in hex>  ours: an authority whose time stamps are believed

In the reader's own file they are what he trusts and demands; in a pack they only say whose
signatures to expect. `ledger.policy` reads the same lines as the specification wants
them; people also paste a bare verifier key, leave the last newline out and write the quorum line
when they need one, so all of that is read here. Keys of a kind we do not know are passed over,
since the next signature may be of another; a witness with such a key never counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey, parse_vkey

KEYS_MAX = 1000
LINES_MAX = 4000

_NONE = "none"
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Group:
    """`count` of the `members`, which are names of witnesses and groups."""

    count: int
    members: tuple[str, ...]


_NEVER = Group(1, ())


@dataclass(frozen=True, slots=True)
class Demand:
    """How many witnesses must have seen a log: a name, and what the names stand for."""

    quorum: str
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, Group]

    def is_met(self, seen: Collection[VerifierKey]) -> bool:
        """Do these witnesses' verified cosignatures make the quorum?"""
        met = {name: key in seen for name, key in self.witnesses.items()}
        for name, group in self.groups.items():  # each is defined below its members
            met[name] = sum(met[one] for one in group.members) >= group.count
        return met[self.quorum]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known from elsewhere: keys, what witnesses must have seen, whose stamps count."""

    keys: tuple[VerifierKey, ...] = ()
    demand: Demand | None = None
    authorities: frozenset[str] = frozenset()


def read_known(text: str) -> Known:
    """Read such lines; raises `Malformed`."""
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > LINES_MAX:
        raise Malformed("policy.length", f"{len(lines)} lines")
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        words = [word for word in re.split("[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.take(words)
        except Malformed as error:
            raise Malformed(error.code, f"line {number}: {error.detail}") from error
    return reader.finish()


class _Reader:
    """Takes one line after the other."""

    def __init__(self) -> None:
        self.keys: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None
        self.authorities: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._key(vkey, is_cosigner=False)
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._witness(name, vkey)
            case ["group", name, count, *members] if members:
                self._group(name, count, members)
            case ["quorum", name]:
                self._quorum(name)
            case ["tsa", fingerprint] if _FINGERPRINT.fullmatch(fingerprint):
                self.authorities.add(fingerprint)
            case [vkey] if "+" in vkey:
                self._key(vkey)
            case _:
                raise Malformed("policy.line", f"{words[0][:40]} is not understood here")

    def finish(self) -> Known:
        if len(self.keys) > KEYS_MAX:
            raise Malformed("policy.length", f"{len(self.keys)} keys")
        demand = None
        if self.quorum is not None and self.quorum != _NONE:
            demand = Demand(self.quorum, self.witnesses, self.groups)
        return Known(tuple(self.keys), demand, frozenset(self.authorities))

    def _key(self, vkey: str, *, is_cosigner: bool | None = None) -> VerifierKey | None:
        try:
            key = parse_vkey(vkey)
        except Malformed as error:
            if error.code == "key.kind":
                return None
            raise
        if is_cosigner is not None and key.is_cosigner != is_cosigner:
            raise Malformed("policy.kind", f"{key.name} is not a key of that kind")
        if key not in self.keys:
            self.keys.append(key)
        return key

    def _witness(self, name: str, vkey: str) -> None:
        key = self._key(vkey, is_cosigner=True)
        if key is not None and any(key.public == one.public for one in self.witnesses.values()):
            raise Malformed("policy.duplicate", "two witnesses with one key")
        self._define(name)
        if key is None:
            self.groups[name] = _NEVER
        else:
            self.witnesses[name] = key

    def _group(self, name: str, count: str, members: list[str]) -> None:
        for one in members:
            self._check_defined(one)
            if one in self.members:
                raise Malformed("policy.member", "one of them is in a group already")
            self.members.add(one)
        needed = {"all": len(members), "any": 1}.get(count)
        if needed is None and _COUNT.fullmatch(count):
            needed = int(count)
        if needed is None or needed > len(members):
            raise Malformed("policy.count", f"not a number up to {len(members)}")
        self._define(name)
        self.groups[name] = Group(needed, tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise Malformed("policy.quorum", "a second quorum line")
        if name != _NONE:
            self._check_defined(name)
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise Malformed("policy.name", "a name that is defined already")

    def _check_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Malformed("policy.name", "a name that is not defined above")
