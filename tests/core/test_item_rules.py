from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bayward.core.errors import Conflict, Invalid
from bayward.core.events import ERASED, Event, EventType
from bayward.core.ids import PersonId
from bayward.core.item_chain import chain
from bayward.core.item_rules import BREAKS, doubts, follow, registered
from bayward.core.items import (
    NOBODY,
    OFFER_LIFE_MS,
    TRANSITIONS,
    Holder,
    HolderKind,
    Item,
    ItemState,
    OfferKind,
    SealState,
)
from item_story import ANNE, BEN, CARA, DOOR, FROM_BANK, START, accept, new, offer, person, told

_T = EventType
STAFF = (ANNE, BEN, CARA)


def after(*events: Event) -> Item:
    item = registered(events[0])
    for event in events[1:]:
        item = follow(item, event)
    return item


def test_a_photo_is_added_by_who_holds_it_and_moves_nothing() -> None:
    item = after(new())
    photo: dict[str, Any] = {"photo": "0" * 64}
    assert follow(item, told(_T.ITEM_PHOTOGRAPHED, actor=ANNE, **photo)) == item
    with pytest.raises(Conflict, match="not_the_holder"):
        follow(item, told(_T.ITEM_PHOTOGRAPHED, actor=BEN, **photo))
    with pytest.raises(Invalid, match=r"photo\.hash"):
        follow(item, told(_T.ITEM_PHOTOGRAPHED, actor=ANNE, photo="0" * 63))


def test_what_is_accepted_is_what_was_offered_the_place_included() -> None:
    there, elsewhere = "ten_a/site_b", "ten_a/site_c"
    offered = after(new(), offer(recipient=BEN, scope=there))
    assert offered.offer is not None
    assert offered.offer.scope == there
    for wrong in (None, elsewhere):
        with pytest.raises(Invalid, match=r"custody\.to_where"):
            follow(offered, accept(scope=wrong))
    assert follow(offered, accept(scope=there)).holder == person(BEN)
    with pytest.raises(Invalid, match=r"custody\.to_where"):
        follow(after(new(), offer(recipient=BEN)), accept(scope=there))
    with pytest.raises(Invalid, match=r"custody\.to_where"):
        after(new(), offer(OfferKind.RELEASE, party="laboratory", scope=there))


def test_who_registers_it_holds_it_until_the_other_side_says_yes() -> None:
    offered = after(new(), offer(recipient=BEN))
    assert (offered.holder, offered.state) == (person(ANNE), ItemState.OFFERED)
    assert follow(offered, accept()).holder == person(BEN)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (offer(recipient=ANNE), "custody.same_person"),
        (offer(recipient=BEN, actor=BEN), "custody.not_the_holder"),
        (offer(), "custody.to_whom"),
        (offer(OfferKind.RELEASE), "custody.to_whom"),
        (offer(OfferKind.DISPOSAL), "custody.authority"),
        (offer(recipient=BEN, photo="A" * 64), "photo.hash"),
        (accept(), "item.move"),
        (told(_T.CUSTODY_RETURNED, actor=BEN, party="court"), "item.move"),
        (told(_T.CUSTODY_TAKEN, actor=ANNE, reason="x"), "custody.same_person"),
        (told(_T.SEAL_CHECKED, actor=ANNE, seal="S1", result="intact"), "seal.none"),
        (told(_T.SEAL_APPLIED, actor=BEN, seal="S1"), "custody.not_the_holder"),
        (told(_T.DOOR_OPENED, compartment=DOOR), "item.move"),
        (new(), "item.move"),
    ],
)
def test_what_the_holder_alone_cannot_do(event: Event, code: str) -> None:
    with pytest.raises((Conflict, Invalid)) as caught:
        follow(after(new()), event)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (accept(actor=CARA), "custody.not_offered_to_you"),
        (accept(at=OFFER_LIFE_MS), "custody.too_late"),
        (told(_T.CUSTODY_REFUSED, actor=CARA, reason="x"), "custody.not_offered_to_you"),
        (told(_T.CUSTODY_WITHDRAWN, actor=BEN), "custody.not_the_holder"),
        (told(_T.CUSTODY_LAPSED), "custody.not_lapsed"),
        (told(_T.ITEM_DISPOSED, actor=ANNE, witness=BEN, authority="x"), "item.move"),
        (told(_T.SEAL_APPLIED, actor=ANNE, seal="S1"), "item.move"),
        (offer(recipient=CARA), "item.move"),
    ],
)
def test_an_offer_is_answered_by_who_it_is_for_and_in_time(event: Event, code: str) -> None:
    with pytest.raises(Conflict) as caught:
        follow(after(new(), offer(recipient=BEN)), event)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "event",
    [
        told(_T.CUSTODY_REFUSED, actor=BEN, reason="seal broken"),
        told(_T.CUSTODY_WITHDRAWN, actor=ANNE),
        told(_T.CUSTODY_LAPSED, at=OFFER_LIFE_MS),
    ],
)
def test_an_offer_that_comes_to_nothing_leaves_it_where_it_was(event: Event) -> None:
    before = after(new())
    assert follow(after(new(), offer(recipient=BEN)), event) == before


