from __future__ import annotations

from dataclasses import replace

import pytest

from bayward.core.clock import after
from bayward.core.commands import (
    AdmitCourier,
    BlockCompartment,
    DismissCourier,
    OpenForGrant,
    RestoreCompartment,
)
from bayward.core.compartment import Mode, Size
from bayward.core.errors import Denied
from bayward.core.events import EventType
from bayward.core.ids import CompartmentId, PersonId
from bayward.edge.agent import (
    BeginDeposit,
    ConfirmDeposit,
    Leave,
    MoreTime,
    OpenAgain,
    PresentCode,
    PresentSecond,
    SignIn,
    Stage,
)
from bayward.edge.controller import Controller, Tick
from bayward.edge.controller.step import SECOND_PERSON_MS
from table_top import ANNA, COURIER, TableTop

T = EventType
BEN, CARA, DORA = (PersonId.of(name.ljust(16)) for name in (b"ben", b"cara", b"dora"))
KNIFE = BeginDeposit(ANNA, Size.S, "itm-5N3B6R7T2W", needs_low=False)
PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)


class EvidenceBank(TableTop):
    """Door 1 is for evidence; Carl and Ben are admitted for it, and Anna, who collects."""

    def __init__(self, *, evidence: int = 1, mode: Mode = Mode.EVIDENCE) -> None:
        self.evidence, self.mode = evidence, mode
        super().__init__()
        self.carl, self.ben = self.keeper(COURIER), self.keeper(BEN)
        self.anna = self.keeper(ANNA)

    def keeper(self, person: PersonId, modes: str = "evidence", life_ms: int = 10**10) -> str:
        """Somebody who is admitted for the doors of `modes`; gives his code."""
        self.order(AdmitCourier(person, "K. Eeper", "custody", after(self.now, life_ms), modes))
        return self.letters[-1].code

    def _build(self) -> Controller:
        self.layout = [
            replace(one, mode=self.mode) if one.number <= self.evidence else one
            for one in self.layout
        ]
        return super()._build()

    @property
    def door(self) -> CompartmentId:
        return self.layout[0].id

    def stored(self) -> str:
        """The knife is in door 1; gives Anna's code."""
        self.do(SignIn(self.carl))
        self.do(KNIFE)
        self.do(PresentSecond(self.ben))
        self.opens()
        self.later(4_000)
        self.read(self.door, is_closed=True, is_occupied=True)
        self.do(ConfirmDeposit())
        self.do(Leave())
        return self.letters[-1].code


def test_an_item_is_put_in_by_two_and_both_are_in_the_log() -> None:
    bank = EvidenceBank()
    bank.do(SignIn(bank.carl))
    step = bank.do(KNIFE)
    assert (bank.stage(), step.effects) == (Stage.SECOND_PERSON, [])
    assert step.events[-1].type is T.ACCESS_AWAITED
    step = bank.do(PresentSecond(bank.ben))
    assert [one.type for one in step.events] == [
        T.ACCESS_SECONDED,
        T.COMPARTMENT_RESERVED,
        T.UNLOCK_REQUESTED,
    ]
    assert (step.events[0].actor, step.events[2].witness) == (BEN, BEN)
    assert step.events[1].compartment == bank.door
    bank.opens()
    bank.later(4_000)
    bank.read(bank.door, is_closed=True, is_occupied=True)
    step = bank.do(ConfirmDeposit())
    assert step.events[0].type is T.PARCEL_DEPOSITED
    assert (step.events[0].actor, step.events[0].witness) == (COURIER, BEN)


def test_a_code_alone_opens_no_such_door_and_with_another_person_it_does() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    step = bank.do(PresentCode(code))
    assert (bank.stage(), step.effects) == (Stage.SECOND_PERSON, [])
    step = bank.do(PresentSecond(bank.ben))
    granted = next(one for one in step.events if one.type is T.ACCESS_GRANTED)
    assert (granted.recipient, granted.witness) == (ANNA, BEN)
    assert len(step.effects) == 1
    bank.opens()
    bank.later(4_000)
    step = bank.read(bank.door, is_closed=True, is_occupied=False)
    collected = next(one for one in bank.log if one.type is T.PARCEL_COLLECTED)
    assert collected.witness == BEN


@pytest.mark.parametrize("who", ["courier", "recipient"])
def test_nobody_is_his_own_second(who: str) -> None:
    bank = EvidenceBank()
    if who == "courier":
        bank.do(SignIn(bank.carl))
        bank.do(KNIFE)
        own = bank.carl
    else:
        code = bank.stored()
        own = bank.anna
        bank.do(PresentCode(code))
    unlocks = bank.kinds().count(T.UNLOCK_REQUESTED)
    bank.do(PresentSecond(own))
    assert bank.log[-1].reason == "same_person"
    assert bank.stage() is Stage.REFUSED
    assert bank.kinds().count(T.UNLOCK_REQUESTED) == unlocks


