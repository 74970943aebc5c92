from __future__ import annotations

from dataclasses import fields

import pytest

from bayward.core.events import Event, EventType
from bayward.core.ids import PartyId, PersonId
from bayward.core.whose import ABOUT, CODED, is_party, is_subject, whose
from cloud_bench import named

ANNE, BEN = named(PersonId, 1), named(PersonId, 2)


def test_each_field_is_whose_it_is_about() -> None:
    told = {
        "type": "parcel.deposited",
        "time": 1,
        "actor": BEN,
        "recipient": ANNE,
        "compartment": "cmp_x",
        "carrier": "UPS",
        "tracking": "1Z",
    }
    assert whose(told) == {
        "type": None,
        "time": None,
        "actor": BEN,
        "recipient": ANNE,
        "compartment": None,
        "carrier": None,
        "tracking": ANNE,
    }


def test_free_text_is_the_subjects_or_else_the_writers() -> None:
    assert whose({"type": "incident.closed", "actor": BEN, "reason": "x"})["reason"] == BEN
    both = {"type": "person.changed", "actor": BEN, "subject": ANNE, "detail": "x"}
    assert whose(both)["detail"] == ANNE


def test_words_of_a_program_are_the_tenants() -> None:
    assert whose({"type": "command.sent", "actor": BEN, "detail": "rotate_code"})["detail"] is None
    assert whose({"type": "lockdown.engaged", "actor": "bank", "reason": "forced_open"}) == {
        "type": None, "actor": None, "reason": None,
    }  # fmt: skip


def test_nothing_that_is_not_text_names_a_person() -> None:
    assert whose({"actor": 7, "recipient": None, "subject": ["prs_1"]}) == {
        "actor": None, "recipient": None, "subject": None,
    }  # fmt: skip


def test_the_table_speaks_of_fields_that_there_are() -> None:
    known = {field.name for field in fields(Event)}
    assert set(ABOUT) <= known
    assert {name for names in ABOUT.values() for name in names} <= known
    assert {name for _, name in CODED} <= {"reason", "detail", "scope"}


@pytest.mark.parametrize("kind", list(EventType))
def test_every_person_an_event_names_owns_his_name(kind: EventType) -> None:
    told = {"type": kind.value, "actor": ANNE, "recipient": ANNE, "subject": ANNE}
    owned = whose(told)
    assert {owned[name] for name in ("actor", "recipient", "subject")} == {ANNE}


def test_a_party_owns_his_name_and_id_and_nothing_else() -> None:
    court = named(PartyId, 3)
    told = {
        "type": "custody.released", "actor": ANNE, "witness": BEN, "party": "Court",
        "party_id": court, "authority": "order 7", "reason": "asked for by the Court",
    }  # fmt: skip
    assert whose(told) == {
        "type": None, "actor": ANNE, "witness": BEN, "party": court, "party_id": court,
        "authority": ANNE, "reason": ANNE,
    }  # fmt: skip


def test_a_party_without_an_id_belongs_to_who_wrote_it_down() -> None:
    assert whose({"type": "custody.released", "actor": ANNE, "party": "Court"})["party"] == ANNE
    claimed = {"type": "custody.released", "actor": ANNE, "party": "x", "party_id": "erased"}
    assert whose(claimed)["party"] == ANNE


@pytest.mark.parametrize(
    ("text", "subject", "party"),
    [(ANNE, True, False), (named(PartyId, 3), True, True), ("pty", False, False),
     ("", False, False), ("itm_x", False, False)],
)  # fmt: skip
def test_who_has_a_key(text: str, *, subject: bool, party: bool) -> None:
    assert (is_subject(text), is_party(text)) == (subject, party)
