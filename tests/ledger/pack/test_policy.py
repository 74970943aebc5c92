"""The keys a reader trusts, from his own file."""

from __future__ import annotations

import pytest

from bayward.ledger.errors import Malformed
from bayward.ledger.keys import VerifierKey
from bayward.ledger.pack.policy import KEYS_MAX, read_keys, write_policy
from ledger_bench import LOG, WITNESS, witness

VKEY, OTHER = LOG.key.vkey, witness().key.vkey


def test_keys_are_read() -> None:
    text = f"# mine\n\nlog {VKEY} https://x\nwitness {WITNESS} {OTHER}\nquorum none\n{VKEY}\n"
    assert read_keys(text) == [LOG.key, witness().key]
    assert read_keys(write_policy([LOG.key]).decode()) == [LOG.key]


def test_keys_of_a_later_kind_are_passed_over() -> None:
    assert read_keys("log later+01020304+Bwg=\n") == []


@pytest.mark.parametrize(
    "text",
    [f"log {OTHER}", f"witness w {VKEY}", "log", "witness w", "group g any a", "quorum g",
     f"log {VKEY[:-4]}AAA=", "nonsense", f"witness {OTHER}"],
)  # fmt: skip
def test_what_is_refused_rather_than_ignored(text: str) -> None:
    with pytest.raises(Malformed):
        read_keys(text)


def test_a_list_has_an_end() -> None:
    many = [VerifierKey(f"n{n}", LOG.key.kind, LOG.key.public) for n in range(KEYS_MAX + 1)]
    with pytest.raises(Malformed):
        read_keys(write_policy(many).decode())
