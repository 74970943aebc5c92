from __future__ import annotations

from bayward.core.events import Event, EventType
from reference import events


def test_every_type_has_one_row() -> None:
    page = events.page()
    for kind in EventType:
        assert page.count(f"\n| `{kind.value}` |") == 1


def test_every_field_has_one_row() -> None:
    table = events.field_table()
    for name in Event.__slots__:
        assert table.count(f"\n| `{name}` |") == 1


def test_what_follows_is_told_without_the_log() -> None:
    forced = events.following(EventType.DOOR_FORCED_OPEN)
    assert "`incidents.signalled`" in forced
    assert "audit.append" not in forced
    assert events.following(EventType.UNLOCK_REQUESTED) == "none"
