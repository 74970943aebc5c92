from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from bayward.sim.demo.at_rest import secrets_in

CODE = "48219037"
DIGEST = hashlib.sha256(CODE.encode()).digest()


@pytest.mark.parametrize(
    "content",
    [
        CODE.encode(),
        b'{"code":"' + CODE.encode() + b'"}',
        b"\x00\x08" + CODE.encode() + b"\x00",
        base64.b64encode(CODE.encode()),
        DIGEST,
        b"x" + DIGEST.hex().encode() + b"y",
        base64.b64encode(DIGEST),
        hashlib.md5(CODE.encode(), usedforsecurity=False).hexdigest().encode(),
    ],
)
def test_identity_13_a_code_that_lies_in_a_file_is_found(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(b"nothing")
    (tmp_path / "b").write_bytes(b"before " * 1000 + content)
    assert secrets_in(sorted(tmp_path.iterdir()), ["11111111", CODE]) == ["b"]


def test_digits_of_a_longer_number_are_no_code(tmp_path: Path) -> None:
    (tmp_path / "times").write_text(f"1{CODE}0000 {CODE}1 9{CODE}")
    assert secrets_in([tmp_path / "times"], [CODE]) == []
