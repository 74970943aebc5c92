from __future__ import annotations

import pytest

from bayward.cloud.storage import outbox
from bayward.cloud.storage import schema as s
from bayward.core.clock import Instant
from cloud_bench import CloudBench

NOW = Instant(1_000)
LEASE = 100


def put(cloud: CloudBench, key: str | None = None, due: int = 1_000, kind: str = "mail") -> bool:
    with cloud.tx.begin():
        return outbox.enqueue(cloud.tx, NOW, kind=kind, key=key, payload={"a": 1}, due=Instant(due))


def claim(cloud: CloudBench, now: int = 1_000, count: int = 10) -> list[outbox.Job]:
    with cloud.tx.begin():
        return outbox.claim(cloud.tx, Instant(now), LEASE, count, ["mail"])


def test_the_same_key_is_put_in_once_per_kind(cloud: CloudBench) -> None:
    assert put(cloud, "k")
    assert not put(cloud, "k")
    assert put(cloud, "k", kind="call")
    assert put(cloud)
    assert put(cloud)  # without a key, every one counts


def test_jobs_are_claimed_when_due_oldest_first_and_by_one(cloud: CloudBench) -> None:
    put(cloud, "late", 3_000)
    put(cloud, "second", 900)
    put(cloud, "first", 800)
    assert [job.key for job in claim(cloud, count=1)] == ["first"]
    assert [job.key for job in claim(cloud)] == ["second"]
    assert claim(cloud) == []
    with cloud.tx.begin():
        assert outbox.next_due(cloud.tx, ["mail"]) == 1_000 + LEASE
        assert outbox.next_due(cloud.tx, ["call"]) is None


def test_a_lease_that_ran_out_passes_the_job_on(cloud: CloudBench) -> None:
    put(cloud, "k")
    [mine] = claim(cloud)
    [theirs] = claim(cloud, now=1_000 + LEASE)
    assert (mine.attempts, theirs.attempts) == (1, 2)
    with cloud.tx.begin():
        assert not outbox.finish(cloud.tx, mine)
        assert not outbox.postpone(cloud.tx, mine, Instant(5_000), "late")
        assert outbox.finish(cloud.tx, theirs)
        assert outbox.next_due(cloud.tx, ["mail"]) is None


def test_a_failed_job_comes_back_and_a_dead_one_does_not(cloud: CloudBench) -> None:
    put(cloud, "k")
    [job] = claim(cloud)
    with cloud.tx.begin():
        assert outbox.postpone(cloud.tx, job, Instant(1_500), "x" * 1_000)
    assert claim(cloud, now=1_499) == []
    [job] = claim(cloud, now=1_500)
    with cloud.tx.begin():
        assert outbox.bury(cloud.tx, job, "hopeless")
        assert not outbox.revive(cloud.tx, NOW, "mail", "other")
    assert claim(cloud, now=9_999) == []
    [row] = cloud.rows(s.job)
    assert (row.state, row.last_error) == ("dead", "hopeless")
    with cloud.tx.begin():
        assert outbox.revive(cloud.tx, NOW, "mail", "k")
    [job] = claim(cloud)
    assert job.attempts == 1


def test_a_job_being_done_is_not_discarded(cloud: CloudBench) -> None:
    put(cloud, "k")
    claim(cloud)
    with cloud.tx.begin():
        assert not outbox.discard(cloud.tx, "mail", "k")
    put(cloud, "free")
    with cloud.tx.begin():
        assert outbox.discard(cloud.tx, "mail", "free")


def test_a_payload_holds_ids_and_no_more(cloud: CloudBench) -> None:
    payload = {"text": "x" * outbox.PAYLOAD_CHARS_MAX}
    with pytest.raises(ValueError, match="payload"), cloud.tx.begin():
        outbox.enqueue(cloud.tx, NOW, kind="mail", key=None, payload=payload, due=NOW)
