"""The keys a pack or a reader names, in the lines of a C2SP tlog-policy.

    # comment
    log <vkey> [url]
    witness <name> <vkey> [url]
    quorum none

In a pack they say whose signatures to expect and vouch for nothing; in the reader's own file
they are the keys he trusts. A bare verifier key on a line counts as one of a log. Groups and
quorums of witnesses are refused rather than ignored: a rule that is not applied is worse than
none. Keys of a kind we do not know are passed over, since the next signature may be of another.
"""

from __future__ import annotations

from collections.abc import Iterable

from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey, parse_vkey

KEYS_MAX = 1000

_AT = {"log": 1, "witness": 2}  # which word is the key


def write_policy(logs: Iterable[VerifierKey]) -> bytes:
    """The policy of a pack: its logs, and no witnesses demanded."""
    return "".join(f"log {key.vkey}\n" for key in logs).encode() + b"quorum none\n"


def read_keys(text: str) -> list[VerifierKey]:
    """The keys of a policy; raises `Malformed`."""
    keys: list[VerifierKey] = []
    for line in text.split("\n"):
        words = line.split()
        if not words or words[0].startswith("#") or words == ["quorum", "none"]:
            continue
        place = _AT.get(words[0], 0)
        if words[0] in {"group", "quorum"} or place >= len(words):
            raise Malformed("policy.line", f"{words[0]} is not understood here")
        try:
            key = parse_vkey(words[place])
        except Malformed as error:
            if error.code == "key.kind":
                continue
            raise
        if place and key.is_cosigner != (words[0] == "witness"):
            raise Malformed("policy.kind", f"{key.name} is not the key of a {words[0]}")
        if key not in keys:
            keys.append(key)
    if len(keys) > KEYS_MAX:
        raise Malformed("policy.length", f"{len(keys)} keys")
    return keys
