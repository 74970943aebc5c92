"""How fast this machine is, in one unit: what a node of the tree costs to hash in Python.

Some goals are absolute: so many lines, so many entries a second. They were set on a machine that
hashes three million nodes a second on one core (0.33 µs each). A slower one misses them with the
same program, and a faster one hides that a program has become slower. So beside an absolute figure
stands how many such hashes one piece of work takes; that is of the program, hardly of the machine.
"""

from __future__ import annotations

from time import process_time

from bayward.ledger.merkle import node_hash

REFERENCE_HASHES_PER_S = 3_000_000
_ROUNDS, _TIMES = 7, 50_000


def node_hash_s() -> float:
    """Seconds of CPU of one hash, in the fastest of a few rounds."""
    left, right = bytes(32), bytes(range(32))
    taken = []
    for _ in range(_ROUNDS):
        start = process_time()
        for _ in range(_TIMES):
            node_hash(left, right)
        taken.append(process_time() - start)
    return min(taken) / _TIMES


def in_hashes(per_s: float) -> float:
    """Hashes that one piece of work is worth, of which so many a second are wanted there."""
    return REFERENCE_HASHES_PER_S / per_s