def test_what_is_no_code_of_an_admitted_person_ends_the_visit_of_both() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    for wrong, reason in (
        ("00000000", "code.unknown"),
        (code, "code.wrong_kind"),
    ):
        bank.later(60_000)
        bank.do(Leave())
        bank.do(PresentCode(code))
        assert bank.stage() is Stage.SECOND_PERSON
        bank.do(PresentSecond(wrong))
        assert (bank.stage(), bank.log[-1].reason) == (Stage.REFUSED, reason)
        with pytest.raises(Denied):
            bank.do(PresentSecond(bank.ben))


def test_whoever_is_no_longer_admitted_is_no_second() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    cara = bank.keeper(CARA, life_ms=1_000)
    bank.later(1_000)
    bank.do(PresentCode(code))
    bank.do(PresentSecond(cara))
    assert (bank.stage(), bank.log[-1].reason) == (Stage.REFUSED, "courier.not_admitted")


def test_a_tap_opens_no_such_door() -> None:
    bank = EvidenceBank()
    bank.stored()
    [grant] = bank.controller.bank.grants
    bank.order(OpenForGrant(grant, bank.controller.presence, ANNA))
    assert bank.log[-1].type is T.COMMAND_REFUSED
    assert bank.log[-1].reason == "grant.two_people"


def test_the_wait_ends_by_itself_and_cannot_be_drawn_out() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.do(PresentCode(code))
    bank.later(SECOND_PERSON_MS - 1)
    with pytest.raises(Denied):
        bank.do(MoreTime())
    bank.later(1)
    bank.do(Tick())
    assert bank.stage() is Stage.IDLE
    with pytest.raises(Denied):
        bank.do(PresentSecond(bank.ben))


def test_a_power_cut_ends_the_wait_and_both_begin_again() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.do(PresentCode(code))
    bank.restart()
    with pytest.raises(Denied):
        bank.do(PresentSecond(bank.ben))
    bank.do(PresentCode(code))
    assert bank.stage() is Stage.SECOND_PERSON


def test_the_second_counts_for_one_deposit_only() -> None:
    bank = EvidenceBank(evidence=4)
    bank.do(SignIn(bank.carl))
    for _ in range(2):
        bank.do(KNIFE)
        assert bank.stage() is Stage.SECOND_PERSON
        bank.do(PresentSecond(bank.ben))
        bank.opens()
        bank.later(4_000)
        bank.read(bank.unlocks()[-1].compartment, is_closed=True, is_occupied=True)
        bank.do(ConfirmDeposit())


def test_a_door_shut_with_something_inside_does_not_open_again_for_one() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.do(PresentCode(code))
    bank.do(PresentSecond(bank.ben))
    bank.opens()
    bank.later(4_000)
    bank.read(bank.door, is_closed=True, is_occupied=True)
    with pytest.raises(Denied, match="two_people"):
        bank.do(OpenAgain())


def test_parcels_stay_out_of_evidence_and_items_out_of_the_rest() -> None:
    bank = EvidenceBank()
    bank.do(SignIn(bank.carl))
    bank.do(PARCEL)
    assert bank.unlocks()[-1].compartment != bank.door
    plain = EvidenceBank(evidence=0)
    plain.do(SignIn(plain.carl))
    plain.do(KNIFE)
    assert plain.stage() is Stage.OPENING
    full = EvidenceBank(evidence=1)
    full.stored()
    full.do(SignIn(full.carl))
    full.do(KNIFE)
    full.do(PresentSecond(full.ben))
    assert full.stage() is Stage.FULL


def test_a_second_who_was_here_for_a_full_wall_is_asked_for_again() -> None:
    bank = EvidenceBank()
    bank.stored()
    bank.do(SignIn(bank.carl))
    bank.do(KNIFE)
    bank.do(PresentSecond(bank.ben))
    assert bank.stage() is Stage.FULL
    bank.later(bank.settings.courier_idle_ms)
    bank.do(Tick())
    assert bank.stage() is Stage.COURIER
    bank.do(KNIFE)
    assert bank.stage() is Stage.SECOND_PERSON


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode.needs_two])
def test_both_must_be_admitted_for_the_mode_whoever_comes_first(mode: Mode) -> None:
    bank = EvidenceBank(mode=mode)
    other = next(one for one in Mode if one.needs_two and one is not mode)
    for person in (COURIER, BEN, ANNA):
        bank.keeper(person, mode.value)
    bank.carl, bank.ben = (one.code for one in bank.letters[-3:-1])
    outsider, elsewhere = bank.admit(CARA), bank.keeper(DORA, other.value)
    for first, second, reason in (
        (outsider, None, "courier.not_for_mode"),
        (elsewhere, None, "courier.not_for_mode"),
        (bank.carl, outsider, "second.not_for_mode"),
        (bank.carl, elsewhere, "second.not_for_mode"),
    ):
        bank.later(120_000)
        bank.do(SignIn(first))
        bank.do(KNIFE)
        if second is not None:
            assert bank.stage() is Stage.SECOND_PERSON
            bank.do(PresentSecond(second))
        assert (bank.stage(), bank.unlocks()) == (Stage.REFUSED, [])
        told = [one.reason for one in bank.log if one.type is T.ACCESS_REFUSED]
        assert told[-1] == reason
    bank.later(120_000)
    code = bank.stored()
    for second in (outsider, elsewhere):
        bank.later(120_000)
        bank.do(PresentCode(code))
        bank.do(PresentSecond(second))
        assert bank.stage() is Stage.REFUSED
        told = [one.reason for one in bank.log if one.type is T.ACCESS_REFUSED]
        assert told[-1] == "second.not_for_mode"
    bank.later(120_000)
    bank.do(PresentCode(code))
    bank.do(PresentSecond(bank.ben))
    assert len(bank.unlocks()) == 2


