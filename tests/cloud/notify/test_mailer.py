from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bayward.cloud.access import service as access
from bayward.cloud.notify.mailer import LADDER_MS
from bayward.cloud.notify.store import State
from bayward.cloud.settings import MailSettings
from bayward.cloud.storage import schema as s
from bayward.core.clock import HOUR_MS, MINUTE_MS
from bayward.core.errors import Misconfigured
from bayward.core.events import EventType
from bayward.ui import qr
from cloud_bench import URL, BankTwin, CloudBench
from mail_bench import MailServer
from notify_bench import (
    CODE,
    PASSES,
    deliveries,
    mailer,
    part,
    work_off,
)

_T = EventType


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


def test_a_mail_server_that_is_back_is_not_waited_out() -> None:
    """Somebody stands in the lobby without his code. (`bayward sim`, seed 1083.)"""
    assert max(LADDER_MS) <= 30 * MINUTE_MS
    assert sum(LADDER_MS) >= 20 * HOUR_MS


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
