from __future__ import annotations

import re
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bayward.cloud import workers
from bayward.cloud.access import service as access
from bayward.cloud.notify import service as notify
from bayward.cloud.notify.caller import Caller
from bayward.cloud.notify.mailer import LADDER_MS, Mailer
from bayward.cloud.notify.store import Delivery, DeliveryId, State, Wanted
from bayward.cloud.people import set_up, sign_in
from bayward.cloud.settings import MailSettings
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.cloud.web.links import LINKS
from bayward.core.clock import DAY_MS, HOUR_MS
from bayward.core.errors import Conflict, Misconfigured, NotFound
from bayward.core.events import EventType
from bayward.core.ids import GrantId, PersonId, TenantId
from bayward.core.roles import Role
from bayward.ui import qr
from bayward.ui.render import Renderer
from bayward.wire.messages import LetterKind
from cloud_bench import NOTIFIER, URL, BankTwin, CloudBench, named
from mail_bench import MailServer

_T = EventType
CODE = "48219037"
RENDERER = Renderer()
PASSES: list[str] = []


def recorded_pass(work: Work, tenant: TenantId, grant: GrantId) -> str:
    PASSES.append(LINKS.pickup_pass(work, tenant, grant))
    return PASSES[-1]


def mailer(cloud: CloudBench, port: int, **more: object) -> Mailer:
    smtp = MailSettings(
        host="127.0.0.1", port=port, sender="lockers@example.com", is_starttls=False
    )
    return Mailer(
        unit=cloud.unit,
        smtp=more.get("smtp", smtp),  # type: ignore[arg-type]  # as named
        password=None,
        render=RENDERER.mail,
        links=replace(LINKS, pickup_pass=recorded_pass),
        notifier=more.get("notifier", NOTIFIER),  # type: ignore[arg-type]  # as named
    )


async def work_off(cloud: CloudBench, post: MailServer, **more: object) -> None:
    """Everything that is due, by the workers of one process."""
    caller = Caller(cloud.unit, is_loopback_allowed=True)
    made = mailer(cloud, post.port, **more)
    for worker in workers.lanes(cloud.unit, mailer=made, caller=caller, random=lambda: 0.0):
        await worker.run_due()


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


@pytest.fixture
async def anne(cloud: CloudBench, bank: BankTwin) -> PersonId:
    return await cloud.person(bank.tenant, "Anne", Role.RESIDENT)


@pytest.fixture
async def deposited(cloud: CloudBench, bank: BankTwin, anne: PersonId) -> BankTwin:
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2), code=CODE)
    await bank.upload(cloud.ingest)
    return bank


async def deliveries(cloud: CloudBench, bank: BankTwin) -> list[Delivery]:
    return await cloud.do(notify.deliveries, bank.tenant, Wanted())


