from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bayward.cloud.people import authn, set_up, sign_in, totp
from bayward.cloud.people import service as people
from bayward.cloud.people.authn import Refused, SignedIn
from bayward.cloud.people.set_up import NewSecret
from bayward.cloud.people.store import PersonState
from bayward.core.errors import Conflict, Denied, NotFound
from bayward.core.ids import PersonId
from bayward.core.policy import Aal
from bayward.core.roles import Role
from people_bench import Bench


@pytest.fixture
def anne(bench: Bench) -> PersonId:
    return bench.person("Anne")


def chosen(bench: Bench, token: str, email: str = "anne@example.com") -> NewSecret:
    return set_up.choose(bench.work, token, name="Anne B.", email=email, encoded="$hash$")


def code(bench: Bench, new: NewSecret) -> str:
    return totp.hotp(new.secret, totp.step_at(bench.now))


def test_a_link_says_who_it_is_for(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    told = set_up.follow_link(bench.work, token)
    assert (told.person.person, told.role, told.tenant_name) == (anne, Role.ADMIN, "T")


def test_password_then_code_makes_an_account_and_signs_in(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    new = chosen(bench, token)
    assert set_up.pending(bench.work, token) == new
    there = set_up.confirm(bench.work, token, code(bench, new))
    assert isinstance(there, SignedIn)
    assert there.session.aal is Aal.TWO
    person = people.get(bench.work, bench.tenant, anne)
    assert (person.name, person.state) == ("Anne B.", PersonState.ACTIVE)
    assert sign_in.candidates(bench.work, "anne@example.com")
    assert bench.events("sign_in.succeeded")


def test_until_the_code_is_right_nobody_can_sign_in(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    new = chosen(bench, token)
    assert sign_in.candidates(bench.work, "anne@example.com") == []
    assert isinstance(set_up.confirm(bench.work, token, "000000"), Refused)
    assert sign_in.candidates(bench.work, "anne@example.com") == []
    assert not authn.prove(bench.work, bench.tenant, anne, code(bench, new))


def test_the_link_is_worth_nothing_afterwards(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    new = chosen(bench, token)
    set_up.confirm(bench.work, token, code(bench, new))
    bench.wait(totp.STEP_MS)
    for use in (
        lambda: set_up.follow_link(bench.work, token),
        lambda: chosen(bench, token),
        lambda: set_up.pending(bench.work, token),
        lambda: set_up.confirm(bench.work, token, code(bench, new)),
    ):
        with pytest.raises(NotFound):
            use()


def test_a_link_dies_after_its_time_and_when_a_newer_one_is_made(
    bench: Bench, anne: PersonId
) -> None:
    old = set_up.mint_link(bench.work, bench.tenant, anne)
    new = set_up.mint_link(bench.work, bench.tenant, anne)
    with pytest.raises(NotFound):
        set_up.follow_link(bench.work, old)
    bench.wait(set_up.LINK_MS)
    with pytest.raises(NotFound):
        set_up.follow_link(bench.work, new)


def test_a_login_link_is_no_set_up_link(bench: Bench, anne: PersonId) -> None:
    token = sign_in.mint_link(bench.work, bench.tenant, anne)
    with pytest.raises(NotFound):
        set_up.follow_link(bench.work, token)


def test_the_first_step_can_be_done_again_with_another_secret(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    first = chosen(bench, token)
    second = chosen(bench, token, "anne@example.org")
    assert first.secret != second.secret
    assert isinstance(set_up.confirm(bench.work, token, code(bench, first)), Refused)
    assert isinstance(set_up.confirm(bench.work, token, code(bench, second)), SignedIn)


def test_somebody_elses_address_cannot_be_taken(bench: Bench, anne: PersonId) -> None:
    bench.person("Bert")
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    with pytest.raises(Conflict, match=r"person\.email_taken"):
        chosen(bench, token, "bert@example.com")


def test_a_new_factor_ends_what_was_signed_in_with_the_old_one(
    bench: Bench, anne: PersonId
) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    old = set_up.confirm(bench.work, token, code(bench, chosen(bench, token)))
    assert isinstance(old, SignedIn)
    again = set_up.mint_link(bench.work, bench.tenant, anne)
    set_up.confirm(bench.work, again, code(bench, chosen(bench, again)))
    with pytest.raises(Denied):
        authn.session_of(bench.work, old.token)


def test_a_disabled_person_sets_nothing_up(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    people.disable(bench.work, bench.tenant, None, anne)
    with pytest.raises(NotFound):
        set_up.follow_link(bench.work, token)
    with pytest.raises(NotFound):
        chosen(bench, token)


def test_the_picture_names_house_and_account(bench: Bench, anne: PersonId) -> None:
    token = set_up.mint_link(bench.work, bench.tenant, anne)
    uri = urlsplit(chosen(bench, token).otpauth)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/audit.example.com%3Aanne%40example.com"
    assert parse_qs(uri.query)["issuer"] == ["audit.example.com"]
