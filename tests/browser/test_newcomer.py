"""The how-to without hardware, done by a newcomer: programs, console, kiosk, and typed hands."""

from __future__ import annotations

import hashlib
import hmac
import queue
import re
import struct
import subprocess
import sys
import threading
import time
from base64 import b32decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bayward.sim.demo.stage import free_port

pytestmark = pytest.mark.browser
PATIENCE_S = 60.0
TOTP_S = 30
CLOUD = """\
state = "./cloud"
public_url = "http://localhost:{http}"
organisation = "Elm Street Homes"
site = "12 Elm Street"
http_port = {http}
link_port = {link}
enrol_port = {enrol}

[mail]
host = "127.0.0.1"
port = {mail}
sender = "lockers@example.com"
is_starttls = false
"""


class Terminal:
    """A window with one program in it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bayward.cli", *words],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self._lines.put(line)

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line like this; what was said before it is forgotten."""
        end = time.monotonic() + PATIENCE_S
        seen = ""
        while (found := re.search(pattern, seen)) is None:
            try:
                seen += self._lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{pattern!r} never came: {seen}") from None
        return found

    def type(self, text: str) -> None:
        """A line and Enter."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Ctrl-C."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """Whatever the program is in the middle of."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def terminals(folder: Path) -> Iterator[dict[str, Terminal]]:
    """Windows that are closed in the end."""
    opened: dict[str, Terminal] = {}
    try:
        yield opened
    finally:
        for one in reversed(opened.values()):
            one.close()


def authenticator(secret: str, step: int) -> str:
    """RFC 6238, as any telephone does it."""
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


class Phone:
    """Shows a code once: a second one is waited for."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._step = 0

    def code(self, page: Page) -> str:
        step = max(int(time.time()) // TOTP_S, self._step + 1)
        early_s = (step - 1) * TOTP_S - time.time()  # one step early is taken: clocks differ
        page.wait_for_timeout(max(0.0, early_s * 1_000))
        self._step = step
        return authenticator(self._secret, step)


def set_up(page: Page, link: str) -> Phone:
    """Step 2: the first administrator."""
    page.goto(link)
    page.fill("[name=name]", "Anne Weber")
    page.fill("[name=email]", "anne@example.com")
    page.fill("[name=password]", "four quiet otters dancing")
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("I cannot scan it").click()
    phone = Phone(page.locator(".secret span").inner_text().replace(" ", ""))
    page.fill("[name=code]", phone.code(page))
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/console**")
    return phone


def new_bank(page: Page, console: str, phone: Phone) -> str:
    """Step 3: a bank in the books; its ticket."""
    page.goto(f"{console}/banks/new")
    page.fill("[name=name]", "Try-out")
    page.get_by_role("button", name="Make the token").click()
    page.fill("[name=code]", phone.code(page))
    page.locator("button.danger").click()
    found = re.search(r"BW1\S+", page.locator(".secret span").first.inner_text())
    assert found is not None
    return found[0]


def people(page: Page, console: str, mail: Terminal) -> str:
    """Step 7: somebody who gets a parcel, and somebody who brings it; the courier's code."""
    page.goto(f"{console}/people/new")
    page.fill("[name=name]", "Rosa Duarte")
    page.fill("[name=unit]", "4B")
    page.fill("[name=email]", "rosa@example.com")
    page.get_by_role("button", name="Send the invitation").click()
    page.goto(f"{console}/couriers/new")
    page.fill("[name=name]", "Carl")
    page.fill("[name=email]", "carl@example.com")
    page.get_by_role("button", name="Make the code").click()
    mail.until("--- to carl@example.com")
    return mail.until(r"(\d{4}) (\d{4})").expand(r"\1\2")


def type_code(kiosk: Page, code: str) -> None:
    kiosk.wait_for_selector("code-field:defined")
    for digit in code:
        kiosk.click(f'[data-key="{digit}"]')
    kiosk.click("[data-go]")


def test_from_two_empty_folders_to_a_parcel_without_hardware(
    chromium: Browser, tmp_path: Path
) -> None:
    ports = {name: free_port() for name in ("http", "link", "enrol", "mail", "wall", "kiosk")}
    web = f"http://localhost:{ports['http']}"
    (tmp_path / "cloud.toml").write_text(CLOUD.format(**ports))
    with terminals(tmp_path) as opened:
        mail = opened["mail"] = Terminal(tmp_path, "sim", "mail", "--port", str(ports["mail"]))
        mail.until("Taking mail")
        cloud = opened["cloud"] = Terminal(tmp_path, "cloud", "--settings", "cloud.toml")
        link = cloud.until(r"http://localhost\S+/setup/\S+")[0]
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        phone = set_up(page, link)
        ticket = new_bank(page, f"{web}/console", phone)
        enrolled = opened["enrol"] = Terminal(tmp_path, "edge", "enrol", ticket, "--state", "bank")
        enrolled.until("This computer is bank_")
        assert enrolled.process.wait(PATIENCE_S) == 0

        wall = opened["wall"] = Terminal(
            tmp_path, "sim", "wall", "bank.toml", "--new", "--state", "bank", "--web", web,
            "--at", f"socket://127.0.0.1:{ports['wall']}",
        )  # fmt: skip
        wall.until("9 doors stand at")
        described = (tmp_path / "bank.toml").read_text()
        (tmp_path / "bank.toml").write_text(
            described.replace("port = 8080", f"port = {ports['kiosk']}")
        )
        bank = opened["bank"] = Terminal(tmp_path, "edge", "run", "bank.toml", "--state", "bank")
        bank.until('"is_online": true')
        page.goto(f"{web}/console")
        expect(page.get_by_role("heading", name="Try-out", exact=True)).to_be_visible()

        courier = people(page, f"{web}/console", mail)
        kiosk = chromium.new_page(viewport={"width": 1080, "height": 1920})
        kiosk.goto((tmp_path / "bank" / "kiosk-url").read_text())
        kiosk.click('a[href="/kiosk/deliver"]')
        type_code(kiosk, courier)
        kiosk.fill("#tracking", "1Z5R89390357567127")
        kiosk.press("#tracking", "Enter")
        kiosk.fill("#query", "4B")
        kiosk.press("#query", "Enter")
        kiosk.click("button[name=recipient]")
        kiosk.click("button[name=size][value=S]")
        number = wall.until(r"door (\d+)  open")[1]
        wall.type(f"put {number}")
        wall.until("something in it")
        kiosk.wait_for_timeout(500)
        wall.type(f"shut {number}")
        kiosk.click("button[value=finish]")
        expect(kiosk.locator(".receipt svg.qr")).to_be_visible()

        mail.until("--- to rosa@example.com: .*parcel")
        code = mail.until(r"Your code: (\d{4}) (\d{4})").expand(r"\1\2")
        kiosk.get_by_role("link", name="To the first screen").click()
        kiosk.click('a[href="/kiosk/collect"]')
        type_code(kiosk, code)
        wall.until(rf"door {number}  open")
        wall.type(f"take {number}")
        kiosk.wait_for_timeout(500)
        wall.type(f"shut {number}")
        kiosk.wait_for_url("**/kiosk/thanks")

        wall.type("force 5")
        kiosk.wait_for_selector("text=This wall is locked", timeout=PATIENCE_S * 1_000)
        mail.until("--- to anne@example.com")
        wall.type("quit")
        assert wall.process.wait(PATIENCE_S) == 0
        bank.until('"event": "serial port does not open"')
        assert bank.end() == 0
        assert cloud.end() == 0
        assert mail.end() == 0
        page.close()
        kiosk.close()
