from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import BankId, CompartmentId, PersonId, SiteId, TenantId
from bayward.core.policy import (
    MOVES_A_DOOR,
    TABLE,
    Aal,
    Action,
    Allow,
    Context,
    Deny,
    Need,
    Principal,
    Resource,
    Step,
    decide,
)
from bayward.core.roles import PLATFORM, Binding, Node, Role

NOW = Instant(1_800_000_000_000)
TENANT, OTHER_TENANT = (TenantId.of(bytes([1, n]) * 8) for n in range(2))
SITE, OTHER_SITE = (SiteId.of(bytes([2, n]) * 8) for n in range(2))
BANK, OTHER_BANK = (BankId.of(bytes([3, n]) * 8) for n in range(2))
CELL = CompartmentId.of(b"c" * 16)
ANNE, BERT, CARL, DORA = (PersonId.of(bytes([9, n]) * 8) for n in range(4))
DOOR = Node(TENANT, SITE, BANK, CELL)
WHOLE = Node(TENANT)
FRESH = Context(now=NOW, aal=Aal.TWO, is_stepped_up=True)


def bound(person: PersonId, role: Role, node: Node, until: int | None = None) -> Binding:
    return Binding(person, role, node, NOW, None if until is None else Instant(NOW + until))


def somebody(role: Role, node: Node = WHOLE, person: PersonId = ANNE) -> Principal:
    return Principal(person, node.tenant, (bound(person, role, node),))


def test_every_action_has_a_line() -> None:
    assert set(TABLE) == set(Action)
    assert all(TABLE[action] for action in Action)


def test_somebody_without_a_role_may_nothing() -> None:
    nobody = Principal(ANNE, TENANT, ())
    for action in Action:
        assert decide(nobody, action, Resource(node=DOOR, holder=ANNE), FRESH) == Deny(
            "role.not_allowed"
        )


def test_a_binding_counts_only_in_its_time() -> None:
    for not_before, not_after in ((NOW + 1, None), (NOW - 5, NOW)):
        binding = Binding(
            ANNE,
            Role.ADMIN,
            WHOLE,
            Instant(not_before),
            None if not_after is None else Instant(not_after),
        )
        asked = Principal(ANNE, TENANT, (binding,))
        assert decide(asked, Action.WALL_READ, Resource(node=WHOLE), FRESH) == Deny(
            "role.not_allowed"
        )


def test_no_role_reaches_into_another_tenant() -> None:
    foreign = Node(OTHER_TENANT, SITE, BANK, CELL)
    for role in Role:
        asked = somebody(role, PLATFORM if role is Role.SUPER_ADMIN else WHOLE)
        for action in Action:
            told = decide(asked, action, Resource(node=foreign, holder=ANNE), FRESH)
            assert told == Deny("tenant.foreign")


def test_identity_68_super_admin_never_opens() -> None:
    both = Principal(
        ANNE, TENANT, (bound(ANNE, Role.SUPER_ADMIN, PLATFORM), bound(ANNE, Role.RESIDENT, WHOLE))
    )
    for action in MOVES_A_DOOR:
        told = decide(both, action, Resource(node=DOOR, holder=ANNE), FRESH)
        assert told == Deny("super_admin.never_opens")


def test_identity_74_nothing_moves_during_a_lockdown() -> None:
    locked = replace(FRESH, is_locked_down=True)
    mine = Resource(node=DOOR, holder=ANNE)
    for role in (Role.RESIDENT, Role.COURIER, Role.ADMIN):
        for action in MOVES_A_DOOR:
            assert decide(somebody(role), action, mine, locked) == Deny("lockdown")
    release = decide(somebody(Role.ADMIN), Action.LOCKDOWN_RELEASE, Resource(node=DOOR), locked)
    assert release == Allow()


def test_identity_77_courier_never_opens_an_occupied_compartment() -> None:
    courier = somebody(Role.COURIER)
    free, taken = Resource(node=DOOR), Resource(node=DOOR, is_occupied=True, holder=BERT)
    assert decide(courier, Action.COMPARTMENT_DEPOSIT, free, FRESH) == Allow()
    assert decide(courier, Action.COMPARTMENT_DEPOSIT, taken, FRESH) == Deny("compartment.occupied")


def test_a_grant_of_another_bank_opens_nothing_here() -> None:
    resident = somebody(Role.RESIDENT)
    mine = Resource(node=DOOR, holder=ANNE, grant_bank=BANK)
    assert decide(resident, Action.GRANT_OPEN, mine, FRESH) == Allow()
    stray = replace(mine, grant_bank=OTHER_BANK)
    assert decide(resident, Action.GRANT_OPEN, stray, FRESH) == Deny("grant.other_bank")


