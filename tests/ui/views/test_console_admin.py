"""What the workshops of the console work out by themselves."""

from __future__ import annotations

from bayward.core.events import EventType
from bayward.ui.gallery.console import SHELL
from bayward.ui.i18n import catalogues
from bayward.ui.views.console_admin import EVENT_GROUPS, Webhooks


def test_every_event_can_be_chosen_once_and_alarms_come_first() -> None:
    kinds = tuple(kind.value for kind in EventType)
    groups = Webhooks(shell=SHELL, rows=(), event_types=kinds).event_groups
    assert sorted(kind for _, inside in groups for kind in inside) == sorted(kinds)
    name, alarms = groups[0]
    assert name == "alarms"
    assert {"door.forced_open", "lockdown.engaged"} <= set(alarms)
    assert all(catalogues()["en"].find(f"console.event_group.{name}") for name in EVENT_GROUPS)
