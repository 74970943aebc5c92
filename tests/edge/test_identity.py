from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bayward.core.clock import Instant
from bayward.core.errors import Denied
from bayward.core.ids import BankId, TenantId
from bayward.edge.identity import Identity, check_certificate, log_origin
from bayward.sim.certificates import Deployment, deploy

BANK = BankId.of(b"bank-of-the-test")
TENANT = TenantId.of(b"tenant of a test")


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return deploy("bayward.test", tmp_path, Instant(1_795_000_000_000))


def test_an_epoch_is_a_log_of_its_own() -> None:
    identity = Identity(
        bank=BANK, tenant=TENANT, deployment="d.test", epoch=3, link_url="wss://l", pins=()
    )
    assert identity.origin == log_origin("d.test", BANK, 3) == f"d.test/bank/{BANK}/3"


def test_only_our_key_under_our_root_is_taken(deployment: Deployment, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    uri = f"spiffe://bayward.test/tenant/{TENANT}/bank/{BANK}"
    issued = deployment.device(uri, key=key)
    chain = issued.files.chain.read_text()
    root = deployment.root.certificate
    anchor = root.public_bytes(Encoding.PEM).decode()
    check_certificate(chain, anchor, root, key.public_key())
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "other").mkdir()
    other = deploy("bayward.test", tmp_path / "other", deployment.now).root.certificate
    other_pem = other.public_bytes(Encoding.PEM).decode()
    leaf_only = chain[: chain.index("-----END") + 40]
    for arguments in [
        (chain, anchor, root, stranger),
        (chain, anchor, other, key.public_key()),
        (chain, other_pem, root, key.public_key()),
        (leaf_only, anchor, root, key.public_key()),
        (chain + chain, anchor, root, key.public_key()),
        ("", anchor, root, key.public_key()),
    ]:
        with pytest.raises(Denied, match=r"enrol\.certificate"):
            check_certificate(*arguments)