def test_a_resident_opens_his_own_and_nobody_elses() -> None:
    resident = somebody(Role.RESIDENT, Node(TENANT, SITE))
    link = Context(now=NOW, aal=Aal.ONE)
    mine = Resource(node=DOOR, holder=ANNE, is_occupied=True)
    assert decide(resident, Action.GRANT_OPEN, mine, link) == Allow()
    theirs = replace(mine, holder=BERT)
    assert decide(resident, Action.GRANT_OPEN, theirs, link) == Deny("compartment.occupied")
    away = replace(mine, node=Node(TENANT, OTHER_SITE, BANK, CELL))
    assert decide(resident, Action.GRANT_OPEN, away, link) == Deny("role.not_allowed")


def test_an_administrator_opens_nothing() -> None:
    told = decide(somebody(Role.ADMIN), Action.GRANT_OPEN, Resource(node=DOOR, holder=ANNE), FRESH)
    assert told == Deny("role.not_allowed")


def test_staff_need_two_factors_and_a_fresh_one_for_what_is_dangerous() -> None:
    admin, place = somebody(Role.ADMIN), Resource(node=WHOLE)
    once = Context(now=NOW, aal=Aal.ONE)
    twice = Context(now=NOW, aal=Aal.TWO)
    assert decide(admin, Action.WALL_READ, place, once) == Need(Step.SECOND_FACTOR)
    assert decide(admin, Action.WALL_READ, place, twice) == Allow()
    assert decide(admin, Action.LOCKDOWN_RELEASE, place, once) == Need(Step.SECOND_FACTOR)
    assert decide(admin, Action.LOCKDOWN_RELEASE, place, twice) == Need(Step.STEP_UP)
    assert decide(admin, Action.LOCKDOWN_RELEASE, place, FRESH) == Allow()


def test_inviting_staff_needs_a_fresh_factor_and_inviting_a_resident_does_not() -> None:
    admin, twice = somebody(Role.ADMIN), Context(now=NOW, aal=Aal.TWO)
    for role, told in ((Role.RESIDENT, Allow()), (Role.ADMIN, Need(Step.STEP_UP))):
        invited = Resource(node=WHOLE, subject=BERT, offered=bound(BERT, role, WHOLE))
        assert decide(admin, Action.PERSON_INVITE, invited, twice) == told


def test_identity_64_nobody_grants_himself_or_above_his_own() -> None:
    site_admin = somebody(Role.ADMIN, Node(TENANT, SITE))
    herself = Resource(
        node=Node(TENANT, SITE), subject=ANNE, offered=bound(ANNE, Role.ADMIN, Node(TENANT, SITE))
    )
    assert decide(site_admin, Action.ROLE_GRANT, herself, FRESH) == Deny("role.self")
    for node in (WHOLE, Node(TENANT, OTHER_SITE)):
        wider = Resource(node=node, subject=BERT, offered=bound(BERT, Role.ADMIN, node))
        assert decide(site_admin, Action.ROLE_GRANT, wider, FRESH) == Deny("role.above_own")
    platform = Resource(node=WHOLE, subject=BERT, offered=bound(BERT, Role.SUPER_ADMIN, PLATFORM))
    assert decide(somebody(Role.ADMIN), Action.ROLE_GRANT, platform, FRESH) == Deny(
        "role.above_own"
    )


def test_identity_64_an_administrator_does_not_touch_one_above_him() -> None:
    site_admin = somebody(Role.ADMIN, Node(TENANT, SITE))
    owner = Resource(
        node=Node(TENANT, SITE), subject=BERT, subject_bindings=(bound(BERT, Role.ADMIN, WHOLE),)
    )
    for action in (Action.PERSON_CHANGE, Action.PERSON_DISABLE, Action.ROLE_REVOKE):
        assert decide(site_admin, action, owner, FRESH) == Deny("role.above_own")
        assert decide(somebody(Role.ADMIN), action, owner, FRESH) == Allow()


def test_identity_64_how_somebody_gets_in_is_changed_with_a_fresh_factor_only() -> None:
    stale, anne = replace(FRESH, is_stepped_up=False), somebody(Role.ADMIN)
    for role in (Role.RESIDENT, Role.ADMIN):
        whose = Resource(node=WHOLE, subject=BERT, subject_bindings=(bound(BERT, role, WHOLE),))
        for subject in (whose, replace(whose, subject=ANNE)):  # one's own, too
            assert decide(anne, Action.PERSON_CHANGE, subject, stale) == Allow()
            moved = replace(subject, is_way_in_changed=True)
            assert decide(anne, Action.PERSON_CHANGE, moved, stale) == Need(Step.STEP_UP)
            assert decide(anne, Action.PERSON_CHANGE, moved, FRESH) == Allow()


