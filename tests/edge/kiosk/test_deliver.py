from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bayward.core.compartment import Mode
from bayward.core.events import Event, EventType
from bayward.core.ids import PersonId
from bayward.edge.controller import Tick
from bayward.edge.settings import CloudSettings
from bayward.ui.views.wall import door_label
from bayward.wire import receipt_word
from edge_bench import BANK, ClerkBench, make_settings
from kiosk_bench import RECIPIENT, KioskBench
from qr_pictures import on_page
from table_top import ANNA, layout

SIZE, DOOR, CONFIRM = "/kiosk/deliver/size", "/kiosk/deliver/door", "/kiosk/deliver/confirm"
PARCEL, SECOND = "/kiosk/deliver/parcel", "/kiosk/second"
THANKS, WEB = "/kiosk/thanks", "https://lockers.example.com"


@pytest.fixture
def bench(tmp_path: Path) -> KioskBench:
    return KioskBench(tmp_path)


def last(clerk: ClerkBench, kind: EventType) -> Event:
    return [event for event in clerk.journal.events() if event.type is kind][-1]


async def put_in(bench: KioskBench, *, is_occupied: bool | None = True) -> None:
    bench.play()
    door = next(
        one for one in bench.clerk.settings.layout
        if one.id == bench.agent.view().visit.compartment
    )  # fmt: skip
    bench.clerk.clock.later(5_000)
    bench.clerk.read(door, is_closed=True, is_occupied=is_occupied)
    bench.agent.tell()


async def test_two_parcels_and_good_bye(bench: KioskBench) -> None:
    await bench.sign_in()
    assert "UPS" in await bench.get(PARCEL)
    await bench.describe_parcel()
    assert "4B" not in await bench.get(SIZE)
    assert await bench.post(SIZE, size="S") == DOOR
    assert "A··· L·····" in await bench.get(DOOR)
    await put_in(bench)
    assert await bench.leads(DOOR) == CONFIRM
    assert "1Z5R89390357567127" in await bench.get(CONFIRM)
    assert await bench.post(CONFIRM, answer="another") == PARCEL
    await bench.describe_parcel()
    assert await bench.post(SIZE, size="M") == DOOR
    await put_in(bench)
    assert await bench.post(CONFIRM, answer="finish") == "/kiosk/thanks"
    assert "Delivered" in await bench.get("/kiosk/thanks")
    assert "Delivered" not in await bench.get("/kiosk")
    deposited = last(bench.clerk, EventType.PARCEL_DEPOSITED)
    assert (deposited.method, deposited.size) == ("courier", "M")


async def test_wrong_size_gives_another_door_for_the_same_parcel(bench: KioskBench) -> None:
    await bench.sign_in()
    await bench.describe_parcel()
    await bench.post(SIZE, size="S")
    bench.play()
    await bench.get(CONFIRM)
    assert await bench.leads(SIZE) == DOOR
    assert await bench.post(CONFIRM, answer="wrong_size") == SIZE
    await bench.get(SIZE)
    assert await bench.post(SIZE, size="L") == DOOR
    reserved = last(bench.clerk, EventType.COMPARTMENT_RESERVED)
    assert (reserved.size, reserved.tracking) == ("L", "1Z5R89390357567127")
    assert last(bench.clerk, EventType.COMPARTMENT_RELEASED).reason == "wrong_size"


async def test_cancel_leaves_the_courier_signed_in(bench: KioskBench) -> None:
    await bench.sign_in()
    await bench.describe_parcel()
    await bench.post(SIZE, size="S")
    await put_in(bench, is_occupied=False)
    assert "empty" in await bench.get(CONFIRM)
    assert await bench.post(CONFIRM, answer="cancel") == PARCEL


async def test_confirming_an_open_door_does_nothing(bench: KioskBench) -> None:
    await bench.sign_in()
    await bench.describe_parcel()
    await bench.post(SIZE, size="S")
    bench.play()
    assert await bench.post(CONFIRM, answer="finish") == DOOR
    assert EventType.PARCEL_DEPOSITED not in [one.type for one in bench.clerk.journal.events()]


async def test_a_full_bank_offers_what_is_larger(bench: KioskBench) -> None:
    await bench.sign_in()
    for _ in range(2):
        await bench.describe_parcel()
        await bench.post(SIZE, size="L")
        await put_in(bench)
        await bench.post(CONFIRM, answer="another")
    await bench.describe_parcel()
    assert "disabled" in await bench.get(SIZE)
    assert await bench.post(SIZE, size="L") == SIZE
    assert "Finish" in await bench.get(SIZE)
    assert await bench.post(SIZE, size="S") == DOOR


async def test_who_needs_a_low_door_gets_one(bench: KioskBench) -> None:
    await bench.sign_in()
    await bench.post(PARCEL, tracking="1Z5R89390357567127")
    await bench.post(RECIPIENT, query="1a")
    await bench.post(RECIPIENT, recipient="0")
    assert "checked" in await bench.get(SIZE)
    await bench.post(SIZE, size="S")
    compartment = bench.agent.view().visit.compartment
    assert compartment is not None
    assert bench.agent.view().compartment(compartment).built.is_within_reach


