from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bayward.cli.audit import told
from bayward.cli.audit.told import Unusable
from ledger_bench import LOG, ORIGIN, witness


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    told.add_keys(parser)
    return parser.parse_args(words)


def test_keys_come_from_the_command_line_and_from_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {LOG.key.vkey}\nwitness w {witness().key.vkey}\nquorum none\n")
    keys = told.keys_of(asked("--key", LOG.key.vkey, "--policy", str(policy)))
    assert keys == [LOG.key, witness().key]
    assert told.logs_of(keys) == {ORIGIN: [LOG.key]}
    with pytest.raises(Unusable, match="no log is known"):
        told.logs_of([witness().key])


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"\xff" * 10)
    with pytest.raises(Unusable, match="--key or --policy cannot be read: no key"):
        told.keys_of(asked("--key", "x+y"))
    with pytest.raises(Unusable, match="policy"):
        told.keys_of(asked("--policy", str(bad)))
    with pytest.raises(Unusable, match="No such file"):
        told.keys_of(asked("--policy", str(tmp_path / "none")))
    with pytest.raises(Unusable, match="not UTF-8"):
        told.read_text(bad, 100)
    with pytest.raises(Unusable, match="more than 9"):
        told.read_bytes(bad, 9)
    token = tmp_path / "token"
    token.write_text("secret\n")
    assert (told.read_token(token), told.read_token(None)) == ("secret", None)