def test_identity_64_the_last_owner_stays() -> None:
    last = Resource(
        node=WHOLE,
        subject=ANNE,
        subject_bindings=(bound(ANNE, Role.ADMIN, WHOLE),),
        is_last_owner=True,
    )
    for action in (Action.ROLE_REVOKE, Action.PERSON_DISABLE):
        assert decide(somebody(Role.ADMIN), action, last, FRESH) == Deny("owner.last")


def test_nobody_hands_on_what_ends_later_than_his_own() -> None:
    passing = Principal(ANNE, TENANT, (bound(ANNE, Role.ADMIN, WHOLE, until=10),))
    for until, told in (
        (10, Allow()),
        (11, Deny("role.above_own")),
        (None, Deny("role.above_own")),
    ):
        offered = Resource(
            node=WHOLE, subject=BERT, offered=bound(BERT, Role.RESIDENT, WHOLE, until)
        )
        assert decide(passing, Action.ROLE_GRANT, offered, FRESH) == told


NODES = (WHOLE, Node(TENANT, SITE), Node(TENANT, OTHER_SITE), Node(TENANT, SITE, BANK), DOOR)
PEOPLE = (ANNE, BERT, CARL, DORA)
ROOTS = (
    bound(ANNE, Role.ADMIN, Node(TENANT, SITE)),
    bound(BERT, Role.ADMIN, Node(TENANT, OTHER_SITE), until=100),
    bound(CARL, Role.COURIER, WHOLE),
)


class Grants(RuleBasedStateMachine):
    """Three people grant each other whatever `decide` allows, in any order, at any time."""

    given = Bundle("given")

    @initialize()
    def start(self) -> None:
        self.now = NOW
        self.held: list[Binding] = list(ROOTS)

    @rule(
        grantor=st.sampled_from(PEOPLE),
        subject=st.sampled_from(PEOPLE),
        role=st.sampled_from(list(Role)),
        node=st.sampled_from((*NODES, PLATFORM)),
        until=st.sampled_from((None, 1, 50, 100, 200)),
        action=st.sampled_from((Action.ROLE_GRANT, Action.PERSON_INVITE, Action.COURIER_ADMIT)),
    )
    def grant(  # noqa: PLR0917 - a rule's arguments are drawn by name
        self,
        grantor: PersonId,
        subject: PersonId,
        role: Role,
        node: Node,
        until: int | None,
        action: Action,
    ) -> None:
        end = None if until is None else Instant(NOW + until)
        try:
            offered = Binding(subject, role, node, self.now, end, grantor)
        except Invalid:
            return
        mine = tuple(binding for binding in self.held if binding.person == grantor)
        theirs = tuple(binding for binding in self.held if binding.person == subject)
        asked = Resource(node=node, subject=subject, subject_bindings=theirs, offered=offered)
        if isinstance(
            decide(Principal(grantor, TENANT, mine), action, asked, replace(FRESH, now=self.now)),
            Allow,
        ):
            self.held.append(offered)

    @rule(ms=st.integers(1, 60))
    def wait(self, ms: int) -> None:
        self.now = Instant(self.now + ms)

    @invariant()
    def nobody_holds_what_no_root_covered(self) -> None:
        for binding in getattr(self, "held", ()):
            assert any(root.covers(binding) for root in ROOTS), binding


Grants.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestNoSequenceOfGrantsEscalates = Grants.TestCase


def test_the_state_machine_can_grant_at_all() -> None:
    machine = Grants()
    machine.start()
    inside = Node(TENANT, SITE)
    machine.grant(ANNE, DORA, Role.ADMIN, inside, None, Action.ROLE_GRANT)
    machine.grant(DORA, CARL, Role.RESIDENT, DOOR, 50, Action.PERSON_INVITE)
    assert [binding.person for binding in machine.held[len(ROOTS) :]] == [DORA, CARL]


@pytest.mark.parametrize("action", list(Action))
def test_deciding_is_total(action: Action) -> None:
    for node in (*NODES, PLATFORM):
        for holder in (None, ANNE, BERT):
            told = decide(somebody(Role.ADMIN), action, Resource(node=node, holder=holder), FRESH)
            assert isinstance(told, Allow | Deny | Need)
