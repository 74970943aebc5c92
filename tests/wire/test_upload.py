from __future__ import annotations

import base64
from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import tree_hash
from bayward.ledger.keys import ecdsa_signer, ed25519_signer
from bayward.wire import upload as checks
from bayward.wire.messages import Entry, Hello, Upload
from bayward.wire.upload import UploadRefused, check_hello
from link_bench import ORIGIN, SIGNER, DeviceLog, Mirror
from messages_table import HELLO

replace = msgspec.structs.replace


def hello(log: DeviceLog) -> Hello:
    return replace(HELLO, origin=ORIGIN, size=log.size, checkpoint=log.note(log.size))


def pair(known: int, ahead: int = 0) -> tuple[DeviceLog, Mirror]:
    """A bank of `known + ahead` entries and a mirror of the first `known`."""
    log, mirror = DeviceLog().grow(known), Mirror()
    if known:
        mirror.take(log.upload(0, known))
    return log.grow(ahead), mirror


def refused(mirror: Mirror, upload: Upload) -> UploadRefused:
    """The refusal; nothing of the mirror may change."""
    before = (mirror.size, mirror.tree.frontier, mirror.note, len(mirror.tree.hashes))
    with pytest.raises(UploadRefused) as caught:
        mirror.take(upload)
    assert (mirror.size, mirror.tree.frontier, mirror.note, len(mirror.tree.hashes)) == before
    assert caught.value.offered == upload.checkpoint
    assert (caught.value.size, caught.value.root) == (mirror.size, mirror.tree.frontier.root)
    return caught.value


def test_entries_arrive_with_their_fields_and_letters() -> None:
    log, mirror = DeviceLog(), Mirror()
    log.add(type="bank.started", detail="0.1.0")
    log.add(with_letter=True, type="grant.issued", grant="g")
    accepted = mirror.take(log.upload(0, 2))
    assert [entry.fields for entry in accepted.entries] == [
        {"type": "bank.started", "detail": "0.1.0"},
        {"type": "grant.issued", "grant": "g"},
    ]
    assert [entry.index for entry in accepted.entries] == [0, 1]
    assert [letter.id for letter in accepted.letters] == [1]
    assert accepted.checkpoint == Checkpoint(ORIGIN, 2, tree_hash(2, log.tree))
    assert mirror.tree.hashes == log.tree.hashes


@settings(max_examples=40)
@given(st.lists(st.integers(1, 9), max_size=8))
def test_any_cutting_into_uploads_leads_to_the_same_log(cuts: list[int]) -> None:
    log, mirror = DeviceLog().grow(sum(cuts)), Mirror()
    for cut in cuts:
        mirror.take(log.upload(mirror.size, mirror.size + cut))
    assert mirror.tree == log.tree
    assert mirror.leaves == [entry.leaf.encode() for entry in log.entries]


def test_audit_09_replayed_batch_is_acknowledged_and_stored_once() -> None:
    log, mirror = pair(known=12)
    for old, new in ((0, 12), (3, 7), (11, 12)):
        accepted = mirror.take(log.upload(old, new))
        assert accepted.is_replay
        assert not accepted.letters
        assert accepted.frontier.size == mirror.size == 12


def test_audit_09_gap_and_out_of_order_batches_are_refused() -> None:
    log, mirror = pair(known=4, ahead=8)
    second = log.upload(8, 12)
    gap = refused(mirror, second)
    assert isinstance(gap, checks.Gap)
    assert gap.size == 4
    mirror.take(log.upload(4, 8))
    mirror.take(second)
    assert mirror.size == 12


def test_audit_09_overlapping_batches_of_interleaved_uploads_go_on_from_the_end() -> None:
    log, mirror = pair(known=6, ahead=4)
    overlap = refused(mirror, log.upload(4, 10))
    assert isinstance(overlap, checks.Gap)
    mirror.take(log.upload(overlap.size, 10))


def test_audit_09_same_index_with_new_content_is_a_fork() -> None:
    _, mirror = pair(known=6)
    other = DeviceLog(seed=1).grow(8)
    for old, new in ((0, 6), (5, 6), (5, 8)):
        fork = refused(mirror, other.upload(old, new))
        assert isinstance(fork, checks.Fork)
        assert fork.facts["index"] == old


def test_audit_09_cloned_key_with_its_own_history_is_a_fork() -> None:
    log, mirror = pair(known=6)
    clone = DeviceLog(entries=log.entries[:3], seed=1)
    clone.tree.append([entry.leaf.encode() for entry in clone.entries])
    clone.grow(6)
    fork = refused(mirror, clone.upload(6, 9))
    assert isinstance(fork, checks.Fork)
    with pytest.raises(checks.Fork, match=r"hello\.fork"):
        check_hello(mirror.known, hello(DeviceLog(seed=1).grow(6)))
    # The one whose history was accepted goes on.
    mirror.take(log.grow(1).upload(6, 7))


def test_audit_09_truncated_upload_is_refused() -> None:
    log, mirror = pair(known=3, ahead=4)
    whole = log.upload(3, 7)
    for entries in (whole.entries[:-1], whole.entries[1:], [*whole.entries, whole.entries[-1]]):
        assert isinstance(refused(mirror, replace(whole, entries=entries)), checks.BadRoot)


