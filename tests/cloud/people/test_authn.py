from __future__ import annotations

import pytest

from bayward.cloud.people import authn, sessions, totp
from bayward.cloud.people import service as people
from bayward.cloud.people import sign_in_store as keys
from bayward.cloud.people.authn import Refused, SignedIn
from bayward.cloud.people.sign_in_store import Authenticator
from bayward.core.clock import HOUR_MS, MINUTE_MS
from bayward.core.errors import Denied, NotFound
from bayward.core.ids import PersonId
from bayward.core.policy import Aal
from people_bench import Bench

SECRET = b"s" * totp.SECRET_BYTES
HERE = sessions.action_hash("lockdown.release", "POST /x", {"reason": "looked"})
THERE = sessions.action_hash("lockdown.release", "POST /y", {"reason": "looked"})


def code(bench: Bench, steps: int = 0) -> str:
    return totp.hotp(SECRET, totp.step_at(bench.now) + steps)


@pytest.fixture
def anne(bench: Bench) -> PersonId:
    anne = bench.person("Anne")
    sealed = bench.house.keys.seal(authn.seal_context(bench.tenant, anne), SECRET)
    app = Authenticator(sealed, -1, 0, None, bench.now)
    keys.set_authenticator(bench.tx, bench.tenant, anne, app)
    return anne


def signed_in(
    bench: Bench, person: PersonId, method: str = authn.TOTP, life_ms: int = 12 * HOUR_MS
) -> SignedIn:
    return authn.begin(
        bench.work, bench.tenant, person, method=method, aal=Aal.TWO, life_ms=life_ms
    )


def test_a_cookie_finds_its_session(bench: Bench, anne: PersonId) -> None:
    there = signed_in(bench, anne)
    assert authn.session_of(bench.work, there.token) == there.session
    assert there.token.encode() not in there.session.hash


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 44, "é" * 43, "../../etc"])
def test_a_cookie_of_any_other_form_finds_nothing(bench: Bench, token: str) -> None:
    with pytest.raises(Denied, match=r"session\.unknown"):
        authn.session_of(bench.work, token)


def test_a_session_ends_idle_for_staff_and_not_for_residents(bench: Bench, anne: PersonId) -> None:
    staff, resident = signed_in(bench, anne), signed_in(bench, anne, authn.LINK)
    bench.wait(sessions.STAFF.idle_ms)
    with pytest.raises(Denied, match=r"session\.idle"):
        authn.session_of(bench.work, staff.token)
    assert authn.session_of(bench.work, resident.token) == resident.session


def test_a_session_that_is_used_lives_to_its_absolute_end(bench: Bench, anne: PersonId) -> None:
    there = signed_in(bench, anne)
    for _ in range(71):
        bench.wait(10 * MINUTE_MS)
        found = authn.session_of(bench.work, there.token)
        assert authn.is_stale(found, bench.now)
        authn.touch(bench.work, found)
    bench.wait(10 * MINUTE_MS)
    with pytest.raises(Denied, match=r"session\.over"):
        authn.session_of(bench.work, there.token)


def test_identity_50_a_disabled_person_is_signed_out_everywhere(
    bench: Bench, anne: PersonId
) -> None:
    there = [signed_in(bench, anne) for _ in range(3)]
    people.disable(bench.work, bench.tenant, None, anne)
    for one in there:
        with pytest.raises(Denied, match=r"session\.unknown"):
            authn.session_of(bench.work, one.token)


def test_sessions_are_listed_and_ended_one_by_one(bench: Bench, anne: PersonId) -> None:
    first, second = signed_in(bench, anne), signed_in(bench, anne)
    assert len(authn.all_of(bench.work, bench.tenant, anne)) == 2
    authn.end_one(bench.work, bench.tenant, anne, authn.reference(first.session))
    with pytest.raises(Denied):
        authn.session_of(bench.work, first.token)
    assert authn.session_of(bench.work, second.token) == second.session
    with pytest.raises(NotFound):
        authn.end_one(bench.work, bench.tenant, anne, authn.reference(first.session))
    authn.end(bench.work, second.session)
    assert authn.all_of(bench.work, bench.tenant, anne) == []


