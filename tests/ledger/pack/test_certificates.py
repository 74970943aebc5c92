"""Certificates and lists signed with any kind of key: one word from all three verifiers."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from page_bench import Page
from revocation_bench import (
    BEFORE,
    GOOD,
    OPEN,
    REVOKED,
    SERIAL,
    Judge,
    issued,
    judge_by,
    listed,
    own,
    pack,
)
from stamp_bench import Key, Token, ec_key, rsa_key


@pytest.fixture
def judged(page: Page, tmp_path: Path) -> Judge:
    return judge_by(page, tmp_path)


@pytest.mark.parametrize(
    "root",
    [rsa_key(), ec_key(384), ec.derive_private_key(7, ec.SECP521R1())],
    ids=["RSA", "P-384", "P-521"],
)
@pytest.mark.parametrize("is_pss", [False, True])
def test_roots_of_any_kind(judged: Judge, root: Key, is_pss: bool) -> None:
    is_pss = is_pss and isinstance(root, rsa.RSAPrivateKey)
    token = Token(certificates=(issued(root),))
    is_read = isinstance(root, rsa.RSAPrivateKey) or root.key_size < 521
    for revoked, expected in (((), GOOD), (((SERIAL, BEFORE, None),), REVOKED)):
        crl = listed(*revoked, root=root, is_pss=is_pss)
        assert judged(pack(crl, own(root), token)) == (expected if is_read else OPEN)