def test_what_leaves_the_house_or_the_world_needs_a_second_person() -> None:
    release = after(new(), offer(OfferKind.RELEASE, party="County Court"))
    alone = told(_T.CUSTODY_RELEASED, actor=ANNE, party="County Court", witness=ANNE)
    with pytest.raises(Conflict, match="same_person"):
        follow(release, alone)
    gone = follow(release, replace(alone, witness=BEN))
    assert gone.holder == Holder(HolderKind.PARTY, "County Court")
    back = follow(gone, told(_T.CUSTODY_RETURNED, actor=CARA, party="County Court"))
    assert back.holder == person(CARA)
    disposal = after(new(), offer(OfferKind.DISPOSAL, authority="order 7"))
    burnt = told(_T.ITEM_DISPOSED, actor=ANNE, witness=ANNE, authority="order 7")
    with pytest.raises(Conflict, match="same_person"):
        follow(disposal, burnt)
    ended = follow(disposal, replace(burnt, witness=BEN))
    assert (ended.holder, ended.state) == (NOBODY, ItemState.DISPOSED)
    assert not [key for key in TRANSITIONS if key[0] is ItemState.DISPOSED]


def test_a_sealed_item_is_taken_only_by_who_reads_its_seal() -> None:
    offered = after(new(seal="S1"), offer(recipient=BEN))
    with pytest.raises(Invalid, match="mismatch"):
        follow(offered, accept(seal="S2", result="intact"))
    with pytest.raises(Invalid, match=r"custody\.word"):
        follow(offered, accept(seal="S1"))
    broken = follow(offered, accept(at=4, seal="S1", result="broken"))
    assert (broken.seal_state, broken.seal_broken_at) == (SealState.BROKEN, START + 4)
    assert follow(offered, accept(at=4, seal="S1", result="intact")).seal_broken_at is None
    for at in (6, 8):
        change = told(_T.SEAL_APPLIED, at=at, actor=BEN, seal=f"N{at}", reason="was broken")
        broken = follow(broken, change)
        assert (broken.seal_state, broken.seal_broken_at) == (SealState.INTACT, START + 4)


def test_a_seal_is_replaced_with_a_reason() -> None:
    sealed = after(new(), told(_T.SEAL_APPLIED, actor=ANNE, seal="S1"))
    assert (sealed.seal, sealed.seal_state) == ("S1", SealState.INTACT)
    with pytest.raises(Invalid, match=r"seal\.reason"):
        follow(sealed, told(_T.SEAL_APPLIED, actor=ANNE, seal="S2"))
    with pytest.raises(Conflict, match=r"seal\.same"):
        follow(sealed, told(_T.SEAL_APPLIED, actor=ANNE, seal="S1", reason="x"))
    other = follow(sealed, told(_T.SEAL_APPLIED, actor=ANNE, seal="S2", reason="opened to weigh"))
    assert other.seal == "S2"


