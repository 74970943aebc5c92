"""The errors of the ledger library, a tree of its own so that the library stands alone.

    LedgerError(code, detail)
    ├── Malformed     the bytes do not have the one form the format allows
    ├── OutOfRange    an index, a size or a range that the tree does not have
    └── Unverified    well-formed, but the proof, signature or digest does not hold

`code` is stable and short (`note.base64`, `proof.root`, …); `detail` is for the log line of a
developer and may change. A parser given arbitrary bytes raises only these.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of all errors of this library; never raised itself."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class Malformed(LedgerError):
    """Raised when bytes or text do not have the form the format demands."""


class OutOfRange(LedgerError):
    """Raised when an index, size or range lies outside what the tree can have."""


class Unverified(LedgerError):
    """Raised when a hash, proof, signature or digest does not hold."""