def test_nobody_ends_somebody_elses_session(bench: Bench, anne: PersonId) -> None:
    bert = bench.person("Bert")
    there = signed_in(bench, anne)
    with pytest.raises(NotFound):
        authn.end_one(bench.work, bench.tenant, bert, authn.reference(there.session))


def test_a_step_up_gives_a_new_cookie_and_the_old_one_dies(bench: Bench, anne: PersonId) -> None:
    there = signed_in(bench, anne)
    fresh = authn.step_up(
        bench.work, there.session, code(bench), action="lockdown.release", challenge=HERE
    )
    assert isinstance(fresh, SignedIn)
    with pytest.raises(Denied):
        authn.session_of(bench.work, there.token)
    found = authn.session_of(bench.work, fresh.token)
    assert authn.is_stepped_up(found, HERE, bench.now)
    [told] = bench.events("step_up.passed")
    assert (told.actor, told.detail) == (anne, "lockdown.release")


def test_identity_52_a_step_up_is_for_one_action_and_five_minutes(
    bench: Bench, anne: PersonId
) -> None:
    there = signed_in(bench, anne)
    fresh = authn.step_up(bench.work, there.session, code(bench), action="a", challenge=HERE)
    assert isinstance(fresh, SignedIn)
    assert not authn.is_stepped_up(fresh.session, THERE, bench.now)
    assert not authn.is_stepped_up(there.session, HERE, bench.now)
    bench.wait(sessions.STEP_UP_MS - 1)
    assert authn.is_stepped_up(fresh.session, HERE, bench.now)
    bench.wait(1)
    assert not authn.is_stepped_up(fresh.session, HERE, bench.now)


def test_identity_52_a_step_up_is_spent_once(bench: Bench, anne: PersonId) -> None:
    there = signed_in(bench, anne)
    fresh = authn.step_up(bench.work, there.session, code(bench), action="a", challenge=HERE)
    assert isinstance(fresh, SignedIn)
    authn.spend_step_up(bench.work, fresh.session)
    again = authn.session_of(bench.work, fresh.token)
    assert not authn.is_stepped_up(again, HERE, bench.now)


def test_a_wrong_code_changes_no_cookie_and_is_told(bench: Bench, anne: PersonId) -> None:
    there = signed_in(bench, anne)
    refused = authn.step_up(bench.work, there.session, "000000", action="a", challenge=HERE)
    assert isinstance(refused, Refused)
    assert authn.session_of(bench.work, there.token) == there.session
    assert [event.reason for event in bench.events("sign_in.refused")] == ["step_up.refused"]


def test_identity_47_a_code_counts_once_whatever_it_is_for(bench: Bench, anne: PersonId) -> None:
    now = code(bench)
    assert authn.prove(bench.work, bench.tenant, anne, now)
    assert not authn.prove(bench.work, bench.tenant, anne, now)
    there = signed_in(bench, anne)
    again = authn.step_up(bench.work, there.session, now, action="a", challenge=HERE)
    assert isinstance(again, Refused)


def test_identity_47_guessing_pauses_the_factor(bench: Bench, anne: PersonId) -> None:
    for _ in range(totp.FAILURES_MAX):
        assert not authn.prove(bench.work, bench.tenant, anne, "000000")
    assert not authn.prove(bench.work, bench.tenant, anne, code(bench))
    bench.wait(totp.PAUSE_MS)
    assert authn.prove(bench.work, bench.tenant, anne, code(bench))


def test_who_has_no_authenticator_proves_nothing(bench: Bench) -> None:
    bert = bench.person("Bert")
    assert not authn.prove(bench.work, bench.tenant, bert, "000000")


def test_the_secret_lies_sealed_and_for_this_person_only(bench: Bench, anne: PersonId) -> None:
    app = keys.authenticator(bench.tx, bench.tenant, anne)
    assert app is not None
    assert SECRET not in app.secret
    bert = bench.person("Bert")
    keys.set_authenticator(bench.tx, bench.tenant, bert, app)
    with pytest.raises(Exception, match=r"seal\.broken"):
        authn.prove(bench.work, bench.tenant, bert, code(bench))
