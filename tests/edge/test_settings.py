from __future__ import annotations

import re
from pathlib import Path

import pytest

from bayward.core.door import DoorAlarm
from bayward.core.errors import Misconfigured
from bayward.core.ids import BankId, CompartmentId
from bayward.core.lockdown import Scope
from bayward.edge.settings import BankSettings, load, parse

BANK = BankId.of(b"bank-of-the-test")
DOORS = [CompartmentId.of(number.to_bytes(16, "big")) for number in (1, 2)]
PINS = ["A" * 43 + "=", "B" * 42 + "E="]

WHOLE = f"""
supplies = ["left"]

[bank]
id = "{BANK}"
name = "North lobby"
site = "12 Elm Street"
deployment = "bayward.example"
languages = ["en", "pl"]
time_zone = "Europe/Warsaw"
contact = "Front desk"

[cloud]
link = "wss://link.example:8443"
web = "https://lockers.example"
pins = ["{PINS[0]}", "{PINS[1]}"]

[times]
door_open_s_max = 90

[tamper]
open_too_long = "bank"

[[port]]
name = "line-1"
url = "/dev/serial/by-id/usb-1"

[[board]]
name = "top"
port = "line-1"
family = "kerong_cu16"
address = 0
closed_when = 1
supply = "left"

[[compartment]]
id = "{DOORS[0]}"
number = 1
column = 1
row = 1
size = "S"
inner_mm = [400, 120, 500]
floor_height_mm = 1300
board = "top"
lock = 0
has_occupancy_sensor = true

[[compartment]]
id = "{DOORS[1]}"
number = 2
column = 1
row = 2
height_units = 2
size = "M"
inner_mm = [400, 250, 500]
floor_height_mm = 900
board = "top"
lock = 1
"""


def read(text: str = WHOLE) -> BankSettings:
    return parse(text, "bank.toml")


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(WHOLE)
    settings = load(path)
    assert settings == read()
    assert settings.bank == BANK
    assert [space.number for space in settings.layout] == [1, 2]
    assert settings.layout[1].inner_depth_mm == 500
    assert settings.hardware.locks[1].lock == 1
    assert settings.controller.door_open_ms_max == 90_000
    assert settings.controller.tamper_scope[DoorAlarm.OPEN_TOO_LONG] is Scope.BANK
    assert settings.cloud is not None
    assert settings.cloud.pins == frozenset(PINS)
    assert settings.kiosk.zone.key == "Europe/Warsaw"


def test_a_bank_without_a_control_plane_is_an_island() -> None:
    without = re.sub(r"\[cloud\][^\[]*\[\"[^\]]*\]", "", WHOLE)
    assert read(without).cloud is None


@pytest.mark.parametrize(
    ("old", "new", "code", "key", "expected"),
    [
        ('name = "North lobby"', "", "settings.value", "bank", "missing required field `name`"),
        ("number = 2", 'number = "2"', "settings.value", "compartment[1].number", "`int`"),
        ("lock = 1", "lock = 1\ncolour = 3", "settings.value", "compartment[1]", "colour"),
        ("closed_when = 1", "", "settings.value", "board[0]", "closed_when"),
        ("closed_when = 1", "closed_when = 2", "settings.value", "board[0].closed_when", "<= 1"),
        ("= 90", "= 9", "settings.value", "times.door_open_s_max", ">= 30"),
        ('size = "M"', 'size = "XXL"', "settings.value", "compartment[1].size", "XXL"),
        ("wss://", "ws://", "settings.value", "cloud.link", "wss"),
        (str(DOORS[1]), "cmp_2", "id.malformed", "compartment[1].id", "cmp"),
        (str(DOORS[1]), str(DOORS[0]), "settings.twice", "compartment.id", ""),
        ("number = 2", "number = 1", "settings.twice", "compartment.number", ""),
        ("row = 2", "row = 1", "settings.twice", "compartment.column/row", ""),
        (str(BANK), "bank_", "id.malformed", "bank.id", "bank"),
        ("Europe/Warsaw", "Europe/Elsewhere", "settings.time_zone", "bank.time_zone", ""),
        (f', "{PINS[1]}"', "", "settings.pins", "cloud.pins", "2"),
        (PINS[1], "sha256", "pins.malformed", "cloud.pins", ""),
        ('board = "top"\nlock = 1', 'board = "low"\nlock = 1', "wiring.board_unknown", "", "low"),
        ("lock = 1", "lock = 0", "wiring.lock_twice", "", "top"),
        ("lock = 1", "lock = 16", "wiring.lock", "", "16"),
        ("[bank]", "[bank", "settings.not_toml", "", "line 4"),
        ('"left"\n', '"right"\n', "wiring.supply_unknown", "", "right"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_expectation(
    old: str, new: str, code: str, key: str, expected: str
) -> None:
    assert old in WHOLE
    with pytest.raises(Misconfigured) as caught:
        read(WHOLE.replace(old, new))
    assert caught.value.code == code
    assert caught.value.facts["file"] == "bank.toml"
    if key:
        assert caught.value.facts["key"] == key
    assert expected in str(caught.value)


def test_identity_11_codes_that_guessing_could_find_are_refused() -> None:
    shorter = WHOLE.replace("[times]", "[codes]\nlength = 6\ncouriers_max = 398\n\n[times]")
    with pytest.raises(Misconfigured) as caught:
        read(shorter)
    assert caught.value.code == "code.too_short"
    assert caught.value.facts["required"] == 9
    assert caught.value.facts["chance"] == "1.3e-01"
    assert caught.value.facts["key"] == "codes.length"
    assert read(shorter.replace("length = 6", "length = 9")).codes.length == 9


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"settings\.unreadable .*No such file"):
        load(tmp_path / "bank.toml")
    (tmp_path / "bank.toml").write_bytes(b"\xff")
    with pytest.raises(Misconfigured, match=r"settings\.not_utf8"):
        load(tmp_path / "bank.toml")
    (tmp_path / "bank.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(Misconfigured, match=r"settings\.too_large"):
        load(tmp_path / "bank.toml")
