"""Names that tests of `bayward audit` share with their fixtures."""

from __future__ import annotations

from collections.abc import Callable

from bayward.core.ids import BankId
from bayward.ledger.keys import ed25519_signer
from ledger_bench import ed25519_key

Audit = Callable[..., tuple[int, str]]
BANK = BankId.of(b"bank-of-the-test")
JOURNAL = ed25519_signer(f"bayward.test/bank/{BANK}/1", ed25519_key("journal"))
