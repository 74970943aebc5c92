from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from bayward.sim.clock import SharedClock
from bayward.sim.mailbox import Mailbox

MAX = 5


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    box = Mailbox(SharedClock(tmp_path / "clock"))
    await box.start()
    yield box
    await box.stop()


def letter(subject: str = "A parcel — für dich") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bank@a.test", "anna@a.test", subject
    message.set_content("plain\n")
    message.add_alternative("<p>rich</p>", subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<pass@bayward>")  # type: ignore[union-attr, index]  # the part just added
    return message


async def test_a_message_arrives_with_all_its_parts(mailbox: Mailbox) -> None:
    await aiosmtplib.send(letter(), hostname="127.0.0.1", port=mailbox.port)
    found = await mailbox.wait_for("anna@a.test", "für dich")
    assert (found.text.strip(), found.html.strip()) == ("plain", "<p>rich</p>")
    assert found.pictures == (("pass@bayward", b"\x89PNG"),)


async def test_a_broken_post_office_says_so_and_keeps_nothing(mailbox: Mailbox) -> None:
    mailbox.is_broken = True
    with pytest.raises(aiosmtplib.SMTPDataError):
        await aiosmtplib.send(letter(), hostname="127.0.0.1", port=mailbox.port)
    assert not mailbox.messages


async def test_old_messages_fall_out(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bayward.sim.mailbox.MESSAGES_MAX", MAX)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.port) as client:
        for number in range(MAX + 5):
            await client.send_message(letter(f"number {number}"))
    assert len(mailbox.messages) == MAX
    assert mailbox.messages[0].subject == f"number {MAX + 4}"
