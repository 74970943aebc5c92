"""What a verification found, in words that stay the same.

The same defect gets the same name from every verifier of this format, so that the word of one
can be held against the word of another. A `Fault` is the name, a `Finding` says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from bayward.ledger.leaf import Value

FINDINGS_MAX = 100
"""A verdict stays readable however broken the file is; the first hundred tell the story."""


class Fault(StrEnum):
    """The names of what can be wrong. Values are stable; scripts and reports compare them."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown key"
    SIGNATURE_INVALID = "signature invalid"
    WRONG_ORIGIN = "wrong origin"
    PROOF_INVALID = "proof invalid"
    LEAF_MALFORMED = "leaf malformed"
    BODY_MISMATCH = "body/leaf mismatch"
    DISCLOSURE_MALFORMED = "disclosure malformed"
    DISCLOSURE_MISMATCH = "disclosure does not match leaf"
    DISCLOSURE_TWICE = "field disclosed twice"
    GAP = "gap"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out of order"
    SIZE_MISMATCH = "size mismatch"
    ROOT_MISMATCH = "root mismatch"
    TREE_MISMATCH = "tree hash mismatch"
    NOT_WITNESSED = "not witnessed"
    ROLLBACK = "rollback"
    FORK = "fork"
    UNSAFE_PATH = "unsafe path"
    NAME_TWICE = "name appears twice"
    TOO_LARGE = "too large"
    FILE_MISSING = "file missing"
    FILE_UNLISTED = "file not listed"
    FILE_ALTERED = "file altered"
    COUNT_MISMATCH = "withheld count mismatch"
    CHAIN_MISMATCH = "chain mismatch"
    STAMP_INVALID = "time stamp invalid"
    STAMP_REVOKED = "time stamp revoked"
    LIST_INVALID = "revocation list invalid"


class Trust(StrEnum):
    """Where the key that signed comes from."""

    TRUSTED = "trusted"
    """It is one the caller gave."""
    SELF_ASSERTED = "self-asserted"
    """The caller gave none; it came with the document and vouches only for itself."""
    UNKNOWN = "unknown"
    """The caller gave keys, and it is not among them."""


class Unexamined(StrEnum):
    """What a verdict cannot know from what it was given."""

    KEY = "the key is the document's own: compare it with one you know from elsewhere"
    ROLLBACK = (
        "a log cut short together with its checkpoint looks like an earlier one: give an older "
        "receipt or checkpoint to know"
    )
    CHAIN = (
        "what the logs above and their witnesses say of it: this is a receipt alone. Ask for its "
        "chain (a file .jsonl) at the deployment whose name opens the log's, where you got it"
    )
    STAMP = (
        "whose clock a time stamp is: the authority's certificate came with it; compare its "
        "fingerprint with one you know from elsewhere"
    )
    REVOCATION = (
        "whether the certificate of a time stamp had been revoked by then: no list of that time, "
        "or none that is read here, is in the pack"
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, where it is (`at`: an index or a line, by the fault), and what was seen."""

    fault: Fault
    at: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        where = "" if self.at is None else f" at {self.at}"
        return f"{self.fault}{where}: {self.detail}" if self.detail else f"{self.fault}{where}"


@dataclass(frozen=True, slots=True)
class Above:
    """A log that recorded the checkpoint of the one below: link of a chain (`ledger.chain`)."""

    origin: str
    size: int
    trust: Trust
    cosigned: Mapping[str, int]


class Standing(StrEnum):
    """What came of holding a kept document against another, where it is no fault."""

    CONSISTENT = "consistent"
    """The log was then what it is shown to have been."""
    NOT_COMPARED = "not compared"
    """A part of a log does not tell what the log was at that size."""
    YOUNGER = "younger"
    """It names the very pack it is held against, so it says nothing of what was before that."""


@dataclass(frozen=True, slots=True)
class Held:
    """A kept document of a log: which of those given (from 0), and how many entries it tells of."""

    number: int
    size: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a verification.

    `entries` were read; `size` and `root` are what the checkpoint says. `fields` are the
    proven fields of a receipt. `cosigned` names the known witnesses and their times; `chain` are
    the logs above, the lowest first; `held` are kept documents that contradict nothing.
    """

    findings: tuple[Finding, ...]
    trust: Trust
    unexamined: tuple[Unexamined, ...] = ()
    origin: str = ""
    size: int = 0
    root: bytes = b""
    entries: int = 0
    index: int | None = None
    fields: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    cosigned: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    chain: tuple[Above, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing was found; what stays `unexamined` is another matter."""
        return not self.findings
