"""What both stores promise."""

from __future__ import annotations

import pytest

from bayward.cloud.storage.log_store.segment import cut
from bayward.core.errors import Conflict
from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.errors import Unverified
from bayward.ledger.log import Log
from ledger_bench import IMPOSTOR, LOG, refused
from log_store_bench import Kind, entries, entry, recheck


def test_an_empty_log(kind: Kind) -> None:
    store = kind.store()
    assert store.read_head() is None
    assert recheck(store) == []
    Log(store, lambda: [LOG]).append([])
    note = store.read_head()
    assert note is not None
    assert open_checkpoint(note, LOG.key).checkpoint.size == 0
    Log(store, lambda: [LOG]).append([b"first"])
    assert recheck(store) == [b"first"]


def test_what_is_appended_is_there_again(kind: Kind) -> None:
    log = Log(kind.store(), lambda: [LOG])
    every = [entry(n) for n in range(300)]
    at = 0
    for size in (1, 1, 2, 60, 29, 31, 1, 150, 25):
        opened = [b"opens %d" % n for n in range(at, at + size)] if size > 2 else []
        log.append(every[at : at + size], opened)
        at += size
    again = kind.store()
    assert recheck(again) == every
    assert [index for index, _, _ in cut(again.segments, 63, 40)] == list(range(63, 103))
    assert next(cut(again.segments, 70, 1)) == (70, every[70], b"opens 70")
    assert next(cut(again.segments, 1, 1)) == (1, every[1], b"")
    assert list(cut(again.segments, 300, 5)) == []
    assert list(again.segments(10**6)) == []


def test_a_log_goes_on_after_a_restart(kind: Kind) -> None:
    Log(kind.store(), lambda: [LOG]).append([entry(1), entry(2)])
    again = Log(kind.store(), lambda: [LOG])
    assert again.append([entry(3)]).first == 2
    again.prove(1).verify(entry(2), LOG.key)
    assert recheck(kind.store()) == [entry(1), entry(2), entry(3)]


def test_the_second_writer_finds_the_head_moved_and_keeps_nothing(kind: Kind) -> None:
    first, second = kind.store(), kind.store()
    one, other = Log(first, lambda: [LOG]), Log(second, lambda: [LOG])
    one.append([b"a"])
    other.resume()
    one.append([b"b"])
    with pytest.raises(Conflict, match=r"log\.moved"):
        other.append([b"lost"])
    assert recheck(second) == [b"a", b"b"]
    assert other.append([b"c"]).first == 2
    assert recheck(first) == [b"a", b"b", b"c"]


def test_two_logs_do_not_see_each_other(kind: Kind) -> None:
    one, other = kind.store("bench.example/one"), kind.store("bench.example/other")
    Log(one, lambda: [LOG]).append([b"a", b"b"])
    Log(other, lambda: [LOG]).append([b"c"])
    assert entries(one) == [b"a", b"b"]
    assert entries(other) == [b"c"]
    assert recheck(one) == [b"a", b"b"]


def test_a_log_of_another_key_is_not_taken_up(kind: Kind) -> None:
    Log(kind.store(), lambda: [IMPOSTOR]).append([b"a"])
    with pytest.raises(Unverified):
        Log(kind.store(), lambda: [LOG]).resume()


def test_a_hash_that_is_not_there_is_named(kind: Kind) -> None:
    store = kind.store()
    Log(store, lambda: [LOG]).append([b"a", b"b"])
    assert len(list(store.read_hashes([2, 0]))) == 2
    with refused(Unverified, "log.hash: the hash at place 3 "):
        store.read_hashes([0, 3])
    assert list(store.read_hashes([])) == []
