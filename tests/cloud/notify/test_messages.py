from __future__ import annotations

import re

from bayward.cloud.notify import service as notify
from bayward.cloud.notify.store import State
from bayward.cloud.people import set_up, sign_in
from bayward.cloud.storage import schema as s
from bayward.core.clock import DAY_MS
from bayward.core.events import EventType
from bayward.core.ids import GrantId, ParcelId, PersonId
from bayward.core.roles import Role
from bayward.wire.messages import LetterKind
from cloud_bench import URL, BankTwin, CloudBench, named
from mail_bench import MailServer
from notify_bench import (
    CODE,
    deliveries,
    part,
    work_off,
)

_T = EventType


async def test_a_courier_gets_his_own_code(
    cloud: CloudBench, bank: BankTwin, post: MailServer
) -> None:
    carl = await cloud.person(bank.tenant, "Carl", Role.COURIER)
    await cloud.unit.write(
        lambda work: work.tx.execute(
            s.admission.insert().values(
                tenant=bank.tenant,
                person=carl,
                bank=bank.id,
                carrier="UPS",
                state="requested",
                until=cloud.clock.at + DAY_MS,
                changed_at=work.now,
                command="cmd",
                granted_by=carl,
            )
        )
    )
    for code in ("11112222", "33334444"):  # admitted twice: the first code is dead
        bank.record(
            _T.COURIER_ADMITTED, actor=carl, carrier="UPS", not_after=cloud.clock.at + DAY_MS
        )
        bank.seal(LetterKind.COURIER, carl, code)
        await bank.upload(cloud.ingest)
    await work_off(cloud, post)
    [message] = post.inbox
    text = re.sub(r"\s", "", part(message, "plain"))
    assert "33334444" in text
    assert "UPS" in text
    assert post.recipients == ["carl@example.com"]


async def test_a_dismissed_courier_gets_nothing(
    cloud: CloudBench, bank: BankTwin, anne: PersonId, post: MailServer
) -> None:
    bank.record(_T.COURIER_ADMITTED, actor=anne, carrier="UPS", not_after=cloud.clock.at + DAY_MS)
    bank.record(_T.COURIER_DISMISSED, actor=anne)
    bank.seal(LetterKind.COURIER, anne, "33334444")
    await bank.upload(cloud.ingest)
    await work_off(cloud, post)
    assert post.inbox == []


async def test_a_sign_in_link_works_once_and_is_dropped_rather_than_late(
    cloud: CloudBench, bank: BankTwin, anne: PersonId, post: MailServer
) -> None:
    await cloud.do(notify.send_sign_in_link, bank.tenant, anne)
    await work_off(cloud, post)
    [message] = post.inbox
    link = re.search(rf"{re.escape(URL)}/l/([0-9a-z]{{26}})", part(message, "plain"))
    assert link is not None
    assert (await cloud.do(sign_in.follow_link, link.group(1))).person == anne
    await cloud.do(notify.send_sign_in_link, bank.tenant, anne)
    cloud.wait(notify.LINK_LIFE_MS)
    await work_off(cloud, post)
    assert len(post.inbox) == 1
    assert (await deliveries(cloud, bank))[0].last_error == "too_late"


async def test_an_invitation_leads_to_the_set_up(
    cloud: CloudBench, bank: BankTwin, post: MailServer
) -> None:
    ada = await cloud.person(bank.tenant, "Ada", Role.ADMIN)
    await cloud.do(notify.send_invitation, bank.tenant, ada, "admin")
    await work_off(cloud, post)
    text = part(post.inbox[0], "plain")
    link = re.search(rf"{re.escape(URL)}/setup/([0-9a-z]{{26}})", text)
    assert link is not None
    assert (await cloud.do(set_up.follow_link, link.group(1))).person.email == "ada@example.com"


