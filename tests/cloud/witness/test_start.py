"""The witness as the settings want it, and settings that make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bayward.cloud.keys import FileKeys
from bayward.cloud.settings import CloudSettings
from bayward.cloud.witness.service import Witness
from bayward.cloud.witness.start import started
from bayward.core.errors import Misconfigured
from bayward.ledger.keys import ed25519_signer
from ledger_bench import LOG, ORIGIN, ed25519_key
from people_bench import START, HandClock

OURS = ed25519_signer("localhost/tenant/x", ed25519_key("ours"))


@contextmanager
def witness(tmp_path: Path, policy: str | None) -> Iterator[Witness | None]:
    file = tmp_path / "policy.txt"
    if policy:
        file.write_text(policy)
    told = None if policy is None else file
    settings = CloudSettings(state=tmp_path, name="localhost", witness_policy=told)
    keys = FileKeys.create(tmp_path / "keys")
    with started(settings, keys, HandClock(START), bytes) as found:
        yield found


def test_it_signs_under_the_names_of_the_deployment(tmp_path: Path) -> None:
    with witness(tmp_path, f"log {LOG.key.vkey}\nquorum none\n") as found:
        assert found is not None
        assert found.logs == {ORIGIN: [LOG.key]}
        assert [one.key.name for one in found.cosigners()] == ["localhost/witness"]
        assert found.mirror_cosigners is not None
        assert [one.key.name for one in found.mirror_cosigners()] == ["localhost/mirror"]


def test_without_the_setting_there_is_none(tmp_path: Path) -> None:
    with witness(tmp_path, None) as found:
        assert found is None
    assert not (tmp_path / "witness.db").exists()


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("", "unreadable"),
        ("nonsense\n", r"policy\.line"),
        ("quorum none\n", "logs of others"),
        (f"log {OURS.key.vkey}\nquorum none\n", "logs of others"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, policy: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why), witness(tmp_path, policy):
        pass
