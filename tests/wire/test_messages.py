from __future__ import annotations

import msgspec
import pytest

from bayward.core.commands import Order
from bayward.core.compartment import Compartment, LifeSafety, Mode, Size, TemperatureZone
from bayward.core.ids import CommandId
from bayward.wire import codec, limits
from bayward.wire import messages as m
from bayward.wire.orders import order_to_wire
from messages_table import COMPARTMENT, EPOCH, HASH, HEX, NOW, ORDERS, PERSON

WIDEST = "😀"
DOOR = Compartment(
    id=COMPARTMENT,
    number=1000,
    column=1000,
    row=1000,
    height_units=1000,
    size=Size.XL,
    inner_width_mm=100_000,
    inner_height_mm=100_000,
    inner_depth_mm=100_000,
    floor_height_mm=100_000,
    mode=Mode.DELIVERY,
    zone=TemperatureZone.AMBIENT,
    has_occupancy_sensor=False,
    life_safety=LifeSafety.OCCUPIABLE,
)


def test_the_largest_layout_fits_a_frame_and_comes_back() -> None:
    doors = [DOOR] * limits.COMPARTMENTS_MAX
    layout = m.layout_of(WIDEST * limits.NAME_CHARS_MAX, HEX, doors)
    frame = codec.decode(codec.encode_request("123456789012345", layout))
    assert isinstance(frame, codec.Call)
    back = codec.read_request(frame)
    assert isinstance(back, m.Layout)
    assert list(m.compartments_of(back)) == doors


def test_the_largest_readings_fit_a_frame() -> None:
    door = m.DoorReading(
        compartment=COMPARTMENT,
        state=m.DoorState.UNKNOWN,
        age_ms=2**63 - 1,
        occupied=False,
        why="x" * 32,
    )
    readings = m.Readings(
        doors=[door] * limits.COMPARTMENTS_MAX,
        is_siren_on=False,
        lockdowns=[COMPARTMENT] * limits.LOCKDOWNS_MAX,
        pending=2**63 - 1,
    )
    assert len(codec.encode_request("1", readings)) <= limits.FRAME_BYTES_MAX


def test_the_largest_upload_fits_a_frame() -> None:
    empty = msgspec.json.encode(m.Entry(leaf="", disclosures=[]))
    entries = [m.Entry(leaf="x" * 1000, disclosures=[])] * (
        limits.UPLOAD_BYTES_MAX // (len(empty) + 1001)
    )
    upload = m.Upload(
        old_size=2**63 - 1,
        checkpoint="—" * limits.NOTE_CHARS_MAX,
        proof=[HASH] * limits.PROOF_HASHES_MAX,
        entries=entries,
        letters=[],
    )
    assert len(codec.encode_request("1", upload)) <= limits.FRAME_BYTES_MAX


def test_a_full_page_of_the_widest_names_fits_a_frame() -> None:
    one = m.Recipient(
        person=PERSON,
        unit=WIDEST * limits.UNIT_CHARS_MAX,
        name=WIDEST * limits.NAME_CHARS_MAX,
        needs_low=False,
    )
    count = limits.PAGE_BYTES_MAX // len(
        msgspec.json.encode({**msgspec.structs.asdict(one), "person": str(PERSON)})
    )
    page = m.Directory(revision=1, total=count, first=0, recipients=[one] * count)
    assert count > 50
    assert len(codec.encode_request("1", page)) <= limits.FRAME_BYTES_MAX


@pytest.mark.parametrize("order", ORDERS, ids=lambda one: type(one).__name__)
def test_a_command_reaches_the_controller_as_it_was_given(order: Order) -> None:
    command = m.Command(
        id=CommandId.of(HASH[:16]), order=order_to_wire(order), not_after=NOW, epoch=EPOCH
    )
    frame = codec.decode(codec.encode_request("1", command))
    assert isinstance(frame, codec.Call)
    back = codec.read_request(frame)
    assert isinstance(back, m.Command)
    core = back.to_core()
    assert core.order == order
    assert (core.id, core.not_after, core.epoch) == (command.id, NOW, EPOCH)
    assert isinstance(core.id, CommandId)


def test_every_action_is_either_up_or_down_and_all_but_sends_are_answered() -> None:
    assert m.UP | m.DOWN == set(m.Action) == set(m.REQUESTS)
    assert not m.UP & m.DOWN
    assert set(m.ANSWERS) | m.SENDS == set(m.Action)
