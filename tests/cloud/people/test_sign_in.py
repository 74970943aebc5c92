from __future__ import annotations

import pytest

from bayward.cloud.people import authn, sessions, set_up, sign_in, totp
from bayward.cloud.people import service as people
from bayward.cloud.people import sign_in_store as keys
from bayward.cloud.people.authn import Refused, SignedIn
from bayward.cloud.people.store import PersonState
from bayward.core.errors import Denied, NotFound
from bayward.core.ids import PersonId
from bayward.core.policy import Aal
from bayward.core.roles import Role
from people_bench import Bench

ENCODED = "$pbkdf2-sha256$1$c2FsdA==$aGFzaA=="


@pytest.fixture
def anne(bench: Bench) -> PersonId:
    """An administrator whose account is set up."""
    anne = bench.person("Anne")
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    new = set_up.choose(bench.work, token, name="Anne", email="anne@example.com", encoded=ENCODED)
    done = set_up.confirm(bench.work, token, totp.hotp(new.secret, totp.step_at(bench.now)))
    assert isinstance(done, SignedIn)
    bench.secret = new.secret
    bench.wait(totp.STEP_MS)
    return anne


def half_way(bench: Bench) -> SignedIn:
    [candidate] = sign_in.candidates(bench.work, "anne@example.com")
    return sign_in.password_was_right(bench.work, candidate.person, None)


def code(bench: Bench) -> str:
    return totp.hotp(bench.secret, totp.step_at(bench.now))


def changes(bench: Bench) -> int:
    return int(bench.tx.exec_driver_sql("SELECT total_changes()").scalar_one())


def test_a_password_is_half_the_way(bench: Bench, anne: PersonId) -> None:
    half = half_way(bench)
    assert half.session.aal is Aal.ONE
    assert sign_in.require_half_way(half.session) == half.session
    bench.wait(authn.HALF_WAY_MS)
    with pytest.raises(Denied, match=r"session\.over"):
        authn.session_of(bench.work, half.token)


def test_identity_49_the_second_factor_brings_a_new_cookie(bench: Bench, anne: PersonId) -> None:
    half = half_way(bench)
    there = sign_in.with_code(bench.work, half.session, code(bench))
    assert isinstance(there, SignedIn)
    assert there.session.aal is Aal.TWO
    with pytest.raises(Denied):
        authn.session_of(bench.work, half.token)
    with pytest.raises(Denied):
        sign_in.require_half_way(there.session)
    assert [event.method for event in bench.events("sign_in.succeeded")] == ["totp", "totp"]


def test_identity_47_a_wrong_code_is_recorded(bench: Bench, anne: PersonId) -> None:
    half = half_way(bench)
    assert isinstance(sign_in.with_code(bench.work, half.session, "123"), Refused)
    app = keys.authenticator(bench.tx, bench.tenant, anne)
    assert app is not None
    assert app.failures == 1
    [told] = bench.events("sign_in.refused")
    assert (told.method, told.subject) == ("totp", anne)


def test_who_cannot_sign_in_is_no_candidate(bench: Bench, anne: PersonId) -> None:
    bench.person("Bert")
    assert sign_in.candidates(bench.work, "bert@example.com") == []
    assert sign_in.candidates(bench.work, "nobody@example.com") == []
    assert sign_in.candidates(bench.work, "ANNE@example.com")
    people.disable(bench.work, bench.tenant, None, anne)
    assert sign_in.candidates(bench.work, "anne@example.com") == []


def test_a_stronger_hash_replaces_the_old_one(bench: Bench, anne: PersonId) -> None:
    [candidate] = sign_in.candidates(bench.work, "anne@example.com")
    sign_in.password_was_right(bench.work, candidate.person, "$new$")
    assert keys.password_hash(bench.tx, bench.tenant, anne) == "$new$"


