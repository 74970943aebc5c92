from __future__ import annotations

from pathlib import Path

import pytest

from bayward.cloud.cosigning import CosigningKeys
from bayward.core.errors import Misconfigured
from bayward.ledger.keys import COSIGNATURE, COSIGNATURE_MLDSA, parse_vkey
from bayward.ledger.note import open_note, sign

NAME = "example.com/w"


def test_they_are_made_once_and_read_ever_after(tmp_path: Path) -> None:
    first = CosigningKeys.open(tmp_path, NAME, "witness", is_young=True)
    again = CosigningKeys.open(tmp_path, NAME, "witness", is_young=True)
    assert first.vkeys == again.vkeys
    keys = [parse_vkey(one) for one in first.vkeys]
    assert [one.kind for one in keys] == [COSIGNATURE, COSIGNATURE_MLDSA]
    text = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    opened = open_note(sign(text, again.signers(77)), keys)
    assert [one.time for one in opened.verified] == [77, 77]
    assert len(CosigningKeys.open(tmp_path, NAME, "witness").vkeys) == 1
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}


def test_a_mirror_has_other_keys(tmp_path: Path) -> None:
    one = CosigningKeys.open(tmp_path, NAME, "witness").signers(1)[0].key
    two = CosigningKeys.open(tmp_path, "example.com/m", "mirror").signers(1)[0].key
    assert one.public != two.public


def test_keys_that_cannot_be_used(tmp_path: Path) -> None:
    CosigningKeys.open(tmp_path, NAME, "witness", is_young=True)
    file = tmp_path / "witness.pem"
    file.chmod(0o644)
    with pytest.raises(Misconfigured, match="readable_by_others"):
        CosigningKeys.open(tmp_path, NAME, "witness")
    file.chmod(0o600)
    file.write_text("nonsense")
    with pytest.raises(Misconfigured, match="malformed"):
        CosigningKeys.open(tmp_path, NAME, "witness")
    file.write_bytes((tmp_path / "witness-mldsa.pem").read_bytes())
    with pytest.raises(Misconfigured, match="malformed"):
        CosigningKeys.open(tmp_path, NAME, "witness")
    file.unlink()
    file.mkdir()
    with pytest.raises(Misconfigured, match="unreadable"):
        CosigningKeys.open(tmp_path, NAME, "witness")
