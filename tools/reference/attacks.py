"""`docs/reference/attack-cases.md`: what is tried against Bayward, and the tests that try it.

A test of a case carries its number in its name. Nothing can be lost unnoticed: a case here without
a test, and a test whose number is not here, both stop the making of the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from reference import audit_cases
from reference.source import ROOT

IDENTITY: Mapping[int, str] = {
    1: "the same code twice",
    2: "one code from eight sessions at once",
    3: "power cut between the intent and the pulse",
    4: "a code a second before, at and after its end; the default week, a chosen hour",
    5: "a code of another bank or tenant",
    6: "an old code drawn again for somebody else",
    7: "10,000 blind guesses; ten failures call staff",
    8: "guess, power-cycle, guess, fifty times",
    9: "a valid code used to reset the throttle",
    10: "a throttled keypad as a way to lock others out",
    11: "settings whose codes can be guessed",
    12: "telling used, expired, foreign and unknown codes apart by page or time",
    13: "searching every file of edge and cloud, and the log, for codes and their hashes",
    14: "the edge's disk without the bank's key",
    15: "a letter for another notifier key",
    16: "the old code after a new one was sent",
    17: "codes from the network, another origin, without the boot secret",
    18: "other digits, spaces, NUL, 10 kB",
    19: "every bit and every character of a pass changed",
    20: "another algorithm; the public key as a secret",
    21: "an unknown issuer, another tenant's issuer",
    22: "a pass for another bank",
    23: "a pass not yet valid, over, or with an impossible life",
    24: "a pass for another purpose",
    25: "a signature made for another context",
    26: "CBOR bombs",
    27: "what is not base45",
    28: "the second signature of the same pass (s becomes n minus s)",
    33: "an issuer that was rotated out",
    35: "a preview robot follows the link a hundred times",
    36: "URLs, markup and shell in a QR",
    41: "the clock set back eight days",
    42: "the clock says 2040",
    43: "yesterday's image of the disk",
    44: "an order that comes late or over an old connection",
    45: "the same order twice",
    47: "an authenticator code twice, too old, or guessed",
    49: "a planted session; a cookie without `__Host-`",
    50: "somebody disabled in the middle of a session",
    51: "a form from another site",
    52: "a fresh factor used for something else",
    53: "weak passwords",
    54: "telling known from unknown accounts",
    55: "200 sign-ins at once",
    60: "the whole matrix of roles and actions",
    61: "every route with no session, an old one, another role, another tenant",
    62: "every id swapped for another tenant's",
    63: "fields a body may not decide",
    64: "granting oneself more; removing the last owner",
    68: "a super-admin opens a door",
    70: "a role taken back during a live page",
    73: "a restart during a lockdown",
    74: "any credential during a lockdown",
    77: "a courier at an occupied door: after confirming, after two minutes, in another's session",
    78: "a deposit without courier or parcel",
    81: "reading the directory out by searching",
    83: "a tracking number typed as a code",
    84: "a webhook that points inside",
    90: "TLS 1.2, no, foreign, expired, wrong or revoked certificate, another cipher",
    91: "a server with a valid certificate and another key",
    93: "a resumed session after revocation",
    94: "an enrolment token twice, late, for another bank, at once, guessed",
    95: "a certificate request that asks for more",
    96: "one bank speaks for another",
    98: "a certificate renewed months after it ended; not for a retired bank",
    99: "two machines with one key",
    100: "the disk is full or the log cannot be written",
    101: "secrets in the program's log",
    102: "the word of a kiosk's receipt: guessed, worked out, another bank's or entry's, too old",
}
HARDWARE: Mapping[int, str] = {
    1: "an echoing adapter taken for an answer",
    2: "latch polarity",
    3: "the order of channels in a status",
    4: "locks that count from 0 on the wire",
    5: "an unlock that is never answered",
    10: "a retry that becomes a second pulse",
    11: "a second process on the port",
    15: "a port whose name changes",
    16: "a late command after the user has left",
    17: "the TEST button that opens everything",
}
AUDIT: Mapping[int, str] = {
    1: "an entry changed, with more and more of the tree recomputed",
    2: "rows deleted, doubled, reordered, inserted",
    3: "the tail cut",
    4: "an old backup, continued",
    5: "another tree for another auditor",
    6: "forged, ambiguous and malformed signatures and notes",
    7: "one thing presented as another",
    8: "malformed proofs",
    9: "replays, gaps and forks from a bank",
    10: "clocks set back, forward, to 1970; invented beacons",
    11: "crashes and failing disks at every step of a commit",
    12: "disclosures moved, doubled, invented",
    13: "people who were erased, looked for in files, copies and backups",
    14: "files of a pack added, removed, renamed, changed; hostile archives",
    15: "a range with a record left out, shifted bounds, mixed proofs",
    16: "a witness raced, restarted, lied to",
    17: "time stamps over something else, expired, injected, replayed",
    18: "insiders with the database, the key of the log, or everything but the witnesses",
}
REQUIRED = {
    "identity": {
        *range(1, 14), *range(16, 29), 35, 36, 41, 43, 44, 45, 47, 49, 53, 54, 61, 62, 63, 64,
        73, 74, 77, 83, 90, 91, 94, 96,
    },
    "hardware": {2, 4, 5, 11, 16, 17},
}  # fmt: skip
"""What no version may ship without."""
LISTS = {"identity": IDENTITY, "hardware": HARDWARE, "audit": AUDIT}
_TITLES = {
    "identity": "Codes, passes, people, links",
    "hardware": "Lock boards",
    "audit": "The log",
}
_TEST = re.compile(r"^ *(?:async )?def test_(identity|hardware|audit)_(\d+)_", re.MULTILINE)
_INTRODUCTION = """\
# Attack cases

What is tried against Bayward, by number. A test of a case carries the number in its name, so
`pytest -k identity_19` runs the tests of one. Who the attackers are, and what they gain all the
same, is in [the threat model](../explanation/threat-model.md). Made from the tests by
`tools/reference/attacks.py`; a case without a test stops the making.
"""
_OF_THE_LOG = """\
## The log, part by part

Of cases 1 to 8 and 12, every verifier is asked about the same attacked log or receipt (the library,
`verify.py`, `verify.html`, `bayward audit fsck` and `monitor`), and all have one word for it.
"""


def tests() -> Mapping[tuple[str, int], list[str]]:
    """The files that hold tests of each case."""
    found: dict[tuple[str, int], list[str]] = {}
    for path in _files():
        for which, number in sorted(set(_TEST.findall(path.read_text(encoding="utf-8")))):
            found.setdefault((which, int(number)), []).append(_name(path))
    return found


def page() -> str:
    """The whole page; raises `LookupError` when cases and tests do not fit."""
    found = tests()
    known = {(which, number) for which, cases in LISTS.items() for number in cases}
    for which, number in sorted(known ^ set(found)):
        what = "no test" if (which, number) in known else "a test, and no line here"
        raise LookupError(f"{which} {number}: {what}")
    parts = [_INTRODUCTION]
    for which, cases in LISTS.items():
        lines = [f"## {_TITLES[which]}", "", "| case | what is tried | tests |", "|---|---|---|"]
        for number, tried in cases.items():
            files = ", ".join(f"`{file}`" for file in found[which, number])
            lines.append(f"| {which} {number} | {tried} | {files} |")
        parts.append("\n".join(lines) + "\n")
    parts.append("\n".join([_OF_THE_LOG, *audit_cases.rows(_files())]) + "\n")
    return "\n".join(parts)


def _files() -> list[Path]:
    return sorted((ROOT / "tests").rglob("test_*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
