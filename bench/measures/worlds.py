"""Simulated worlds: locker-days per second of one core, with and without the control plane.

A locker-day is one bank with its people, its faults and every checker for a day. It is told as
CPU time, which other programs on the machine lengthen less than the clock on the wall, and in
multiples of what its signatures alone would cost: each commit of a bank is signed and verified.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.sim.run import Report
from bayward.sim.run import run as run_world
from bench.table import Table, microseconds, percentile, us

WANTED_PER_S = 6


def _signature_us() -> float:
    """One P-256 signature and its verification."""
    key, text = ec.generate_private_key(ec.SECP256R1()), b"x" * 120
    how = ec.ECDSA(hashes.SHA256())
    public = key.public_key()
    return percentile(microseconds(lambda: public.verify(key.sign(text, how), text, how), 500), 0.5)


def _days_per_s(reports: Sequence[Report]) -> float:
    return sum(one.plan.bank_days for one in reports) / sum(one.seconds for one in reports)


def run(*, quick: bool) -> Table:
    seeds = range(1, 4 if quick else 13)
    run_world(0, is_whole=True)  # what is built once for all worlds is not what is measured
    table = Table("Simulated worlds, one core", "python -m bench worlds")
    table.add("worlds of one locker-day", str(len(seeds)))
    signature = _signature_us()
    table.add("P-256 signature and verification, p50", us(signature))
    for name, is_whole in (("bank and link", False), ("whole control plane", True)):
        reports = [run_world(seed, is_whole=is_whole) for seed in seeds]
        broken = [one.seed for one in reports if one.problem is not None]
        assert not broken, f"a promise was broken: bayward sim --seed {broken[0]}"
        per_event = sum(one.seconds for one in reports) * 1e6 / sum(one.events for one in reports)
        pace = _days_per_s(reports)
        table.add(f"{name}: locker-days per second", f"{pace:.2f}")
        table.ratio(f"{name}: that / {WANTED_PER_S}", pace, WANTED_PER_S, goal="≥ 1")
        table.add(f"{name}: event of a bank / signature", f"{per_event / signature:.0f}")
    return table