def test_audit_09_rollback_of_a_device_is_seen_in_its_greeting() -> None:
    log, mirror = pair(known=6)
    older = DeviceLog().grow(4)
    with pytest.raises(checks.Rollback):
        check_hello(mirror.known, hello(older))
    check_hello(mirror.known, hello(log))
    check_hello(mirror.known, hello(log.grow(2)))
    with pytest.raises(checks.Fork):
        check_hello(mirror.known, hello(DeviceLog(seed=1).grow(4)))


def test_a_greeting_must_be_that_of_its_own_signed_checkpoint() -> None:
    log, mirror = pair(known=2)
    good = hello(log)
    for bad in (
        replace(good, size=3),
        replace(good, origin="example.org/bank/two/1"),
        replace(good, checkpoint=good.checkpoint[:-6] + "AAA=\n"),
        replace(good, checkpoint=""),
    ):
        with pytest.raises(checks.BadSignature):
            check_hello(mirror.known, bad)


def test_only_the_log_key_of_this_bank_signs() -> None:
    log, mirror = pair(known=2, ahead=1)
    good = log.upload(2, 3)
    checkpoint = Checkpoint(ORIGIN, 3, tree_hash(3, log.tree))
    stranger = ecdsa_signer(ORIGIN, ec.derive_private_key(5, ec.SECP256R1()))
    elsewhere = Checkpoint("example.org/bank/two/1", 3, checkpoint.root)
    for note in (
        sign_checkpoint(checkpoint, [stranger]),
        sign_checkpoint(elsewhere, [SIGNER]),
        good.checkpoint.replace("\n3\n", "\n03\n"),
        "",
    ):
        refusal = refused(mirror, replace(good, checkpoint=note))
        assert isinstance(refusal, checks.BadSignature)


def swapped(entries: list[Entry]) -> list[Entry]:
    return [entries[1], entries[0], *entries[2:]]


def flipped(entries: list[Entry]) -> list[Entry]:
    digest = entries[0].leaf
    other = digest.replace('["', '["A' if digest[9] != "A" else '["B', 1)
    return [replace(entries[0], leaf=other), *entries[1:]]


@pytest.mark.parametrize("change", [swapped, flipped])
@pytest.mark.parametrize("known", [0, 5])
def test_leaves_other_than_the_signed_ones_are_refused(
    change: Callable[[list[Entry]], list[Entry]], known: int
) -> None:
    log, mirror = pair(known=known, ahead=3)
    good = log.upload(known, known + 3)
    bad = refused(mirror, replace(good, entries=change(good.entries)))
    assert isinstance(bad, checks.BadRoot)
    mirror.take(good)


def test_a_proof_must_be_the_right_one() -> None:
    log, mirror = pair(known=5, ahead=3)
    good = log.upload(5, 8)
    for proof in ([], good.proof[:-1], [*good.proof, good.proof[0]], good.proof[::-1]):
        assert isinstance(refused(mirror, replace(good, proof=proof)), checks.BadRoot)
    fresh = Mirror()
    first = log.upload(0, 8)
    assert isinstance(refused(fresh, replace(first, proof=good.proof)), checks.BadRoot)


def test_disclosures_must_open_their_own_leaf() -> None:
    log, mirror = pair(known=1, ahead=2)
    good = log.upload(1, 3)
    one, two = good.entries
    salted = base64.urlsafe_b64encode(b'["AAAAAAAAAAAAAAAAAAAAAAAA","mono",1]').decode().rstrip("=")
    for disclosures in (
        two.disclosures,
        [*one.disclosures, one.disclosures[0]],
        [salted],
        ["!"],
        [one.disclosures[0] + "="],
    ):
        entries = [replace(one, disclosures=list(disclosures)), two]
        bad = refused(mirror, replace(good, entries=entries))
        assert isinstance(bad, checks.BadDisclosure)
        assert bad.facts["index"] == 1
    withheld = [replace(one, disclosures=[]), two]
    assert mirror.take(replace(good, entries=withheld)).entries[0].fields == {}


def test_a_field_that_stays_at_the_edge_is_refused_here() -> None:
    log, mirror = DeviceLog(), Mirror()
    log.add(type="code.rotated", tag="00ff")
    refusal = refused(mirror, log.upload(0, 1))
    assert isinstance(refusal, checks.BadDisclosure)
    assert "00ff" not in str(refusal)


def test_a_log_may_be_signed_by_a_key_without_a_secure_element() -> None:
    signer = ed25519_signer(ORIGIN, ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    log, mirror = DeviceLog(signer=signer).grow(3), Mirror(key=signer.key)
    assert mirror.take(log.upload(0, 3)).frontier.size == 3


@settings(max_examples=60)
@given(
    at=st.integers(min_value=0),
    byte=st.integers(1, 255),
    old=st.integers(0, 8),
    length=st.integers(1, 8),
)
def test_damage_anywhere_in_an_upload_never_gets_in(
    at: int, byte: int, old: int, length: int
) -> None:
    log, mirror = pair(known=4, ahead=4)
    new = min(8, old + length)
    if new <= old:
        return
    raw = bytearray(msgspec.json.encode(log.upload(old, new)))
    raw[at % len(raw)] ^= byte
    try:
        upload = msgspec.json.decode(bytes(raw), type=Upload)
        mirror.take(upload)
    except (UploadRefused, ValueError):
        pass
    honest = [entry.leaf.encode() for entry in log.entries]
    assert mirror.leaves == honest[: mirror.size]
