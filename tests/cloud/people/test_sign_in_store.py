from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bayward.cloud.people import sign_in_store as store
from bayward.cloud.people.sign_in_store import Authenticator, Link, Session
from bayward.cloud.storage import schema as s
from bayward.core.clock import MINUTE_MS, after
from bayward.core.ids import PersonId
from bayward.core.policy import Aal
from people_bench import Bench

HASH, OTHER_HASH = b"h" * 32, b"o" * 32


def session(bench: Bench, person: PersonId, token_hash: bytes = HASH) -> Session:
    return Session(
        tenant=bench.tenant,
        hash=token_hash,
        person=person,
        method="totp",
        aal=Aal.TWO,
        created_at=bench.now,
        seen_at=bench.now,
        not_after=after(bench.now, 60 * MINUTE_MS),
        step_up_for="log.export",
        step_up_until=after(bench.now, MINUTE_MS),
    )


def test_a_session_comes_back_as_written_and_by_its_hash_alone(bench: Bench) -> None:
    written = session(bench, bench.person())
    store.insert_session(bench.tx, written)
    assert store.find_session(bench.tx, HASH) == written
    assert store.find_session(bench.tx, OTHER_HASH) is None
    later = after(bench.now, 5)
    store.touch_session(bench.tx, HASH, later)
    store.spend_step_up(bench.tx, HASH)
    assert store.find_session(bench.tx, HASH) == replace(
        written, seen_at=later, step_up_for=None, step_up_until=None
    )


def test_signing_out_ends_one_session_or_all_of_one_person(bench: Bench) -> None:
    anne, carl = bench.person("Anne"), bench.person("Carl")
    for number, person in enumerate((anne, anne, carl)):
        store.insert_session(bench.tx, session(bench, person, bytes([number]) * 32))
    store.delete_session(bench.tx, bytes([0]) * 32)
    assert [one.hash[0] for one in store.sessions_of(bench.tx, bench.tenant, anne)] == [1]
    assert store.delete_sessions_of(bench.tx, bench.other, anne) == 0
    assert store.delete_sessions_of(bench.tx, bench.tenant, anne) == 1
    assert [one.hash[0] for one in store.sessions_of(bench.tx, bench.tenant, carl)] == [2]


@pytest.mark.parametrize("table", [s.login_link, s.setup_link], ids=lambda table: table.name)
def test_a_link_is_used_once_and_in_time(bench: Bench, table: sa.Table) -> None:
    person = bench.person()
    link = Link(bench.tenant, person, after(bench.now, MINUTE_MS), None)
    store.insert_link(bench.tx, table, HASH, link, now=bench.now)
    store.insert_link(bench.tx, table, OTHER_HASH, link, now=bench.now)
    assert store.find_link(bench.tx, table, HASH) == link
    assert not store.use_link(bench.tx, table, OTHER_HASH, link.not_after)
    assert store.use_link(bench.tx, table, HASH, bench.now)
    assert not store.use_link(bench.tx, table, HASH, bench.now)
    assert store.find_link(bench.tx, table, HASH) == replace(link, used_at=bench.now)
    assert store.find_link(bench.tx, table, b"?" * 32) is None


def test_a_newer_link_voids_the_older_ones_of_its_person(bench: Bench) -> None:
    anne, carl = bench.person("Anne"), bench.person("Carl")
    until = after(bench.now, MINUTE_MS)
    for token_hash, person in ((HASH, anne), (OTHER_HASH, carl)):
        link = Link(bench.tenant, person, until, None)
        store.insert_link(bench.tx, s.login_link, token_hash, link, now=bench.now)
    store.void_links(bench.tx, s.login_link, bench.tenant, anne, bench.now)
    assert not store.use_link(bench.tx, s.login_link, HASH, bench.now)
    assert store.use_link(bench.tx, s.login_link, OTHER_HASH, bench.now)


def test_a_password_is_replaced_and_never_doubled(bench: Bench) -> None:
    person = bench.person()
    assert store.password_hash(bench.tx, bench.tenant, person) is None
    for encoded in ("first", "second"):
        store.set_password(bench.tx, bench.tenant, person, encoded, now=bench.now)
    assert store.password_hash(bench.tx, bench.tenant, person) == "second"
    assert store.password_hash(bench.tx, bench.other, person) is None
    assert bench.tx.execute(sa.select(sa.func.count()).select_from(s.password)).scalar_one() == 1


def test_an_authenticator_comes_back_as_written(bench: Bench) -> None:
    person = bench.person()
    assert store.authenticator(bench.tx, bench.tenant, person) is None
    waiting = Authenticator(b"sealed", 7, 3, after(bench.now, 1), None)
    for app in (waiting, replace(waiting, paused_until=None, confirmed_at=bench.now)):
        store.set_authenticator(bench.tx, bench.tenant, person, app)
        assert store.authenticator(bench.tx, bench.tenant, person) == app
