from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from bayward.cloud.keyring.sealing import KEY_BYTES, HeldKey, record_key, seal, unseal
from bayward.core.errors import Invalid

ANNE = HeldKey("key_anne", b"a" * KEY_BYTES)
MAY = HeldKey("key_may", b"m" * KEY_BYTES)


@given(st.binary(min_size=32, max_size=32), st.text(min_size=1), st.text())
def test_the_record_key_is_the_one_of_rfc_5869(secret: bytes, where: str, what: str) -> None:
    derived = HKDF(
        SHA256(), KEY_BYTES, where.encode(errors="replace"), what.encode(errors="replace")
    )
    where, what = (text.encode(errors="replace").decode() for text in (where, what))
    ours = record_key(HeldKey("k", secret), MAY, where, what)
    assert ours == derived.derive(secret + MAY.secret)


def test_a_record_opens_at_its_place_with_both_keys_only() -> None:
    sealed = seal(ANNE, MAY, where="log", what="3", plain=b"field", random=os.urandom)
    assert b"field" not in sealed
    assert unseal(ANNE, MAY, where="log", what="3", sealed=sealed) == b"field"
    wrong: list[tuple[HeldKey, HeldKey, str, str, bytes]] = [
        (MAY, MAY, "log", "3", sealed),
        (ANNE, ANNE, "log", "3", sealed),
        (replace(ANNE, id="key_other"), MAY, "log", "3", sealed),
        (ANNE, MAY, "other", "3", sealed),
        (ANNE, MAY, "log", "4", sealed),
        (ANNE, MAY, "log", "3", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (ANNE, MAY, "log", "3", b""),
    ]
    for subject, period, where, what, bent in wrong:
        with pytest.raises(Invalid):
            unseal(subject, period, where=where, what=what, sealed=bent)