@pytest.mark.parametrize("tracking", ["", "12345", "x" * 41, "1Z\x00\x1d12345", "<script>alert()"])
async def test_odd_tracking_numbers_are_told_and_kept_out(bench: KioskBench, tracking: str) -> None:
    await bench.sign_in()
    assert await bench.post(PARCEL, tracking=tracking) == PARCEL
    page = await bench.get(PARCEL)
    assert 'role="alert"' in page
    assert "<script>alert()" not in page


async def test_identity_81_search_is_masked_short_and_limited(bench: KioskBench) -> None:
    await bench.sign_in()
    await bench.post(PARCEL, tracking="1Z5R89390357567127")
    await bench.post(RECIPIENT, query="an")
    page = await bench.get(RECIPIENT)
    assert "alert" in page
    await bench.post(RECIPIENT, query="ann")
    page = await bench.get(RECIPIENT)
    assert "A··· L·····" in page
    assert "Lindgren" not in page
    assert "A··· L·····" not in await bench.get(f"{RECIPIENT}?again=1")
    for _ in range(12):
        await bench.post(RECIPIENT, query="ann")
    assert "A··· L·····" not in await bench.get(RECIPIENT)


async def test_identity_78_nothing_opens_without_a_courier_and_a_parcel(
    bench: KioskBench,
) -> None:
    assert await bench.post(PARCEL, tracking="1Z5R89390357567127") == "/kiosk"
    assert await bench.post(RECIPIENT, query="4b") == "/kiosk"
    assert await bench.post(SIZE, size="S") == PARCEL
    assert await bench.leads(PARCEL) == "/kiosk"
    assert await bench.post(CONFIRM, answer="finish") == "/kiosk"
    await bench.sign_in()
    assert await bench.post(SIZE, size="S") == PARCEL
    assert await bench.post(SIZE, size="HUGE") == SIZE
    assert await bench.post(RECIPIENT, recipient="7") == RECIPIENT
    kinds = {event.type for event in bench.clerk.journal.events()}
    assert EventType.UNLOCK_REQUESTED not in kinds


async def test_identity_83_a_tracking_number_is_no_code(bench: KioskBench) -> None:
    assert await bench.post("/kiosk/collect", code="1Z5R89390357567127") == "/kiosk/refused"


async def test_signing_out_forgets_the_parcel(bench: KioskBench) -> None:
    await bench.sign_in()
    await bench.describe_parcel()
    assert await bench.post("/kiosk/deliver/sign-out") == "/kiosk"
    await bench.sign_in()
    assert await bench.post(SIZE, size="S") == PARCEL
    assert "1Z5R89390357567127" not in await bench.get(PARCEL)


async def test_an_item_goes_in_and_out_only_when_two_people_are_there(tmp_path: Path) -> None:
    doors = [replace(one, mode=Mode.EVIDENCE) if one.number == 1 else one for one in layout()]
    bench = KioskBench(tmp_path, settings=make_settings(doors))
    for_evidence = Mode.EVIDENCE.value
    ben = bench.clerk.admit(PersonId.of(b"ben".ljust(16)), for_evidence)
    bench.clerk.admit(ANNA, for_evidence)
    await bench.sign_in(for_evidence)
    await bench.describe_parcel("ITM-5N3B6R7T2W")
    sizes = await bench.get(SIZE)
    assert ('value="S"' in sizes, 'value="M"' in sizes) == (True, False)
    assert await bench.post(SIZE, size="S") == SECOND
    assert "A second person, please" in await bench.get(SECOND)
    assert await bench.leads(DOOR) == SECOND
    assert await bench.post(SECOND, code=ben) == DOOR
    await put_in(bench)
    await bench.post(CONFIRM, answer="finish")
    code = bench.clerk.letters[-1].code
    await bench.get("/kiosk")
    assert await bench.post("/kiosk/collect", code=code) == SECOND
    assert await bench.post(SECOND, code=code) == "/kiosk/refused"
    await bench.get("/kiosk")
    assert await bench.post(SECOND, code=ben) == "/kiosk"
    bench.clerk.clock.later(60_000)
    assert await bench.post("/kiosk/collect", code=code) == SECOND
    assert await bench.post(SECOND, code=ben) == "/kiosk/door"
    assert last(bench.clerk, EventType.ACCESS_GRANTED).witness == PersonId.of(b"ben".ljust(16))


def words_in_log(clerk: ClerkBench, kind: EventType) -> list[str]:
    """Where the receipts of all entries of a type are to be had, as the control plane sees it."""
    log = clerk.journal
    places = [place for place, event in enumerate(log.events()) if event.type is kind]
    found = []
    for place in places:
        [entry] = log.reader().entries(place, place + 1)
        raw = receipt_word.word_of(kind, log.origin, entry.disclosures)
        assert raw is not None
        found.append(f"{WEB}/receipt/{BANK}/{receipt_word.spell(raw)}")
    return found


