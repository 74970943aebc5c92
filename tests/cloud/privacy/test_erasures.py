"""Two people erase somebody, or one and 72 hours."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bayward.cloud.notify import service as notify
from bayward.cloud.people import service as people
from bayward.cloud.privacy import erasures, holds
from bayward.cloud.privacy.erasures import DUE_JOB, WAIT_MS, Asked
from bayward.cloud.privacy.hold_store import HoldId, HoldKind
from bayward.cloud.privacy.holds import Scope
from bayward.cloud.privacy.service import Basis
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS, after
from bayward.core.errors import BaywardError, Conflict, NotFound
from bayward.core.events import EventType
from bayward.core.ids import PersonId
from bayward.core.roles import Binding, Node, Role
from privacy_bench import Ended

_T = EventType


async def ask(ended: Ended, actor: PersonId | None = None) -> Asked:
    return await ended.cloud.do(
        erasures.ask, ended.tenant, ended.anne, basis=Basis.OBJECTION, actor=actor or ended.ada
    )


async def refused(ended: Ended, actor: PersonId) -> str:
    with pytest.raises(BaywardError) as caught:
        await ended.cloud.do(erasures.confirm, ended.tenant, ended.anne, actor=actor)
    return caught.value.code


async def administrator(ended: Ended, name: str, *, days: int = 10) -> PersonId:
    """Somebody who has been one for so long, and has signed in."""
    person = await ended.cloud.person(ended.tenant, name, Role.ADMIN)

    def season(work: object) -> None:
        tx = ended.cloud.tx
        mine = s.role_binding.c.person == person
        since = ended.cloud.clock.at - days * DAY_MS
        tx.execute(s.role_binding.update().where(mine).values(not_before=since))
        tx.execute(s.person.update().where(s.person.c.person == person).values(state="active"))

    await ended.cloud.do(season)
    return person


@pytest.fixture
async def ended(ended: Ended) -> Ended:
    """Ada administers alone, and has for years."""
    tx = ended.cloud.tx
    with tx.begin():
        mine = s.role_binding.c.person == ended.ada
        tx.execute(s.role_binding.update().where(mine).values(not_before=1))
        tx.execute(s.person.update().where(s.person.c.person == ended.ada).values(state="active"))
    return ended


def mails(ended: Ended) -> list[str]:
    wanted = s.delivery.c.kind == notify.ERASURE_ASKED
    with ended.cloud.tx.begin():
        return list(ended.cloud.tx.execute(sa.select(s.delivery.c.person).where(wanted)).scalars())


async def test_a_second_administrator_confirms_and_both_are_in_the_log(ended: Ended) -> None:
    bea = await administrator(ended, "Bea")
    asked = await ask(ended)
    assert asked.due is None
    assert (await ended.cloud.do(people.get, ended.tenant, ended.anne)).name == "Anne"
    assert mails(ended) == [bea]
    assert await refused(ended, ended.ada) == "erase.same_person"
    await ended.cloud.do(erasures.confirm, ended.tenant, ended.anne, actor=bea)
    [event] = ended.cloud.events(_T.SUBJECT_ERASED)
    assert (event.actor, event.witness, event.method) == (bea, ended.ada, None)
    assert await ended.cloud.do(erasures.waiting, ended.tenant) == []
    with pytest.raises(NotFound):
        await ended.cloud.do(people.get, ended.tenant, ended.anne)


async def test_who_is_new_is_no_second_pair_of_eyes(ended: Ended) -> None:
    mole = await administrator(ended, "Mole", days=2)
    asked = await ask(ended)
    assert asked.due == after(ended.cloud.clock.at, WAIT_MS)  # as if there were nobody
    assert await refused(ended, mole) == "erase.too_new"
    ended.cloud.wait(DAY_MS)
    await ended.cloud.do(erasures.confirm, ended.tenant, ended.anne, actor=mole)


async def test_alone_it_takes_72_hours_and_a_message(ended: Ended) -> None:
    asked = await ask(ended)
    assert mails(ended) == [ended.ada]
    ended.cloud.wait(WAIT_MS - 1)
    await ended.work()
    assert ended.cloud.events(_T.SUBJECT_ERASED) == []
    ended.cloud.wait(1)
    await ended.work()
    [event] = ended.cloud.events(_T.SUBJECT_ERASED)
    assert (event.actor, event.witness, event.method) == (ended.ada, None, "timeout")
    assert asked.due == event.time


async def test_until_then_it_can_be_withdrawn(ended: Ended) -> None:
    await ask(ended)
    await ended.cloud.do(erasures.withdraw, ended.tenant, ended.anne, actor=ended.ada)
    ended.cloud.wait(WAIT_MS)
    await ended.work()
    assert ended.cloud.events(_T.SUBJECT_ERASED) == []
    assert len(ended.cloud.events(_T.ERASURE_WITHDRAWN)) == 1
    with pytest.raises(NotFound, match="erasure"):
        await ended.cloud.do(erasures.withdraw, ended.tenant, ended.anne, actor=ended.ada)


async def test_nobody_asks_twice_or_for_what_cannot_be(ended: Ended) -> None:
    await ask(ended)
    with pytest.raises(Conflict, match=r"erase\.asked"):
        await ask(ended)
    await ended.cloud.do(erasures.withdraw, ended.tenant, ended.anne, actor=ended.ada)
    hold = await held(ended)
    with pytest.raises(Conflict, match=r"hold\.active"):
        await ask(ended)
    await ended.cloud.do(holds.lift, ended.tenant, hold, actor=ended.ada)
    await ask(ended)


async def held(ended: Ended) -> HoldId:
    scope = Scope(kind=HoldKind.PERSON, subject=ended.anne)
    placed = await ended.cloud.do(
        holds.place, ended.tenant, scope, authority="Court", until=None, actor=ended.ada
    )
    return placed.id


async def test_what_stands_in_the_way_when_it_is_due_is_said_once_and_looked_at_daily(
    ended: Ended,
) -> None:
    await ask(ended)
    hold = await held(ended)
    ended.cloud.wait(WAIT_MS)
    await ended.work()
    ended.cloud.wait(DAY_MS)
    await ended.work()
    [blocked] = ended.cloud.events(_T.ERASURE_BLOCKED)
    assert blocked.reason == "hold.active"
    [waiting] = await ended.cloud.do(erasures.waiting, ended.tenant)
    assert waiting.problem == "hold.active"
    await ended.cloud.do(holds.lift, ended.tenant, hold, actor=ended.ada)
    ended.cloud.wait(DAY_MS)
    await ended.work()
    assert len(ended.cloud.events(_T.SUBJECT_ERASED)) == 1
    assert [row for row in ended.cloud.rows(s.job) if row.kind == DUE_JOB] == []


async def test_who_administers_no_longer_erases_nobody(ended: Ended) -> None:
    await ask(ended)
    await administrator(ended, "Bea", days=1)
    binding = Binding(ended.ada, Role.ADMIN, Node(ended.tenant), ended.cloud.clock.now(), None)
    await ended.cloud.do(people.revoke, ended.tenant, None, binding)
    ended.cloud.wait(WAIT_MS)
    await ended.work()
    [blocked] = ended.cloud.events(_T.ERASURE_BLOCKED)
    assert blocked.reason == "erase.asker_gone"
