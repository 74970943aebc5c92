from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bayward.cloud.storage.log_store import committer
from bayward.cloud.storage.log_store.committer import Committer, Entry, Placed
from bayward.core.errors import Unavailable
from bayward.ledger.keys import Signer, ed25519_signer
from log_store_bench import sqlite_kind

NAMES = [f"bench.example/tenant/{n}" for n in range(12)]


def signed(origin: str) -> list[Signer]:
    private = Ed25519PrivateKey.from_private_bytes(origin.encode().rjust(32)[-32:])
    return [ed25519_signer(origin, private)]


def test_the_edges_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "LOGS_MAX", 3)
    kind = sqlite_kind(tmp_path)
    one = Committer(kind.logs(), signed)
    for n in range(3):
        outcomes = one.commit([Entry(name, b"x", b"") for name in NAMES])
        assert [told.index for _, told in outcomes if isinstance(told, Placed)] == [n] * len(NAMES)
        assert len(one._open) == 3
    assert one.prove(NAMES[0], 2).index == 2
    kind.close()


def test_a_log_nobody_can_sign_for_is_refused_and_the_others_are_kept(tmp_path: Path) -> None:
    def sign(origin: str) -> list[Signer]:
        if origin == NAMES[1]:
            raise KeyError(origin)
        return signed(origin)

    kind = sqlite_kind(tmp_path)
    one = Committer(kind.logs(), sign)
    outcomes = {entry.origin: told for entry, told in one.commit([
        Entry(name, b"x", b"") for name in NAMES[:3]
    ])}  # fmt: skip
    refused = outcomes.pop(NAMES[1])
    assert isinstance(refused, Unavailable)
    assert refused.facts == {"cause": "KeyError"}
    assert all(isinstance(told, Placed) for told in outcomes.values())
    assert one.commit([Entry(NAMES[1], b"x", b"")])[0][0].size == 1
    kind.close()
