from __future__ import annotations

import re

import pytest

from bayward.cloud.notify import service as notify
from bayward.cloud.notify.store import DeliveryId, State, Wanted
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS
from bayward.core.errors import Conflict, NotFound
from bayward.core.events import EventType
from bayward.core.ids import GrantId, PersonId
from bayward.core.roles import Role
from bayward.wire.messages import LetterKind
from cloud_bench import BankTwin, CloudBench, named
from mail_bench import MailServer
from notify_bench import (
    CODE,
    deliveries,
    part,
    work_off,
)

_T = EventType


async def test_identity_16_the_old_code_is_dead_before_the_new_one_leaves(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    """A resend while the first message still waits: only the new code ever leaves."""
    grant = named(GrantId, 1)
    deposited.record(_T.CODE_ROTATED, grant=grant)
    deposited.seal(LetterKind.PICKUP, grant, "90817263")
    await deposited.upload(cloud.ingest)
    [letter] = cloud.rows(s.letter)
    assert letter.letter.endswith("#2")
    await work_off(cloud, post)
    [message] = post.inbox
    text = re.sub(r"\s", "", part(message, "plain"))
    assert "90817263" in text
    assert CODE not in text
    assert sorted(one.state for one in await deliveries(cloud, deposited)) == ["expired", "sent"]
    rotated_at = cloud.rows(s.grant)[0].rotated_at
    assert rotated_at is not None


async def test_identity_16_a_new_code_without_its_rotation_does_not_leave(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    """A letter is stored only with the entries that make it true, in one transaction."""
    await work_off(cloud, post)
    deposited.record(_T.CODE_ROTATED, grant=named(GrantId, 1))
    deposited.seal(LetterKind.PICKUP, named(GrantId, 1), "90817263")
    cloud.tx.exec_driver_sql("PRAGMA query_only=ON")
    cloud.tx.rollback()
    with pytest.raises(Exception, match=r"storage\.full"):
        await deposited.upload(cloud.ingest)
    cloud.tx.exec_driver_sql("PRAGMA query_only=OFF")
    cloud.tx.rollback()
    await work_off(cloud, post)
    assert len(post.inbox) == 1


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (_T.GRANT_REVOKED, {"reason": "moved out"}),
        (_T.GRANT_EXPIRED, {}),
        (_T.PARCEL_COLLECTED, {"result": "empty"}),
    ],
)
async def test_a_code_that_is_dead_is_not_sent(
    cloud: CloudBench,
    deposited: BankTwin,
    post: MailServer,
    kind: EventType,
    told: dict[str, str],
) -> None:
    grant, parcel = named(GrantId, 1), cloud.rows(s.parcel)[0].parcel
    space = {"compartment": deposited.door(1)} if kind is _T.PARCEL_COLLECTED else {}
    deposited.record(kind, grant=grant, parcel=parcel, **space, **told)
    await deposited.upload(cloud.ingest)
    await work_off(cloud, post)
    assert cloud.rows(s.letter) == []
    for message in post.inbox:
        assert CODE not in re.sub(r"\s", "", part(message, "plain"))


async def test_a_server_that_says_never_is_believed_and_staff_can_try_again(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    post.answers = ["550 no such user"]
    await work_off(cloud, post)
    [delivery] = await deliveries(cloud, deposited)
    assert (delivery.state, delivery.last_error) == (State.DEAD, "smtp.recipient 550")
    [failed] = cloud.events(_T.NOTIFICATION_FAILED)
    assert (failed.subject, failed.reason) == (delivery.id, "smtp.recipient 550")
    assert len(cloud.rows(s.letter)) == 1
    await cloud.do(notify.retry, deposited.tenant, delivery.id)
    await work_off(cloud, post)
    assert len(post.inbox) == 1
    with pytest.raises(Conflict):
        await cloud.do(notify.retry, deposited.tenant, delivery.id)


async def test_a_letter_nobody_could_send_does_not_stay_for_ever(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    post.answers = ["550 no such user"]
    await work_off(cloud, post)
    [delivery] = await deliveries(cloud, deposited)
    cloud.wait(7 * DAY_MS)
    await work_off(cloud, post)
    assert cloud.rows(s.letter) == []
    with pytest.raises(Conflict) as caught:
        await cloud.do(notify.retry, deposited.tenant, delivery.id)
    assert caught.value.code == "notification.expired"


async def test_a_retry_without_its_letter_says_what_to_do_instead(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    post.answers = ["550 no such user"]
    await work_off(cloud, post)
    [delivery] = await deliveries(cloud, deposited)
    await cloud.unit.write(lambda work: work.tx.execute(s.letter.delete()))
    with pytest.raises(Conflict) as caught:
        await cloud.do(notify.retry, deposited.tenant, delivery.id)
    assert caught.value.code == "notification.code_gone"


async def test_whoever_has_no_address_shows_as_undeliverable(
    cloud: CloudBench, bank: BankTwin, post: MailServer
) -> None:
    mute = await cloud.person(bank.tenant, "Mute", Role.RESIDENT, email=None)
    bank.deposit(1, recipient=mute, courier=named(PersonId, 2))
    await bank.upload(cloud.ingest)
    await work_off(cloud, post)
    [delivery] = await deliveries(cloud, bank)
    assert (delivery.state, delivery.last_error) == (State.DEAD, "no_address")
    assert cloud.rows(s.letter) == []


async def test_identity_62_a_delivery_of_another_tenant_is_not_found(
    cloud: CloudBench, deposited: BankTwin
) -> None:
    stranger = await cloud.tenant(2)
    [delivery] = await deliveries(cloud, deposited)
    for tenant, asked in ((stranger, delivery.id), (deposited.tenant, named(DeliveryId, 9))):
        with pytest.raises(NotFound):
            await cloud.do(notify.retry, tenant, asked)
    assert await cloud.do(notify.deliveries, stranger, Wanted()) == []
    assert await cloud.do(notify.count, stranger, Wanted()) == 0
