"""The policy file: what it says, and every way of saying it wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import COSIGNATURE, ED25519, VerifierKey, cosigner, ed25519_signer
from bayward.ledger.policy import NONE, POLICY_BYTES_MAX, Policy, parse_policy
from ledger_bench import LOG, ORIGIN, TPM_LOG, attempt, ed25519_key, refused, witness

NAMES = ["w1", "w2", "w3", "w4"]
SIGNERS = {name: cosigner(f"example.com/{name}", ed25519_key(name), 7) for name in NAMES}
KEYS = {name: one.key for name, one in SIGNERS.items()}
LOGS = f"log {LOG.key.vkey} https://log.example.com/\n"
WITNESSES = "".join(f"witness {name} {key.vkey}\n" for name, key in KEYS.items())
POLICY = (
    "# who must have seen it\n"
    + LOGS
    + "\n \t\n"
    + WITNESSES
    + "\tgroup  inner 2\tw2 w3 w4 \n"
    + "group outer all w1 inner\n"
    + "quorum outer\n"
)


def policy(text: str) -> Policy:
    return parse_policy(text.encode())


@pytest.mark.parametrize(
    ("seen", "met"),
    [
        ("", False),
        ("w1", False),
        ("w1 w2", False),
        ("w2 w3 w4", False),
        ("w1 w2 w3", True),
        ("w1 w2 w4", True),
        ("w1 w2 w3 w4", True),
    ],
)
def test_a_quorum_of_groups(seen: str, met: bool) -> None:
    names = seen.split()
    assert policy(POLICY).is_met([KEYS[name] for name in names]) == met
    signers = [LOG, *(SIGNERS[name] for name in names)]
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), signers)
    if met:
        assert policy(POLICY).open(note).checkpoint.size == 1
        return
    with refused(Unverified, "policy.quorum"):
        policy(POLICY).open(note)


def test_any_one_and_none() -> None:
    told = LOGS + WITNESSES
    any_of = policy(told + "group g any w1 w2\nquorum g\n")
    assert not any_of.is_met([KEYS["w3"]])
    assert any_of.is_met([KEYS["w2"]])
    one = policy(told + "quorum w3\n")
    assert one.is_met([KEYS["w3"]])
    assert not one.is_met([KEYS["w1"]])
    nobody = policy(LOGS + "quorum none\n")
    assert nobody.quorum == NONE
    assert nobody.is_met([])
    assert nobody.logs[0].url == "https://log.example.com/"


def test_a_log_may_have_two_keys_and_only_its_own_logs_are_accepted() -> None:
    both = policy(LOGS + f"log {TPM_LOG.key.vkey}\nquorum none\n")
    for signer in (LOG, TPM_LOG):
        note = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), [signer])
        assert both.open(note).checkpoint.origin == ORIGIN
    stranger = ed25519_signer("example.com/strange", ed25519_key("x"))
    note = sign_checkpoint(Checkpoint("example.com/strange", 1, bytes(32)), [stranger])
    with refused(Unverified, "policy.log"):
        both.open(note)
    bent = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), [LOG]).replace("\n1\n", "\n2\n")
    with refused(Unverified, "note.signature"):
        both.open(bent)


def test_audit_07_a_cosignature_of_an_unknown_key_under_a_known_name_does_not_count() -> None:
    forged = cosigner("example.com/w1", ed25519_key("forger"), 7)
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), [LOG, forged])
    with refused(Unverified, "policy.quorum"):
        policy(LOGS + WITNESSES + "quorum w1\n").open(note)


W1, RAW1 = KEYS["w1"].vkey, KEYS["w1"].public
ALIAS = VerifierKey("example.com/alias", COSIGNATURE, RAW1).vkey
AS_LOG = VerifierKey("example.com/w1", ED25519, RAW1).vkey
LOG_ALIAS = VerifierKey("example.com/alias", ED25519, LOG.key.public).vkey


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("policy.quorum", ""),
        ("policy.quorum", LOGS),
        ("policy.quorum", "quorum none\nquorum none\n"),
        ("policy.form", "quorum none"),
        ("policy.character", "quorum none\r\n"),
        ("policy.character", "quorum none\x00\n"),
        ("policy.character", "quorum none\x7f\n"),
        ("policy.line", "Quorum none\n"),
        ("policy.line", "quorum\n"),
        ("policy.line", "quorum none none\n"),
        ("policy.line", LOGS.strip() + " more\nquorum none\n"),
        ("policy.line", "group g any\nquorum none\n"),
        ("key.", "log nonsense\nquorum none\n"),
        ("policy.key", f"log {W1}\nquorum none\n"),
        ("policy.key", f"witness w {AS_LOG}\nquorum none\n"),
        ("policy.duplicate", LOGS + LOGS + "quorum none\n"),
        ("policy.duplicate", LOGS + f"log {LOG_ALIAS}\nquorum none\n"),
        ("policy.duplicate", f"witness a {W1}\nwitness b {W1}\nquorum none\n"),
        ("policy.duplicate", f"witness a {W1}\nwitness b {ALIAS}\nquorum none\n"),
        ("policy.name", f"witness none {W1}\nquorum none\n"),
        ("policy.name", WITNESSES + "group w1 any w2\nquorum none\n"),
        ("policy.name", WITNESSES + "group none any w2\nquorum none\n"),
        ("policy.name", WITNESSES + "quorum W1\n"),
        ("policy.name", "quorum w1\n" + WITNESSES),
        ("policy.name", WITNESSES + "group g any g\nquorum none\n"),
        ("policy.name", WITNESSES + "group g any none\nquorum none\n"),
        ("policy.member", WITNESSES + "group g any w1 w1\nquorum none\n"),
        ("policy.member", WITNESSES + "group g any w1\ngroup h any w1\nquorum none\n"),
        ("policy.count", WITNESSES + "group g 0 w1\nquorum none\n"),
        ("policy.count", WITNESSES + "group g 2 w1\nquorum none\n"),
        ("policy.count", WITNESSES + "group g 01 w1\nquorum none\n"),
        ("policy.count", WITNESSES + "group g some w1\nquorum none\n"),
        ("policy.length", "#" * POLICY_BYTES_MAX + "\n"),
        ("policy.length", "\n" * 1025),
    ],
)
def test_policies_that_are_none(code: str, text: str) -> None:
    with refused(Malformed, code):
        policy(text)


def test_names_are_bytes() -> None:
    told = WITNESSES + "group \u212a any w1\ngroup K any w2\nquorum K\n"
    assert policy(told).is_met([KEYS["w2"]])
    assert not policy(told).is_met([KEYS["w1"]])
    assert parse_policy(b"# \xff is no UTF-8\nquorum none\n").quorum == NONE
    with refused(Malformed, "policy.key"):
        parse_policy(b"log \xff\nquorum none\n")


def test_an_objection_says_its_line() -> None:
    with pytest.raises(LedgerError, match="line 3"):
        policy(LOGS + "\nnonsense\n")


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else(raw: bytes) -> None:
    attempt(lambda: parse_policy(raw), "policy.", "key.")


def test_groups_in_groups_in_groups() -> None:
    deep = [f"group g{n} any {f'g{n - 1}' if n else 'a'}" for n in range(1000)]
    lines = [f"witness a {witness().key.vkey}", *deep, "quorum g999", ""]
    policy = parse_policy("\n".join(lines).encode())
    assert policy.is_met([witness().key])
    assert not policy.is_met([])
