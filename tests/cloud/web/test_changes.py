from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bayward.cloud.web.changes import Changes
from bayward.core.errors import LimitExceeded
from bayward.core.ids import TenantId

MINE, THEIRS = (TenantId.of(bytes([n]) * 16) for n in range(2))


class Commits:
    """What `Changes` needs of a unit of work: to be told of commits."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[frozenset[str]], None]] = []

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def commit(self, *topics: str) -> None:
        for listener in tuple(self.listeners):
            listener(frozenset(topics))


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def changes(commits: Commits) -> Changes:
    return Changes(commits, "boot", streams_max=3, streams_of_one_max=2)  # type: ignore[arg-type]  # only `on_commit` is used


async def test_a_commit_wakes_who_waits_for_its_tenant(changes: Changes, commits: Commits) -> None:
    since = changes.now(MINE)
    waiting = asyncio.create_task(changes.wait(MINE, since, 10))
    await asyncio.sleep(0)
    commits.commit(f"tenant/{THEIRS}", "jobs", "bank/x")
    await asyncio.sleep(0)
    assert not waiting.done()
    commits.commit(f"tenant/{MINE}")
    assert await waiting is True
    assert changes.now(MINE) != since


async def test_what_happened_before_waiting_is_not_missed(
    changes: Changes, commits: Commits
) -> None:
    since = changes.now(MINE)
    commits.commit(f"tenant/{MINE}")
    assert await changes.wait(MINE, since, 10) is True


async def test_nothing_new_is_false_after_a_while(changes: Changes) -> None:
    assert await changes.wait(MINE, changes.now(MINE), 0.01) is False
    assert not changes._waiting


async def test_another_process_begins_anew(commits: Commits) -> None:
    first, second = (
        Changes(commits, boot, streams_max=1, streams_of_one_max=1)  # type: ignore[arg-type]  # only `on_commit` is used
        for boot in ("a", "b")
    )
    assert first.now(MINE) != second.now(MINE)


def test_streams_are_counted_in_all_and_by_address(changes: Changes) -> None:
    with changes.stream("a"), changes.stream("a"):
        with pytest.raises(LimitExceeded, match="streams"):
            changes.check("a")
        changes.check("b")
        with changes.stream("b"), pytest.raises(LimitExceeded):
            changes.check("c")
    changes.check("a")
    assert not changes._streams


async def test_closing_wakes_everybody_and_listens_no_more(
    changes: Changes, commits: Commits
) -> None:
    waiting = asyncio.create_task(changes.wait(MINE, changes.now(MINE), 10))
    await asyncio.sleep(0)
    changes.close()
    changes.close()
    assert await waiting is True
    assert not changes.is_open()
    assert commits.listeners == []