def test_what_a_bank_reports_has_happened_and_is_doubted_when_it_does_not_fit() -> None:
    held = after(new())
    stored = told(_T.CUSTODY_STORED, actor=ANNE, **FROM_BANK)
    assert doubts(held, stored) is None
    assert doubts(held, replace(stored, actor=BEN)) == "not_the_holder"
    inside = follow(held, stored)
    assert inside.holder == Holder(HolderKind.COMPARTMENT, DOOR)
    fetched = told(_T.CUSTODY_FETCHED, actor=BEN, **FROM_BANK)
    assert doubts(inside, fetched) is None
    assert doubts(held, fetched) == "not_in_there"
    assert follow(inside, fetched).holder == follow(held, fetched).holder == person(BEN)


def outside(**more: Any) -> list[Event]:
    """Anne's item is at the laboratory, which it left with the seal it was registered with."""
    party: dict[str, Any] = {"party": "Laboratory"}
    return [
        new(**more),
        offer(OfferKind.RELEASE, **party),
        told(_T.CUSTODY_RELEASED, actor=ANNE, witness=BEN, seal="S1", result="intact", **party),
    ]


def returned(**more: Any) -> Event:
    return told(_T.CUSTODY_RETURNED, at=5, actor=BEN, party="Laboratory", **more)


def test_what_was_opened_outside_comes_back_with_another_seal_or_none_and_stays_marked() -> None:
    there = outside(seal="S1")
    other = after(*there, returned(seal="L7", result="replaced", seal_before="S1"))
    assert (other.seal, other.seal_state) == ("L7", SealState.INTACT)
    assert (other.holder, other.seal_broken_at) == (person(BEN), START + 5)
    none = after(*there, returned(result="missing", seal_before="S1"))
    assert (none.seal, none.seal_state, none.seal_broken_at) == (None, None, START + 5)
    again = follow(none, told(_T.SEAL_APPLIED, at=9, actor=BEN, seal="S2"))
    assert (again.seal, again.seal_broken_at) == ("S2", START + 5)
    assert after(*there, returned()).seal_broken_at is None  # an older program looks at it after
    assert after(*there, returned(result="missing", seal_before=ERASED)).seal is None


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ({"seal": "S1", "result": "replaced", "seal_before": "S1"}, "seal.not_another"),
        ({"result": "replaced", "seal_before": "S1"}, "field.empty"),
        ({"seal": "L7", "result": "replaced", "seal_before": "S9"}, "seal.mismatch"),
        ({"seal": "L7", "result": "replaced"}, "seal.mismatch"),
        ({"seal": "L7", "result": "missing", "seal_before": "S1"}, "seal.no_number"),
        ({"seal": "S1", "result": "intact"}, "custody.word"),
    ],
)
def test_a_seal_that_was_changed_outside_is_told_exactly(read: dict[str, Any], code: str) -> None:
    with pytest.raises((Conflict, Invalid)) as caught:
        after(*outside(seal="S1"), returned(**read))
    assert caught.value.code == code


def test_what_had_no_seal_comes_back_without_a_word_about_one() -> None:
    with pytest.raises(Conflict, match=r"seal\.none"):
        after(*outside(), returned(seal="L7", result="replaced", seal_before="S1"))


def test_only_who_receives_it_from_outside_finds_another_seal() -> None:
    offered = after(new(seal="S1"), offer(recipient=BEN))
    with pytest.raises(Invalid):
        follow(offered, accept(seal="L7", result="replaced", seal_before="S1"))
    with pytest.raises(Invalid):
        follow(
            after(new(seal="S1")), told(_T.SEAL_CHECKED, actor=ANNE, seal="S1", result="missing")
        )


