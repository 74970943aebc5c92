"""Passes verified per second, against the bare signature check inside."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.core.clock import DAY_MS, Instant
from bayward.core.ids import BankId, GrantId
from bayward.wire.passes import Pass, Purpose, sign_pass, verify_pass
from bench.table import Table, microseconds, percentile, us

NOW = Instant(1_800_000_000_000)


def run(*, quick: bool) -> Table:
    times = 1_000 if quick else 10_000
    key = ec.generate_private_key(ec.SECP256R1())
    bank = BankId.of(b"bench".ljust(16))
    claims = Pass(
        audience=bank.public_code,
        grant=GrantId.of(b"grant".ljust(16)),
        purpose=Purpose.PICKUP,
        not_before=Instant(NOW - DAY_MS),
        not_after=Instant(NOW + DAY_MS),
    )
    text = sign_pass(claims, key_id=1, key=key)
    issuers = {1: key.public_key()}
    signature = key.sign(b"x" * 120, ec.ECDSA(hashes.SHA256()))

    def bare() -> None:
        issuers[1].verify(signature, b"x" * 120, ec.ECDSA(hashes.SHA256()))

    def whole() -> None:
        verify_pass(text, issuers, audience=bank.public_code, purpose=Purpose.PICKUP, now=NOW)

    floor = percentile(microseconds(bare, times), 0.5)
    ours = percentile(microseconds(whole, times), 0.5)
    table = Table("Pass verification at the bank", "python -m bench passes")
    table.add("P-256 verify alone, p50", us(floor))
    table.add("pass verified, p50", us(ours))
    table.add("passes per second, one core", f"{1e6 / ours:,.0f}")
    table.ratio("pass / P-256 verify", ours, floor, goal="≤ 3")
    return table
