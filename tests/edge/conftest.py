from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core.clock import Instant
from bayward.core.ids import BankId
from bayward.edge.journal import JournalSetup
from bayward.ledger.keys import ecdsa_signer

BANK = BankId.of(b"bank-of-the-test")
LOG_KEY = ec.derive_private_key(20_261_120, ec.SECP256R1())


@dataclass
class HandClock:
    """A clock that stands still."""

    wall_ms: int = 1_795_000_000_000
    mono_ms: int = 5_000

    def now(self) -> Instant:
        return Instant(self.wall_ms)

    def monotonic_ms(self) -> int:
        return self.mono_ms


@pytest.fixture
def make_setup(tmp_path: Path) -> Callable[..., JournalSetup]:
    """Setups of one journal file that differ only in what a test names."""
    base = JournalSetup(
        path=tmp_path / "journal.db",
        bank=BANK,
        signer=ecdsa_signer(f"bayward.test/bank/{BANK}/1", LOG_KEY),
        clock=HandClock(),
        random_bytes=random.Random(1).randbytes,
    )
    return lambda **changes: replace(base, **changes)
