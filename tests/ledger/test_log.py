from __future__ import annotations

import pytest

from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.dense import Frontier, tree_hash
from bayward.ledger.errors import OutOfRange, Unverified
from bayward.ledger.keys import Signer
from bayward.ledger.log import Append, Log, plan_append
from bayward.ledger.merkle import EMPTY_ROOT, leaf_hash, verify_consistency
from bayward.ledger.strict import MAX_NUMBER
from ledger_bench import (
    IMPOSTOR,
    LOG,
    ORIGIN,
    TPM_LOG,
    WITNESS,
    Bench,
    MemoryStore,
    event,
    refused,
    witness,
)

LEAVES = [event(n).leaf for n in range(20)]


def test_planning_keeps_nothing() -> None:
    edge = Frontier()
    planned = plan_append(edge, LEAVES[:3])
    assert (planned.first, planned.new_size, edge.size) == (0, 3, 0)
    assert planned.leaf_hashes == tuple(leaf_hash(one) for one in LEAVES[:3])
    assert len(planned.stored_hashes) == 4
    assert planned.new_root == planned.frontier.root == planned.checkpoint("x").root
    assert plan_append(edge, []).new_root == EMPTY_ROOT


def test_what_cannot_be_appended() -> None:
    with refused(OutOfRange, "entry.length"):
        plan_append(Frontier(), [bytes(65536)])
    with refused(OutOfRange, "log.size"):
        plan_append(Frontier(MAX_NUMBER), [b""])


def test_each_append_is_signed_and_provable() -> None:
    store = MemoryStore()
    log = Log(store, lambda: [LOG, witness(3)])
    for n in range(20):
        log.append(LEAVES[n : n + 1])
        signed = open_checkpoint(store.notes[-1], LOG.key, [witness().key])
        assert signed.checkpoint.size == n + 1
        assert signed.cosignatures == {WITNESS: 3}
        log.prove(n // 2).verify(LEAVES[n // 2], LOG.key)
    first = open_checkpoint(store.notes[6], LOG.key).checkpoint
    last = open_checkpoint(store.notes[-1], LOG.key).checkpoint
    proof = log.prove_consistency(7)
    verify_consistency(7, 20, first.root, last.root, proof)


def test_batches_make_the_same_tree() -> None:
    assert Bench.of(20).note == Bench.of(20, first_batch=13).note


def test_a_log_is_taken_up_where_it_was_left() -> None:
    bench = Bench.of(13)
    again = Log(bench.store, lambda: [LOG])
    assert again.resume().size == 13
    again.append([b"another"])
    assert len(bench.store.entries) == 14
    again.prove(13).verify(b"another", LOG.key)


def test_an_empty_log_has_nothing_to_prove() -> None:
    with pytest.raises(OutOfRange):
        Log(MemoryStore(), lambda: [LOG]).prove(0)


def test_a_log_can_begin_with_an_empty_checkpoint() -> None:
    store = MemoryStore()
    Log(store, lambda: [TPM_LOG]).append([])
    assert open_checkpoint(store.notes[0], TPM_LOG.key).checkpoint.size == 0
    assert Log(store, lambda: [TPM_LOG]).resume() == Frontier()


@pytest.mark.parametrize("signer", [IMPOSTOR, TPM_LOG])
def test_audit_06_a_head_that_another_key_signed_is_not_continued(signer: Signer) -> None:
    bench = Bench.of(3, signer)
    with refused(Unverified, "note.unsigned"):
        Log(bench.store, lambda: [LOG]).append([b"x"])


def test_audit_01_touched_hashes_are_not_continued() -> None:
    bench = Bench.of(13)
    bench.store.hashes[-1] = leaf_hash(b"forged")
    with refused(Unverified, "log.head"):
        Log(bench.store, lambda: [LOG]).append([b"x"])


class Failing(MemoryStore):
    """Fails every second commit, once before and once after it was kept."""

    mode = ""

    def commit(self, append: Append, note: str) -> None:
        mode, self.mode = self.mode, ""
        if mode == "failed":
            raise OSError("disk full")
        super().commit(append, note)
        if mode == "failed but persisted":
            raise OSError("power cut")


@pytest.mark.parametrize(("mode", "kept"), [("failed", 2), ("failed but persisted", 3)])
def test_audit_11_after_a_failed_commit_the_log_asks_the_store(mode: str, kept: int) -> None:
    store = Failing()
    log = Log(store, lambda: [LOG])
    log.append(LEAVES[:2])
    store.mode = mode
    with pytest.raises(OSError, match=r"disk full|power cut"):
        log.append([b"lost or not"])
    assert log.resume().size == kept
    log.append([b"next"])
    assert tree_hash(kept + 1, store) == log.resume().root
    log.prove(0).verify(LEAVES[0], LOG.key)
    log.prove(kept).verify(b"next", LOG.key)


def test_audit_11_of_two_writers_only_one_commits() -> None:
    bench = Bench.of(4)
    other = Log(bench.store, lambda: [LOG])
    other.resume()
    bench.log.append([b"first"])
    with pytest.raises(RuntimeError, match="moved"):
        other.append([b"second"])
    other.append([b"second"])
    assert bench.store.entries[-2:] == [b"first", b"second"]
    assert open_checkpoint(bench.store.notes[-1], LOG.key).checkpoint.origin == ORIGIN
