from __future__ import annotations

from reference import settings


def test_every_setting_is_documented() -> None:
    assert sorted(settings.keys()) == sorted(settings.MEANINGS)


def test_ranges_and_defaults_come_from_the_classes() -> None:
    rows = settings.bank_page().splitlines()
    (door,) = (row for row in rows if row.startswith("| `door_open_s_max`"))
    assert "| 30 to 900 | `180` |" in door
    (closed,) = (row for row in rows if row.startswith("| `closed_when`"))
    assert "| required |" in closed
    assert "| `http_port` | number | `8000` |" in settings.cloud_page()
