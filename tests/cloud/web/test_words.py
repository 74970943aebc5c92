from __future__ import annotations

import re

from bayward.cloud.audit.store import Wanted
from bayward.cloud.unit import Work
from bayward.cloud.web.words import WALL_TYPES, Words
from bayward.core.events import EventType
from bayward.ui.views.mail import Severity
from cloud_house import House, World


async def test_ids_become_what_people_say(house: House, world: World) -> None:
    def read(work: Work) -> list[str]:
        words = Words(work, house.tenant)
        return [
            words.person(world.rosa),
            words.unit(world.rosa),
            words.door(world.bank.door(1)),
            words.bank(world.bank.id),
            words.person("system") + words.person("bank"),
            words.person(None),
            words.person("prs_gone"),
            words.door(None),
            words.bank("bank_gone"),
        ]

    told = await house.do(read)
    assert told == ["Rosa1", "4B", "01", "Lobby 1", "", "", "prs_gone", "", ""]


async def test_another_tenants_people_are_nobody(house: House, world: World) -> None:
    other = await house.second_tenant()
    told = await house.do(lambda work: Words(work, other).person(world.rosa))
    assert told == world.rosa


async def test_a_line_holds_names_and_no_ids(house: House, world: World) -> None:
    def read(work: Work) -> list[tuple[str, dict[str, object], object]]:
        words = Words(work, house.tenant)
        lines, _ = words.happenings(Wanted(types=(EventType.PARCEL_DEPOSITED,)))
        return [(one.kind, dict(one.facts), one.is_proven) for one in lines]

    [(kind, facts, is_proven)] = await house.do(read)
    assert kind == "parcel.deposited"
    assert facts["who"] == "Carl1"
    assert facts["recipient"] == "Rosa1"
    assert facts["door"] == "01"
    assert not [value for value in facts.values() if str(value).startswith(("prs_", "prc_"))]
    assert is_proven is True


async def test_no_line_shows_an_id_or_a_bare_code(house: House, world: World) -> None:
    def read(work: Work) -> list[str]:
        words = Words(work, house.tenant)
        lines, _ = words.happenings(Wanted(), count=200)
        return [str(value) for one in lines for value in one.facts.values()]

    told = await house.do(read)
    assert not [value for value in told if re.match(r"[a-z]{3,4}_[0-9a-z]{26}", value)]


async def test_pages_of_lines_do_not_overlap(house: House, world: World) -> None:
    def read(work: Work) -> tuple[int, int, int | None]:
        words = Words(work, house.tenant)
        first, cursor = words.happenings(Wanted(), count=5)
        second, _ = words.happenings(Wanted(), before=cursor, count=5)
        return len(first), len(second), cursor

    assert (await house.do(read))[:2] == (5, 5)


async def test_alarms_are_loud_and_routine_is_left_out(house: House, world: World) -> None:
    def read(work: Work) -> dict[str, object]:
        words = Words(work, house.tenant)
        lines, _ = words.happenings(Wanted(bank=world.bank.id, types=WALL_TYPES))
        return {one.kind: one.severity for one in lines}

    told = await house.do(read)
    assert told["door.forced_open"] is Severity.CRITICAL
    assert "bank_log.accepted" not in told
    assert "grant.issued" not in told