class Custody(RuleBasedStateMachine):
    """Whatever is tried, in whatever order: one holder, no gap, and nobody hands to himself."""

    @initialize(seal=st.sampled_from([None, "S0"]))
    def begin(self, seal: str | None) -> None:
        self.events = [new(seal=seal)]
        self.item = registered(self.events[0])
        self.now = 0

    def attempt(self, event: Event) -> None:
        try:
            self.item = follow(self.item, event)
        except (Conflict, Invalid):
            return
        self.events.append(event)

    @rule(ms=st.sampled_from([1, OFFER_LIFE_MS]))
    def wait(self, ms: int) -> None:
        self.now += ms

    @rule(who=st.sampled_from(STAFF), to=st.sampled_from(STAFF), kind=st.sampled_from(OfferKind))
    def offer(self, who: PersonId, to: PersonId, kind: OfferKind) -> None:
        until = START + self.now + OFFER_LIFE_MS
        fields: dict[OfferKind, dict[str, Any]] = {
            OfferKind.HAND_OVER: {"recipient": to},
            OfferKind.RELEASE: {"party": "court"},
            OfferKind.DISPOSAL: {"authority": "order 7"},
            OfferKind.DISPENSE: {"count": 1, "authority": "R 12"},
            OfferKind.WASTE: {"count": 1, "reason": "broke"},
            OfferKind.CORRECTION: {"count": 9, "reason": "miscounted"},
        }
        more = fields[kind]
        self.attempt(offer(kind, at=self.now, actor=who, not_after=until, **more))

    @rule(who=st.sampled_from(STAFF), seal=st.sampled_from(["S0", "S1"]))
    def answer(self, who: PersonId, seal: str) -> None:
        read = {"seal": seal, "result": "intact"}
        self.attempt(accept(at=self.now, actor=who, subject=self.item.holder.ref, **read))
        by: dict[str, Any] = {"actor": self.item.holder.ref, "witness": who, "at": self.now, **read}
        self.attempt(told(_T.CUSTODY_RELEASED, party="court", **by))

    @rule(who=st.sampled_from(STAFF))
    def dispose(self, who: PersonId) -> None:
        by: dict[str, Any] = {"actor": self.item.holder.ref, "witness": who, "at": self.now}
        read: dict[str, Any] = {"seal": self.item.seal, "result": "intact"}
        self.attempt(told(_T.ITEM_DISPOSED, authority="order 7", **by, **read))

    @rule(who=st.sampled_from(STAFF), kind=st.sampled_from(["refused", "withdrawn", "lapsed"]))
    def end(self, who: PersonId, kind: str) -> None:
        more = {"reason": "no"} if kind == "refused" else {}
        self.attempt(told(EventType(f"custody.{kind}"), at=self.now, actor=who, **more))

    @rule(who=st.sampled_from(STAFF), kind=st.sampled_from(["stored", "fetched"]))
    def bank(self, who: PersonId, kind: str) -> None:
        self.attempt(told(EventType(f"custody.{kind}"), at=self.now, actor=who, **FROM_BANK))

    @rule(who=st.sampled_from(STAFF))
    def come_back(self, who: PersonId) -> None:
        self.attempt(told(_T.CUSTODY_RETURNED, at=self.now, actor=who, party="court"))
        self.attempt(told(_T.CUSTODY_TAKEN, at=self.now, actor=who, reason="gone"))

    @rule(who=st.sampled_from(STAFF), seal=st.sampled_from(["S0", "S1"]))
    def seal(self, who: PersonId, seal: str) -> None:
        self.attempt(told(_T.SEAL_APPLIED, at=self.now, actor=who, seal=seal, reason="worn"))

    @invariant()
    def one_holder_at_each_moment(self) -> None:
        if not hasattr(self, "item"):
            return
        kind = {
            ItemState.HELD: HolderKind.PERSON,
            ItemState.OFFERED: HolderKind.PERSON,
            ItemState.STORED: HolderKind.COMPARTMENT,
            ItemState.OUTSIDE: HolderKind.PARTY,
            ItemState.DISPOSED: HolderKind.NOBODY,
        }[self.item.state]
        assert self.item.holder.kind is kind
        assert (self.item.offer is not None) is (self.item.state is ItemState.OFFERED)

    @invariant()
    def no_gap_and_two_people(self) -> None:
        if not hasattr(self, "item"):
            return
        lines = chain(self.events)
        assert lines[-1].after == self.item.holder
        assert all(one.after == two.before for one, two in itertools.pairwise(lines))
        breaks = [one.event.type in BREAKS or one.doubt is not None for one in lines]
        assert [one.is_broken for one in lines] == breaks
        for line in lines:
            event = line.event
            if event.type in {_T.CUSTODY_ACCEPTED, _T.CUSTODY_RELEASED, _T.ITEM_DISPOSED}:
                assert (event.witness or line.after.ref) != line.before.ref


TestCustody = Custody.TestCase
TestCustody.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