async def test_m16_the_recipient_gets_code_picture_and_link(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await work_off(cloud, post)
    [message] = post.inbox
    assert post.recipients == ["anne@example.com"]
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = part(message, "plain"), part(message, "html")
    assert CODE in re.sub(r"\s", "", text)
    link = re.search(rf"{re.escape(URL)}/p/([0-9a-z]{{26}})#c={CODE}", text)
    assert link is not None
    assert link.group(0) in html
    found = await cloud.do(access.follow_link, link.group(1))
    assert found.parcel == cloud.rows(s.parcel)[0].parcel
    [picture] = [one for one in message.walk() if one.get_content_type() == "image/png"]
    assert picture["Content-ID"].strip("<>") in html
    assert picture.get_payload(decode=True) == qr.png(PASSES[-1])
    assert PASSES[-1].startswith("L1:")  # judged in tests/cloud/access
    [delivery] = await deliveries(cloud, deposited)
    assert (delivery.state, delivery.attempts) == (State.SENT, 1)
    assert message["Message-ID"] == f"<{delivery.id}@example.com>"
    assert cloud.rows(s.letter) == []  # opened here, then gone
    [told] = cloud.events(_T.NOTIFICATION_SENT)
    assert (told.subject, told.recipient, told.channel) == (
        delivery.id, found.person, "email",
    )  # fmt: skip


async def test_identity_13_after_sending_the_database_holds_neither_code_nor_link(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await work_off(cloud, post)
    link = re.search(r"/p/([0-9a-z]{26})", part(post.inbox[0], "plain"))
    assert link is not None
    stolen = cloud.dump()
    assert CODE.encode() not in stolen
    assert link.group(1).encode() not in stolen
    sealed = [letter.sealed for _, letter in deposited.log.letters]
    assert sealed[0] not in stolen  # overwritten, not only unlinked


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


async def test_a_server_that_says_later_is_asked_again(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    post.answers = ["451 try later", "451 try later"]
    for attempt, wait_ms in enumerate(LADDER_MS[:2], start=1):
        await work_off(cloud, post)
        [delivery] = await deliveries(cloud, deposited)
        assert (delivery.state, delivery.attempts) == (State.RETRYING, attempt)
        assert delivery.last_error == "smtp.recipient 451"
        assert delivery.next_at == cloud.clock.at + wait_ms
        cloud.wait(wait_ms)
    await work_off(cloud, post)
    assert len(post.inbox) == 1
    assert (await deliveries(cloud, deposited))[0].state is State.SENT


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


async def test_a_server_that_is_away_is_waited_for(cloud: CloudBench, deposited: BankTwin) -> None:
    async with MailServer() as gone:
        pass
    await work_off(cloud, gone)
    [delivery] = await deliveries(cloud, deposited)
    assert delivery.state is State.RETRYING
    assert delivery.last_error is not None
    assert CODE not in delivery.last_error


async def test_a_message_refused_for_its_content_is_dead(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    post.data_answer = "554 looks like spam"
    await work_off(cloud, post)
    assert (await deliveries(cloud, deposited))[0].last_error == "smtp.message 554"


async def test_killed_after_sending_the_same_message_goes_out_again_and_is_known_by_its_id(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    """The power goes between the mail server's OK and our record of it."""
    cloud.tx.exec_driver_sql(
        "CREATE TRIGGER power_cut BEFORE DELETE ON job BEGIN SELECT RAISE(ABORT, 'power'); END"
    )
    cloud.tx.commit()
    await work_off(cloud, post)
    assert len(post.inbox) == 1
    assert len(cloud.rows(s.letter)) == 1
    cloud.tx.exec_driver_sql("DROP TRIGGER power_cut")
    cloud.tx.commit()
    cloud.wait(HOUR_MS)
    await work_off(cloud, post)
    assert len({message["Message-ID"] for message in post.inbox}) == 1
    assert len(post.inbox) == 2
    assert (await deliveries(cloud, deposited))[0].state is State.SENT
    assert cloud.rows(s.letter) == []


async def test_identity_15_a_letter_for_another_key_is_dead_and_visible(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    other = ec.derive_private_key(100, ec.SECP256R1())
    await work_off(cloud, post, notifier=other)
    [delivery] = await deliveries(cloud, deposited)
    assert (delivery.state, delivery.last_error) == (State.DEAD, "letter.sealed")
    assert post.inbox == []


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


async def test_a_disabled_person_gets_no_mail(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    await cloud.unit.write(lambda work: work.tx.execute(s.person.update().values(state="disabled")))
    await work_off(cloud, post)
    assert post.inbox == []
    assert (await deliveries(cloud, deposited))[0].last_error == "no_recipient"


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


async def test_mail_never_leaves_the_machine_in_clear(cloud: CloudBench) -> None:
    smtp = MailSettings(host="mail.example.com", sender="a@example.com", is_starttls=False)
    with pytest.raises(Misconfigured) as caught:
        mailer(cloud, 25, smtp=smtp)
    assert caught.value.code == "mail.unencrypted"


async def test_a_server_without_starttls_gets_no_mail_when_it_is_required(
    cloud: CloudBench, deposited: BankTwin, post: MailServer
) -> None:
    smtp = MailSettings(host="127.0.0.1", port=post.port, sender="lockers@example.com")
    await work_off(cloud, post, smtp=smtp)
    assert post.inbox == []
    assert (await deliveries(cloud, deposited))[0].state is State.RETRYING


async def test_a_server_with_a_foreign_certificate_gets_no_mail(
    cloud: CloudBench, deposited: BankTwin, tmp_path: Path
) -> None:
    async with MailServer(tls=self_signed(tmp_path)) as post:
        smtp = MailSettings(host="127.0.0.1", port=post.port, sender="lockers@example.com")
        await work_off(cloud, post, smtp=smtp)
        assert post.inbox == []
    assert (await deliveries(cloud, deposited))[0].state is State.RETRYING


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.now(tz=UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context