@pytest.fixture
def connected(tmp_path: Path) -> KioskBench:
    settings = replace(make_settings(), cloud=CloudSettings(web=WEB))
    return KioskBench(tmp_path, settings=settings)


async def test_the_good_bye_shows_a_receipt_of_each_parcel(connected: KioskBench) -> None:
    await connected.sign_in()
    for answer in ("another", "another", "finish"):
        await connected.describe_parcel()
        await connected.post(SIZE, size="S" if answer == "another" else "M")
        await put_in(connected)
        await connected.post(CONFIRM, answer=answer)
    words = words_in_log(connected.clerk, EventType.PARCEL_DEPOSITED)
    assert len(set(words)) == 3
    page = await connected.get(THANKS)
    assert on_page(page) == [words[2]]
    assert "receipt 3 of 3" in page
    for number, word in enumerate(words, start=1):
        assert on_page(await connected.get(f"{THANKS}?receipt={number}")) == [word]
    for odd in ("0", "4", "-1", "x", "9" * 50, "\u0663"):
        assert on_page(await connected.get(f"{THANKS}?receipt={odd}")) == [words[2]]
    await connected.get("/kiosk")
    assert await connected.leads(THANKS) == "/kiosk"


async def test_a_courier_who_signs_out_takes_his_receipts_along(connected: KioskBench) -> None:
    await connected.sign_in()
    await connected.describe_parcel()
    await connected.post(SIZE, size="S")
    await put_in(connected)
    assert await connected.post(CONFIRM, answer="another") == PARCEL
    assert on_page(await connected.get(PARCEL)) == []
    assert await connected.post("/kiosk/deliver/sign-out") == THANKS
    word = words_in_log(connected.clerk, EventType.PARCEL_DEPOSITED)
    page = await connected.get(THANKS)
    assert on_page(page) == word
    deposited = last(connected.clerk, EventType.PARCEL_DEPOSITED)
    door = next(one for one in connected.clerk.settings.layout if one.id == deposited.compartment)
    assert f"Door {door_label(door.number)}" in page
    await connected.sign_in()
    assert await connected.post("/kiosk/deliver/sign-out") == "/kiosk"


async def test_who_collects_is_shown_his_own_and_not_the_couriers(connected: KioskBench) -> None:
    await connected.sign_in()
    await connected.describe_parcel()
    await connected.post(SIZE, size="S")
    await put_in(connected)
    await connected.post(CONFIRM, answer="finish")
    assert on_page(await connected.get(THANKS))
    code = connected.clerk.letters[-1].code
    assert await connected.post("/kiosk/collect", code=code) == "/kiosk/door"
    await put_in(connected, is_occupied=False)
    page = await connected.get(THANKS)
    assert on_page(page) == words_in_log(connected.clerk, EventType.PARCEL_COLLECTED)
    assert "Thank you. Have a good day." in page
    assert "Next" not in page
    connected.clerk.clock.later(60_000)
    connected.clerk.do(Tick())
    assert on_page(await connected.get(THANKS)), "it stays while somebody takes his telephone out"


async def test_cancelled_is_no_receipt_and_an_island_has_none(
    connected: KioskBench, bench_elsewhere: KioskBench
) -> None:
    await connected.sign_in()
    await connected.describe_parcel()
    await connected.post(SIZE, size="S")
    await put_in(connected, is_occupied=False)
    await connected.post(CONFIRM, answer="cancel")
    assert await connected.post("/kiosk/deliver/sign-out") == "/kiosk"
    island = bench_elsewhere
    await island.sign_in()
    await island.describe_parcel()
    await island.post(SIZE, size="S")
    await put_in(island)
    await island.post(CONFIRM, answer="finish")
    page = await island.get(THANKS)
    assert "Delivered" in page
    assert on_page(page) == []


@pytest.fixture
def bench_elsewhere(tmp_path: Path) -> KioskBench:
    (tmp_path / "island").mkdir()
    return KioskBench(tmp_path / "island")


async def test_who_is_not_admitted_for_evidence_is_told_so_and_puts_nothing_in(
    tmp_path: Path,
) -> None:
    doors = [replace(one, mode=Mode.EVIDENCE) if one.number == 1 else one for one in layout()]
    bench = KioskBench(tmp_path, settings=make_settings(doors))
    await bench.sign_in()
    await bench.describe_parcel("ITM-5N3B6R7T2W")
    assert await bench.post(SIZE, size="S") == "/kiosk/refused"
    assert "This is not for you to put in" in await bench.get("/kiosk/refused")
    assert last(bench.clerk, EventType.ACCESS_REFUSED).reason == "courier.not_for_mode"


async def test_the_second_person_may_type_first_at_collect(tmp_path: Path) -> None:
    doors = [replace(one, mode=Mode.EVIDENCE) if one.number == 1 else one for one in layout()]
    bench = KioskBench(tmp_path, settings=make_settings(doors))
    ben = bench.clerk.admit(PersonId.of(b"ben".ljust(16)), "evidence")
    assert await bench.post("/kiosk/collect", code=ben) == SECOND
    assert "types the code from their message" in await bench.get(SECOND)