def test_identity_54_unknown_and_known_are_written_down_alike(bench: Bench, anne: PersonId) -> None:
    [candidate] = sign_in.candidates(bench.work, "anne@example.com")
    sign_in.password_was_wrong(bench.work, candidate.person)
    sign_in.password_was_wrong(bench.work, None)
    told = [(tenant, event) for tenant, event in bench.told if event.type == "sign_in.refused"]
    assert [tenant for tenant, _ in told] == [bench.tenant, people.PLATFORM_TENANT]
    assert [event.subject for _, event in told] == [anne, None]
    assert {event.reason for _, event in told} == {"sign_in.refused"}


def test_residents_get_links_and_staff_do_not(bench: Bench, anne: PersonId) -> None:
    rosa = bench.person("Rosa", Role.RESIDENT)
    found = sign_in.residents_with(bench.work, "rosa@example.com")
    assert [person.person for person in found] == [rosa]
    assert sign_in.residents_with(bench.work, "anne@example.com") == []
    people.grant(
        bench.work,
        bench.tenant,
        None,
        people.bound(Role.ADMIN, bench.node, bench.now, rosa),
    )
    assert sign_in.residents_with(bench.work, "rosa@example.com") == []


def test_identity_35_following_a_link_a_hundred_times_uses_nothing_up(bench: Bench) -> None:
    rosa = bench.person("Rosa", Role.RESIDENT)
    token = sign_in.mint_link(bench.work, bench.tenant, rosa)
    before = changes(bench)
    for _ in range(100):
        assert sign_in.follow_link(bench.work, token).person == rosa
    assert changes(bench) == before
    assert isinstance(sign_in.with_link(bench.work, token), SignedIn)


def test_a_link_signs_in_once(bench: Bench) -> None:
    rosa = bench.person("Rosa", Role.RESIDENT)
    token = sign_in.mint_link(bench.work, bench.tenant, rosa)
    there = sign_in.with_link(bench.work, token)
    assert isinstance(there, SignedIn)
    assert (there.session.aal, there.session.method) == (Aal.ONE, "link")
    assert people.get(bench.work, bench.tenant, rosa).state is PersonState.ACTIVE
    assert isinstance(sign_in.with_link(bench.work, token), Refused)
    with pytest.raises(NotFound):
        sign_in.follow_link(bench.work, token)
    assert [event.reason for event in bench.events("sign_in.refused")] == ["link.used_or_expired"]


def test_a_link_dies_after_its_time_and_when_a_newer_one_is_made(bench: Bench) -> None:
    rosa = bench.person("Rosa", Role.RESIDENT)
    old = sign_in.mint_link(bench.work, bench.tenant, rosa)
    new = sign_in.mint_link(bench.work, bench.tenant, rosa)
    assert isinstance(sign_in.with_link(bench.work, old), Refused)
    bench.wait(sign_in.LINK_MS)
    assert isinstance(sign_in.with_link(bench.work, new), Refused)


def test_a_link_of_somebody_disabled_since_signs_nobody_in(bench: Bench) -> None:
    rosa = bench.person("Rosa", Role.RESIDENT)
    token = sign_in.mint_link(bench.work, bench.tenant, rosa)
    people.disable(bench.work, bench.tenant, None, rosa)
    assert isinstance(sign_in.with_link(bench.work, token), Refused)
    assert authn.all_of(bench.work, bench.tenant, rosa) == []


@pytest.mark.parametrize("token", ["", "x" * 26, "0" * 27, "../..", "é" * 26])
def test_a_token_of_any_other_form_is_not_found(bench: Bench, token: str) -> None:
    with pytest.raises(NotFound):
        sign_in.follow_link(bench.work, token)


def test_a_residents_session_outlives_a_month_of_use(bench: Bench) -> None:
    rosa = bench.person("Rosa", Role.RESIDENT)
    there = sign_in.with_link(bench.work, sign_in.mint_link(bench.work, bench.tenant, rosa))
    assert isinstance(there, SignedIn)
    for _ in range(3):
        bench.wait(sessions.RESIDENT.idle_ms - 1)
        authn.touch(bench.work, authn.session_of(bench.work, there.token))