async def test_m41_staff_is_told_of_an_incident_and_of_the_lockdown(
    cloud: CloudBench, bank: BankTwin, anne: PersonId, post: MailServer
) -> None:
    ada = await cloud.person(bank.tenant, "Ada", Role.ADMIN)
    await cloud.person(bank.tenant, "Nomail", Role.ADMIN, email=None)
    stranger = await cloud.tenant(2)
    await cloud.person(stranger, "Eve", Role.ADMIN)
    bank.force(2)
    await bank.upload(cloud.ingest)
    await work_off(cloud, post)
    assert post.recipients == ["ada@example.com"]
    [message] = post.inbox
    incident = cloud.rows(s.incident)[0].incident
    text = part(message, "plain")
    assert f"{URL}/console/incidents/{incident}" in text
    assert "02" in message["Subject"] + text
    [told] = cloud.events(_T.NOTIFICATION_SENT)
    assert (told.incident, told.recipient) == (incident, ada)


async def test_identity_07_staff_is_told_of_ten_wrong_codes(
    cloud: CloudBench, bank: BankTwin, anne: PersonId, post: MailServer
) -> None:
    await cloud.person(bank.tenant, "Ada", Role.ADMIN)
    bank.record(EventType.KEYPAD_PAUSED, not_after=cloud.clock.at + 1_800_000)
    await bank.upload(cloud.ingest)
    await work_off(cloud, post)
    assert post.recipients == ["ada@example.com"]
    assert "ten wrong codes" in post.inbox[0]["Subject"] + part(post.inbox[0], "plain")


async def test_a_reminder_a_day_before_and_a_word_when_the_time_is_over(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await work_off(cloud, post)
    cloud.wait(6 * DAY_MS - 1)
    await work_off(cloud, post)
    assert len(post.inbox) == 1
    cloud.wait(1)
    await work_off(cloud, post)
    assert len(post.inbox) == 2
    text = part(post.inbox[1], "plain")
    assert CODE not in re.sub(r"\s", "", text)
    assert "#c=" not in text
    cloud.wait(DAY_MS)
    deposited.record(_T.GRANT_EXPIRED, grant=named(GrantId, 1))
    await deposited.upload(cloud.ingest)
    await work_off(cloud, post)
    assert len(post.inbox) == 3
    kinds = [one.kind for one in await deliveries(cloud, deposited)]
    assert kinds == ["overdue", "reminder", "parcel_ready"]


async def test_who_has_collected_is_not_reminded_but_told_when(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await work_off(cloud, post)
    deposited.collect(1)
    await deposited.upload(cloud.ingest)
    cloud.wait(7 * DAY_MS)
    await work_off(cloud, post)
    states = {one.kind: one.state for one in await deliveries(cloud, deposited)}
    assert states == {"parcel_ready": State.SENT, "collected": State.EXPIRED}
    assert len(post.inbox) == 1  # nobody wants a week-old word of it


async def test_the_collection_is_confirmed(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await work_off(cloud, post)
    deposited.collect(1)
    await deposited.upload(cloud.ingest)
    await work_off(cloud, post)
    assert (await deliveries(cloud, deposited))[0].kind == "collected"
    assert len(post.inbox) == 2


async def test_a_disabled_person_gets_no_mail(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await cloud.unit.write(lambda work: work.tx.execute(s.person.update().values(state="disabled")))
    await work_off(cloud, post)
    assert post.inbox == []
    assert (await deliveries(cloud, deposited))[0].last_error == "no_recipient"


async def test_whose_door_was_forced_is_told_once_and_never_that_all_is_well(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await work_off(cloud, post)
    parcel = named(ParcelId, 1)
    for _ in range(2):
        deposited.force(1, parcel=parcel)
        await deposited.upload(cloud.ingest)
        await work_off(cloud, post)
    told = [part(one, "plain") for one in post.inbox]
    [forced] = [one for one in told if "forced open" in one]
    assert "We do not know whether your parcel is still in it." in forced
    deposited.collect(1)
    await deposited.upload(cloud.ingest)
    await work_off(cloud, post)
    last = post.inbox[-1]
    assert last["Subject"] == "Your door in Lobby 1 was opened"
    assert "It had been forced open before" in part(last, "plain")
    assert "was collected" not in part(last, "html")


async def test_a_forced_door_with_nothing_behind_it_is_nobodys_message(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    deposited.force(2)
    deposited.collect(1)
    deposited.force(1, parcel=named(ParcelId, 1))  # it had gone already
    await deposited.upload(cloud.ingest)
    await work_off(cloud, post)
    assert "door_forced" not in [one.kind for one in await deliveries(cloud, deposited)]
