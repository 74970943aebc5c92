from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import ecdsa_signer
from bayward.ledger.note import add_signatures, split_note
from bayward.wire import tenant_log as rules
from bayward.wire.messages import TenantLog
from bayward.wire.tenant_log import Doubted, Seen, check_tenant_log, claimed_size, open_seen
from link_bench import DeviceLog
from tenant_log_bench import TENANT, TenantTwin

BANK = DeviceLog().grow(9)


def own(size: int) -> Checkpoint:
    return Checkpoint(BANK.signer.key.name, size, tree_hash(size, BANK.tree))


def ours(shown: TenantLog) -> Checkpoint | None:
    """Our log at the size that is claimed, as the bank's shell finds it."""
    size = claimed_size(shown)
    return own(size) if size is not None and size <= BANK.size else None


def judged(twin: TenantTwin, known: Seen | None, acked: int = 5) -> Seen:
    shown = twin.show(0 if known is None else known.checkpoint.size)
    return check_tenant_log(shown, TENANT.key, known, ours(shown), acked)


def twin(seed: int = 0) -> TenantTwin:
    made = TenantTwin(seed)
    for _ in range(4):
        made.add()
    made.accept(own(5))
    made.add()
    return made


def reason(made: TenantTwin, known: Seen | None, acked: int = 5) -> str:
    with pytest.raises(Doubted) as caught:
        judged(made, known, acked)
    return caught.value.code


def test_a_log_that_goes_on_is_remembered_from_size_to_size() -> None:
    made = twin()
    seen = judged(made, None)
    assert seen.checkpoint.size == 6
    for _ in range(7):
        made.add()
    again = judged(made, seen)
    assert again.checkpoint.size == 13
    made.accept(own(9))
    assert judged(made, again, acked=9).checkpoint.size == 14
    assert judged(made, judged(made, again, 9), 9).checkpoint.size == 14  # nothing new: no doubt


def test_audit_03_a_log_that_was_set_back_is_found_by_its_bank() -> None:
    made = twin()
    for _ in range(5):
        made.add()
    seen = judged(made, None)
    assert reason(twin(), seen) == rules.ROLLBACK


def test_audit_04_a_log_that_went_on_from_an_older_state_is_a_fork() -> None:
    made, other = twin(), twin()
    made.add(type="person.created")
    seen = judged(made, None)
    other.add(type="person.erased")
    assert reason(other, seen) == rules.FORK  # the same size
    for _ in range(20):
        other.add()
    assert reason(other, seen) == rules.FORK


def test_audit_05_two_trees_for_two_banks_meet_in_neither() -> None:
    first, second = judged(twin(1), None), judged(twin(2), None)
    assert reason(twin(2), first) == reason(twin(1), second) == rules.FORK


@pytest.mark.parametrize(
    "lie",
    [
        {"log_root": "A" * 43 + "="},
        {"log_size": 4},
        {"origin": "example.org/bank/other/1"},
        {"type": "bank_log.refused"},
        {"log_size": "5"},
    ],
)
def test_audit_02_what_was_acknowledged_must_stand_there_as_it_was(lie: dict[str, str]) -> None:
    made = TenantTwin()
    made.accept(own(5), **lie)
    assert reason(made, None) == rules.NOT_IN_IT


def test_audit_02_an_older_entry_or_none_does_not_answer_for_a_newer_one() -> None:
    made = twin()
    assert reason(made, None, acked=6) == rules.NOT_IN_IT
    made.newest = None
    assert reason(made, None) == rules.NOT_IN_IT
    with pytest.raises(Doubted) as caught:
        judged(made, None)
    assert caught.value.seen is not None
    assert caught.value.seen.checkpoint.size == 6  # all the same it was signed, and is remembered


def test_audit_09_more_than_the_bank_has_is_not_its_log() -> None:
    made = TenantTwin()
    made.accept(own(5), log_size=99)
    assert reason(made, None) == rules.NOT_IN_IT


@pytest.mark.parametrize("part", ["proof", "leaf", "index", "disclosures", "consistency"])
def test_audit_08_a_bent_answer_is_doubted_and_nothing_else(part: str) -> None:
    made = twin()
    seen = judged(made, None)
    for _ in range(5):
        made.add()
    good = made.show(seen.checkpoint.size)
    assert good.vouching is not None
    changes: dict[str, dict[str, object]] = {
        "proof": {"proof": good.vouching.proof[:-1]},
        "leaf": {"leaf": "{}"},
        "index": {"index": 10**9},
        "disclosures": {"disclosures": ["nonsense"]},
        "consistency": {},
    }
    bent = changes[part]
    vouching = msgspec.structs.replace(good.vouching, **bent)
    hashes = good.consistency if bent else [bytes(32)] * len(good.consistency)
    shown = msgspec.structs.replace(good, vouching=vouching, consistency=hashes)
    with pytest.raises(Doubted) as caught:
        check_tenant_log(shown, TENANT.key, seen, ours(shown) or own(5), 5)
    assert caught.value.code == (rules.NOT_IN_IT if bent else rules.FORK)


def test_audit_06_only_the_pinned_key_signs_this_log() -> None:
    stranger = ecdsa_signer(TENANT.key.name, ec.derive_private_key(1, ec.SECP256R1()))
    made = twin()
    made.signer = stranger
    assert reason(made, None) == rules.SIGNATURE
    bent = msgspec.structs.replace(twin().show(0), checkpoint="nonsense")
    with pytest.raises(Doubted, match=r"tenant_log\.signature"):
        check_tenant_log(bent, TENANT.key, None, own(5), 5)


def test_what_is_remembered_has_one_signature_whatever_hangs_on_it() -> None:
    plain = twin().note()
    other = ecdsa_signer("example.org/other", ec.derive_private_key(1, ec.SECP256R1()))
    line = split_note(TenantTwin(signer=other).note(0))[1][0].line
    crowded = add_signatures(plain, [line])
    assert crowded != plain
    assert open_seen(crowded, TENANT.key).note == plain == open_seen(plain, TENANT.key).note
