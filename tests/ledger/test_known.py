"""What a reader knows from elsewhere: keys, a quorum, authorities."""

from __future__ import annotations

import pytest

from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey
from bayward.ledger.known import KEYS_MAX, LINES_MAX, read_known
from ledger_bench import LOG, WITNESS, witness
from pack_bench import OUTSIDE, policy

VKEY, OTHER = LOG.key.vkey, witness().key.vkey
A, B, C = (one.key for one in OUTSIDE)
PIN = "0f" * 32


def test_keys_are_read() -> None:
    text = f"# mine\r\n\n\tlog {VKEY} https://x\nwitness {WITNESS} {OTHER}\n{VKEY}\nquorum none"
    told = read_known(text)
    assert told.keys == (LOG.key, witness().key)
    assert (told.demand, told.authorities) == (None, frozenset())
    assert read_known(f"tsa {PIN}\n").authorities == {PIN}
    assert read_known("").keys == ()


@pytest.mark.parametrize(
    ("lines", "seen", "is_met"),
    [
        (["quorum a"], [A], True),
        (["quorum a"], [B, C], False),
        (["group g any a b", "quorum g"], [B], True),
        (["group g all a b", "quorum g"], [B], False),
        (["group g 2 a b c", "quorum g"], [A, C], True),
        (["group g 2 a b c", "quorum g"], [witness().key, C], False),
        (["group g any a b", "group h all g c", "quorum h"], [A, B], False),
        (["group g any a b", "group h all g c", "quorum h"], [B, C], True),
        (["witness later later+01020304+Bwg=", "quorum later"], [A, B, C], False),
        (["witness later later+01020304+Bwg=", "group g any later a", "quorum g"], [A], True),
    ],
)
def test_a_quorum(lines: list[str], seen: list[VerifierKey], is_met: bool) -> None:
    demand = read_known(policy(*lines)).demand
    assert demand is not None
    assert demand.is_met(seen) is is_met


def test_groups_in_groups_in_groups() -> None:
    deep = [f"group g{n} any {f'g{n - 1}' if n else 'a'}" for n in range(LINES_MAX - 10)]
    demand = read_known(policy(*deep, f"quorum g{len(deep) - 1}")).demand
    assert demand is not None
    assert demand.is_met([A])


def test_keys_of_a_later_kind_are_passed_over() -> None:
    assert read_known("log later+01020304+Bwg=\n").keys == ()


@pytest.mark.parametrize(
    "text",
    [f"log {OTHER}", f"witness w {VKEY}", "log", "witness w", "group g any a", "quorum g",
     f"log {VKEY[:-4]}AAA=", "nonsense", f"witness {OTHER}", f"log {VKEY} url url",
     "quorum none\nquorum none", f"witness none {OTHER}", f"tsa {PIN[2:]}", f"tsa {PIN.upper()}",
     f"witness w {OTHER}\nwitness v {OTHER}", f"witness w {OTHER}\ngroup w any w",
     f"witness w {OTHER}\ngroup g 2 w", f"witness w {OTHER}\ngroup g 0 w",
     f"witness w {OTHER}\ngroup g any w w", f"witness w {OTHER}\ngroup g any w\ngroup h any w",
     f"witness w {OTHER}\ngroup g any", f"\u2003log {VKEY}", "\n" * LINES_MAX],
)  # fmt: skip
def test_what_is_refused_rather_than_ignored(text: str) -> None:
    with pytest.raises(Malformed):
        read_known(text)


def test_a_list_has_an_end() -> None:
    many = [VerifierKey(f"n{n}", LOG.key.kind, LOG.key.public) for n in range(KEYS_MAX + 1)]
    with pytest.raises(Malformed):
        read_known("".join(f"log {key.vkey}\n" for key in many))
