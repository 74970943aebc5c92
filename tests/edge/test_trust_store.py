from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import BaywardError, Denied, Invalid, Unavailable
from bayward.core.ids import BankId, GrantId
from bayward.edge.controller import Letter
from bayward.edge.identity import Trust
from bayward.edge.state_dir import StateDir
from bayward.edge.trust_store import TrustStore
from bayward.wire.letters import open_letter
from bayward.wire.messages import Issuer
from bayward.wire.passes import Pass, PassFlag, Purpose, sign_pass
from edge_bench import BANK, NOTIFIER
from table_top import START

GRANT = GrantId.of(b"grant-of-a-pass!")
ISSUER = ec.derive_private_key(77, ec.SECP256R1())


def spki(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


TRUST = Trust(issuers=(Issuer(kid=3, spki=spki(ISSUER)),), notifier_key=spki(NOTIFIER))


def shown(*, flags: PassFlag = PassFlag.NONE, bank: BankId = BANK) -> str:
    claims = Pass(
        audience=bank.public_code,
        grant=GRANT,
        purpose=Purpose.PICKUP,
        not_before=START,
        not_after=Instant(START + DAY_MS),
        flags=flags,
    )
    return sign_pass(claims, key_id=3, key=ISSUER)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state")


def test_keys_are_used_kept_and_found_again(state: StateDir) -> None:
    store = TrustStore(BANK, state)
    letter = Letter("pickup", GRANT, "12345678")
    with pytest.raises(Unavailable, match=r"letter\.no_key"):
        store.seal(letter)
    store.take(TRUST)
    for one in (store, TrustStore(BANK, state)):
        sealed = one.seal(letter)
        assert (sealed.kind, sealed.subject) == ("pickup", GRANT)
        assert open_letter(sealed.sealed, NOTIFIER, BANK, GRANT) == "12345678"
        assert one.open_pass(shown(), START) == GRANT


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (shown(bank=BankId.of(bytes(16))), Denied),
        (shown(flags=PassFlag.NEEDS_SECOND_FACTOR), Denied),
        (shown(flags=PassFlag.SUPERSEDES), Denied),
        ("L1:", Invalid),
    ],
)
def test_identity_22_passes_that_do_not_count_here_are_refused(
    state: StateDir, text: str, error: type[BaywardError]
) -> None:
    store = TrustStore(BANK, state)
    store.take(TRUST)
    with pytest.raises(error):
        store.open_pass(text, START)


def test_identity_33_a_rotated_out_issuer_no_longer_counts(state: StateDir) -> None:
    store = TrustStore(BANK, state)
    store.take(TRUST)
    store.take(Trust(issuers=(), notifier_key=TRUST.notifier_key))
    with pytest.raises(Denied, match=r"pass\.issuer"):
        store.open_pass(shown(), START)


@pytest.mark.parametrize(
    "key",
    [b"", b"spki", spki(ed25519.Ed25519PrivateKey.generate())],
    ids=["empty", "text", "another curve"],
)
def test_what_is_no_key_is_refused_and_changes_nothing(state: StateDir, key: bytes) -> None:
    store = TrustStore(BANK, state)
    store.take(TRUST)
    with pytest.raises(Invalid, match=r"trust\.key"):
        store.take(Trust(issuers=TRUST.issuers, notifier_key=key))
    assert TrustStore(BANK, state).open_pass(shown(), START) == GRANT


def test_witnesses_are_pinned_until_the_next_enrolment(state: StateDir) -> None:
    store = TrustStore(BANK, state)
    store.take(TRUST)
    assert store.witnesses == ()
    enrolled = msgspec.structs.replace(TRUST, witnesses=("one",), tenant_vkey="own")
    state.save("trust", enrolled)  # what `edge.enrol` does
    store = TrustStore(BANK, state)
    store.take(msgspec.structs.replace(TRUST, witnesses=("other",), tenant_vkey="another"))
    store.take(msgspec.structs.replace(TRUST, issuers=()))
    for one in (store, TrustStore(BANK, state)):
        assert (one.witnesses, one.tenant_vkey) == (("one",), "own")
    state.save("trust", TRUST)
    assert TrustStore(BANK, state).witnesses == ()
