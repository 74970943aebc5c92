from __future__ import annotations

import pytest
import sqlalchemy as sa

import cloud_bench
from bayward.cloud import reactions
from bayward.cloud.audit import service as audit
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.events import EventType
from cloud_bench import CloudBench

ONLY_TO_SEND = {"delivery", "job"}  # what `AFTER` may write


def test_every_event_has_its_row() -> None:
    assert set(reactions.WITHIN) == set(reactions.AFTER) == set(EventType)


@pytest.mark.parametrize("kind", EventType)
def test_the_log_is_first_for_every_event(kind: EventType) -> None:
    assert reactions.WITHIN[kind][0] is audit.append
    assert audit.append not in reactions.WITHIN[kind][1:]


def test_a_message_about_messages_would_never_end() -> None:
    for kind in (EventType.NOTIFICATION_SENT, EventType.NOTIFICATION_FAILED):
        assert reactions.AFTER[kind] == ()


async def test_after_only_writes_what_is_to_be_sent(
    cloud: CloudBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole story, watched: reactions of `AFTER` write to the outbox and to nothing else."""
    written: set[str] = set()
    is_after = False

    def watched(reaction: reactions.Reaction) -> reactions.Reaction:
        def run(work: Work, *told: object) -> None:
            nonlocal is_after
            is_after = True
            reaction(work, *told)  # type: ignore[arg-type]  # passed on as they came
            is_after = False

        return run

    rows = {kind: tuple(map(watched, row)) for kind, row in reactions.AFTER.items()}
    monkeypatch.setattr(reactions, "AFTER", rows)

    def note(*told: object) -> None:
        statement = str(told[2]).split()
        if is_after and statement[0] in {"INSERT", "UPDATE", "DELETE"}:
            written.add(statement[1] if statement[0] == "UPDATE" else statement[2])

    sa.event.listen(cloud.tx, "before_cursor_execute", note)
    await cloud_bench.tell(cloud)
    assert written == ONLY_TO_SEND
    assert cloud.rows(s.incident)
