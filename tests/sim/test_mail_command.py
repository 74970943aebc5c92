from __future__ import annotations

import asyncio
import signal
import sys
from email.message import EmailMessage

import aiosmtplib
import pytest


@pytest.mark.system
async def test_it_prints_what_it_is_given_until_it_is_ended() -> None:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bayward.cli", "sim", "mail", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    first = (await running.stdout.readline()).decode()
    port = int(first.partition("127.0.0.1:")[2].partition(".")[0])
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x.test", "b@x.test", "Ein Päckchen"
    message.set_content("Your code: 4821 9037\n")
    await aiosmtplib.send(message, hostname="127.0.0.1", port=port, start_tls=False)
    running.send_signal(signal.SIGINT)
    said, _ = await asyncio.wait_for(running.communicate(), 20)
    assert running.returncode == 0
    assert "--- to b@x.test: Ein Päckchen\nYour code: 4821 9037" in said.decode()