def test_who_collects_must_be_admitted_for_the_mode_too() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.order(DismissCourier(ANNA))
    bank.do(PresentCode(code))
    assert (bank.stage(), bank.log[-1].reason) == (Stage.REFUSED, "recipient.not_for_mode")
    bank.later(60_000)
    bank.do(Leave())
    bank.keeper(ANNA)
    bank.do(PresentCode(code))
    bank.do(PresentSecond(bank.ben))
    assert len(bank.unlocks()) == 2


def test_the_second_person_may_be_the_first_to_type() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.do(PresentCode(bank.ben))
    assert (bank.stage(), bank.log[-1].type) == (Stage.SECOND_PERSON, T.ACCESS_AWAITED)
    assert bank.log[-1].actor == BEN
    step = bank.do(PresentSecond(code))
    kinds = [one.type for one in step.events]
    assert kinds[:2] == [T.ACCESS_SECONDED, T.ACCESS_GRANTED]
    assert (step.events[0].actor, step.events[1].witness) == (ANNA, BEN)
    assert len(step.effects) == 1


def test_two_second_persons_are_not_two_people_at_a_door() -> None:
    bank = EvidenceBank()
    bank.stored()
    for pair in ((bank.ben, bank.carl), (bank.ben, bank.ben), (bank.anna, "00000000")):
        bank.later(120_000)
        bank.do(Leave())
        bank.do(PresentCode(pair[0]))
        bank.do(PresentSecond(pair[1]))
        assert bank.stage() is Stage.REFUSED
    assert len(bank.unlocks()) == 1


def test_who_collects_is_not_his_own_second_by_coming_first() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.do(PresentCode(bank.anna))
    bank.do(PresentSecond(code))
    assert (bank.stage(), bank.log[-1].reason) == (Stage.REFUSED, "same_person")


def test_a_plain_door_opens_to_its_recipient_whoever_typed_before_him() -> None:
    bank = EvidenceBank()
    bank.do(SignIn(bank.carl))
    bank.do(PARCEL)
    bank.opens()
    bank.later(4_000)
    bank.read(bank.unlocks()[-1].compartment, is_closed=True, is_occupied=True)
    bank.do(ConfirmDeposit())
    bank.do(Leave())
    bank.do(PresentCode(bank.ben))
    step = bank.do(PresentSecond(bank.letters[-1].code))
    granted = next(one for one in step.events if one.type is T.ACCESS_GRANTED)
    assert granted.witness is None
    assert T.ACCESS_SECONDED not in [one.type for one in step.events]


def test_such_a_door_is_given_back_by_two_only() -> None:
    bank = EvidenceBank()
    bank.order(BlockCompartment(bank.door, BEN, "seal broken"))
    for second in (None, BEN):
        bank.order(RestoreCompartment(bank.door, BEN, second))
        assert bank.log[-1].type is T.COMMAND_REFUSED
        assert bank.log[-1].reason == "compartment.two_people"
    bank.order(RestoreCompartment(bank.door, BEN, CARA))
    restored = next(one for one in bank.log if one.type is T.COMPARTMENT_RESTORED)
    assert (restored.actor, restored.witness) == (BEN, CARA)


def test_a_mode_that_is_none_admits_nobody() -> None:
    bank = EvidenceBank()
    count = len(bank.letters)
    bank.order(AdmitCourier(DORA, "D. Ora", "custody", after(bank.now, 1_000), "weapons"))
    assert (bank.log[-1].type, bank.log[-1].reason) == (T.COMMAND_REFUSED, "compartment.mode")
    assert len(bank.letters) == count


def test_the_modes_of_an_admission_survive_a_restart() -> None:
    bank = EvidenceBank()
    code = bank.stored()
    bank.restart()
    bank.read(bank.door, is_closed=True, is_occupied=True)
    bank.do(PresentCode(code))
    bank.do(PresentSecond(bank.ben))
    assert len(bank.unlocks()) == 1
