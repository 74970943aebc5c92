import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.events import ALSO, ERASED, FIELDS, NUMBERS, Event, EventType, Scalar

NOW = Instant(1_800_000_000_000)


def sample(kind: EventType) -> Event:
    told = {name: 1 if name in NUMBERS else "x" for name in FIELDS[kind]}
    return Event(type=kind, time=NOW, **told)  # type: ignore[arg-type]  # per-type fields


@pytest.mark.parametrize("kind", EventType)
def test_every_type_round_trips_through_plain_fields(kind: EventType) -> None:
    event = sample(kind)
    assert Event.from_fields(event.to_fields()) == event


@pytest.mark.parametrize("kind", EventType)
def test_a_missing_field_is_named(kind: EventType) -> None:
    told = sample(kind).to_fields()
    for name in FIELDS[kind]:
        with pytest.raises(Invalid, match=f"field={name}"):
            Event.from_fields({key: value for key, value in told.items() if key != name})


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"type": "door.closed", "time": 1, "compartment": "c", "colour": "red"}, "field_unknown"),
        ({"type": "door.exploded", "time": 1}, "type_unknown"),
        ({"time": 1}, "type_unknown"),
        ({"type": "door.closed", "time": "1", "compartment": "c"}, "field_kind"),
        ({"type": "door.closed", "time": True, "compartment": "c"}, "field_kind"),
        ({"type": "door.closed", "time": 1, "compartment": 7}, "field_kind"),
        ({"type": "door.closed", "time": 1, "compartment": "c", "detail": "x" * 501}, "too_long"),
    ],
)
def test_foreign_fields_are_refused(told: dict[str, Scalar], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        Event.from_fields(told)


scalars = st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.none())


@given(st.dictionaries(st.sampled_from(["type", "time", "grant", "reason", "x"]), scalars))
def test_arbitrary_fields_raise_only_invalid(told: dict[str, Scalar]) -> None:
    try:
        Event.from_fields(told)
    except Invalid:
        return


def test_local_fields_stay_local() -> None:
    event = Event(type=EventType.CODE_ROTATED, time=NOW, grant="g", tag="secret")
    assert "tag" in event.to_fields()
    assert "tag" not in event.public().to_fields()


@pytest.mark.parametrize(("kind", "purpose"), [(one, two) for one in ALSO for two in ALSO[one]])
def test_what_the_rules_asked_for_reads_as_erased_when_it_is_gone(
    kind: EventType, purpose: Scalar
) -> None:
    told = sample(kind).to_fields() | {"purpose": purpose}
    event = Event.from_rest(told)
    assert {getattr(event, name) for name in ALSO[kind][purpose]} == {ERASED}


def test_the_name_of_who_is_there_by_his_id_reads_as_erased() -> None:
    told: dict[str, Scalar] = {"type": "custody.withdrawn", "time": NOW, "actor": "a", "item": "i"}
    assert Event.from_rest(told).party is None
    assert Event.from_rest(told | {"party_id": ERASED}).party == ERASED
    assert Event.from_rest(told | {"party_id": "pty_x", "party": "Court"}).party == "Court"
