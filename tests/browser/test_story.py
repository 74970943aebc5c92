"""The demo as people use it, in Chromium: the wall, the kiosk, the phone, the console."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from playwright.sync_api import Browser, FrameLocator, Page, expect

from bayward.cli import main
from bayward.ledger import standalone
from bayward.sim.camera import HEIGHT, INK, PAPER, WIDTH, frame_with

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"
STANDALONE = Path(standalone.__file__).parent
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip
START_S_MAX = 60
PATIENCE_MS = 20_000


@dataclass
class Demo:
    """A running demo."""

    wall: str
    phone: str
    console: str
    process: subprocess.Popen[str]

    def finish(self) -> str:
        """Ctrl-C; what it says in the end."""
        self.process.terminate()
        said, _ = self.process.communicate(timeout=START_S_MAX)
        return said


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    log = tmp_path_factory.mktemp("demo") / "log"
    with subprocess.Popen(
        [sys.executable, "-m", "bayward.cli", "demo", "--no-browser", "--log", str(log)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if "Ctrl-C" in line:
                break
        urls = re.findall(r"The (wall|phone|console)\s+(http\S+)", told)
        assert len(urls) == 3, told + log.read_text()[-2_000:]
        yield Demo(process=process, **dict(urls))
        process.kill()


def deliver(page: Page, kiosk: FrameLocator, unit: str) -> str:
    """As the courier: from the first screen to thanks; returns the door's number."""
    code = page.locator("#badges").inner_text().partition("Courier code")[2]
    kiosk.get_by_role("link", name=re.compile("^Deliver")).click()
    type_code(kiosk, code)
    kiosk.locator("input[name=tracking]").fill("1Z5R89390357567127")
    kiosk.locator("input[name=tracking]").press("Enter")
    kiosk.locator("input[name=query]").fill(unit)
    kiosk.locator("input[name=query]").press("Enter")
    kiosk.locator("button[name=recipient]").first.click()
    kiosk.locator("button[name=size][value=S]").click()
    door = page.locator("button.hole[data-leaf=open]")
    expect(door).to_have_count(1, timeout=PATIENCE_MS)
    number = door.get_attribute("value") or ""
    page.wait_for_timeout(1_000)
    use(page, "put", number)
    use(page, "hand", number)
    kiosk.locator("button[name=answer][value=finish]").click(timeout=PATIENCE_MS)
    return number


def home(kiosk: FrameLocator) -> None:
    """Away from the receipt, which stays for a while."""
    kiosk.get_by_role("link", name="To the first screen").click(timeout=PATIENCE_MS)


def type_code(kiosk: FrameLocator, code: str) -> None:
    """On the keypad, key by key."""
    for digit in re.sub(r"\D", "", code):
        kiosk.locator(f"button.key[data-key='{digit}']").click(timeout=PATIENCE_MS)
    go = kiosk.locator("[data-go]")
    if go.count():
        go.click(timeout=PATIENCE_MS)


def use(page: Page, tool: str, number: str) -> None:
    """A tool of the demo on one door."""
    page.locator(f"input[name=tool][value={tool}]").check(force=True)
    page.locator(f"button.hole[value='{number}']").click()
    page.wait_for_timeout(400)


def test_a_parcel_goes_in_and_comes_out_and_a_stranger_checks_the_receipt(
    demo: Demo, chromium: Browser, tmp_path: Path
) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(demo.wall)
    expect(page.locator("#badges")).to_contain_text("Courier code", timeout=PATIENCE_MS)
    kiosk = page.frame_locator("iframe")
    number = deliver(page, kiosk, "4B")

    letter = page.locator(".letter", has_text="maya@").filter(has=page.locator(".code")).first
    expect(letter).to_be_visible(timeout=PATIENCE_MS)
    code = letter.locator(".code").inner_text()
    link = letter.locator("a").get_attribute("href") or ""
    phone = chromium.new_page(viewport={"width": 390, "height": 844})
    phone.goto(link)
    expect(phone.locator("pass-digits")).to_contain_text(re.compile(re.sub(r"\s", ".?", code)))

    reads_without_signal(phone, code)
    home(kiosk)
    kiosk.get_by_role("link", name=re.compile("^Collect")).click(timeout=PATIENCE_MS)
    type_code(kiosk, code)
    door = page.locator(f"button.hole[value='{number}']")
    expect(door).to_have_attribute("data-leaf", "open", timeout=PATIENCE_MS)
    page.wait_for_timeout(1_000)
    use(page, "take", number)
    use(page, "hand", number)

    phone.goto(link.partition("#")[0])
    with phone.expect_download() as download:
        phone.locator("a[href$='/receipt']").first.click(timeout=PATIENCE_MS)
    receipt = tmp_path / "receipt.json"
    download.value.save_as(receipt)
    assert main(["verify", str(receipt)]) == 0
    page.close()
    phone.close()


def test_the_courier_scans_a_receipt_also_with_the_cable_cut(
    demo: Demo, chromium: Browser, tmp_path: Path
) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, device_scale_factor=3)
    page.goto(demo.wall)
    kiosk = page.frame_locator("iframe")
    cable = page.locator("button[data-tool=cable]")
    cable.click()
    expect(cable).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
    deliver(page, kiosk, "2A")
    expect(kiosk.locator(".offline")).to_be_visible(timeout=PATIENCE_MS)
    picture = kiosk.locator(".receipt svg.qr")
    address = scanned(page, picture.screenshot(timeout=PATIENCE_MS))
    phone = chromium.new_page(viewport={"width": 390, "height": 844})
    answer = phone.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(phone.get_by_role("heading", name="Not here yet")).to_be_visible()
    cable.click()
    here = phone.get_by_role("heading", name="Your receipt")
    until = time.monotonic() + START_S_MAX
    while not here.is_visible() and time.monotonic() < until:
        phone.get_by_role("link", name="Look again").click()
    expect(here).to_be_visible()
    expect(phone.locator("main")).not_to_contain_text("Jonas")
    with phone.expect_download() as download:
        phone.locator("a[download]").click(timeout=PATIENCE_MS)
    receipt = tmp_path / "receipt.json"
    download.value.save_as(receipt)
    said = subprocess.run(
        [sys.executable, str(STANDALONE / "verify.py"), str(receipt)],
        capture_output=True, text=True, check=False, timeout=START_S_MAX,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    assert "parcel.deposited" in said.stdout
    assert "recipient" not in said.stdout
    phone.get_by_role("link", name="Check it").click()
    expect(phone.locator(".verdict")).to_have_attribute("data-verdict", "good")
    by_a_stranger(chromium, phone.url, receipt)
    home(kiosk)
    page.close()
    phone.close()


def by_a_stranger(chromium: Browser, url: str, receipt: Path) -> None:
    """On the page that names no log, without a session: it asks for the one the receipt names."""
    stranger = chromium.new_context().new_page()
    stranger.goto(re.sub(r"/verify/.*", "/verify", url))
    expect(stranger.locator("[data-vkey]")).to_have_count(0)
    stranger.locator("verify-receipt input[type=file]").set_input_files(receipt)
    verdict = stranger.locator(".verdict")
    expect(verdict).to_have_attribute("data-verdict", "good", timeout=PATIENCE_MS)
    expect(verdict).to_contain_text("We know this log")
    expect(verdict.locator("[data-bad], [data-open]")).to_have_count(0)
    stranger.context.close()


def scanned(page: Page, png: bytes) -> str:
    """What a camera reads off a screen."""
    grey = page.evaluate(
        """async png => {
            const bytes = Uint8Array.from(atob(png), char => char.charCodeAt(0));
            const seen = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
            const ink = new OffscreenCanvas(seen.width, seen.height).getContext("2d");
            ink.drawImage(seen, 0, 0);
            const {data} = ink.getImageData(0, 0, seen.width, seen.height);
            return [seen.width, Array.from(data).filter((_, at) => at % 4 === 1)];
        }""",
        base64.b64encode(png).decode(),
    )
    width, pixels = grey
    image = memoryview(bytes(pixels)).cast("B", (len(pixels) // width, width))
    (found,) = zxingcpp.read_barcodes(image)
    return str(found.text)


def reads_without_signal(phone: Page, code: str) -> None:
    """The page promises it: look once more with signal, then without."""
    assert phone.evaluate(
        """ms => Promise.race([
            navigator.serviceWorker.ready.then(() => true),
            new Promise(done => setTimeout(done, ms, false)),
        ])""",
        PATIENCE_MS,
    )
    phone.reload()
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.locator("pass-digits")).to_contain_text(re.compile(re.sub(r"\s", ".?", code)))
    expect(phone.locator("pass-digits svg.qr")).to_be_visible()
    phone.context.set_offline(False)


def test_a_crowbar_is_in_the_console_at_once_and_an_administrator_releases(
    demo: Demo, chromium: Browser
) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(demo.wall)
    desk = chromium.new_context(viewport={"width": 1440, "height": 900})
    console = desk.new_page()
    console.goto(demo.console)
    expect(console.get_by_role("heading", name="Lobby A")).to_be_visible()

    use(page, "crowbar", "31")

    banner = console.get_by_role("alert").first
    expect(banner).to_contain_text(re.compile("forced", re.IGNORECASE), timeout=PATIENCE_MS)
    kiosk = page.frame_locator("iframe")
    expect(kiosk.locator("body")).to_contain_text(
        re.compile("lock", re.IGNORECASE), timeout=PATIENCE_MS
    )
    release(page, console)
    expect(page.locator("#sentence")).not_to_contain_text("Locked down", timeout=PATIENCE_MS)
    settle(console)
    desk.close()
    page.close()


def release(page: Page, console: Page) -> None:
    """From the incident's page, with a code the authenticator has not shown before."""
    shown = page.locator("#badges").inner_text()
    badges = page.locator("#badges")
    expect(badges).not_to_have_text(shown, use_inner_text=True, timeout=40_000)
    fresh = re.search(r"Authenticator\s+(\d{3}) (\d{3})", page.locator("#badges").inner_text())
    assert fresh is not None
    console.goto(console.url.rstrip("/") + "/incidents")
    console.locator("a[href*='/console/incidents/inc_']").first.click()
    console.locator("[name=reason]").first.fill("looked at it: nobody there")
    console.locator("[name=code]").first.fill(fresh[1] + fresh[2])
    console.locator("form[action$='/release'] button").first.click()


def settle(console: Page) -> None:
    """The form to close it comes by itself, and what is typed stays when the page changes."""
    reason = console.locator("form[action$='/close'] [name=reason]")
    expect(reason).to_be_visible(timeout=PATIENCE_MS)
    reason.fill("a drill")
    other = console.context.new_page()
    other.goto(console.url)
    other.get_by_role("button", name="I am looking after it").click()
    handling = console.locator("#handling")
    expect(handling).not_to_contain_text("nobody yet", timeout=PATIENCE_MS)
    expect(reason).to_have_value("a drill")
    console.get_by_role("button", name="Close the incident").click()
    expect(console.get_by_role("heading", name="Closed")).to_be_visible()
    expect(console.get_by_role("main")).to_contain_text("a drill")


def test_the_picture_held_to_the_camera_opens_the_door(
    demo: Demo, chromium: Browser, tmp_path: Path
) -> None:
    with another(chromium) as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(demo.wall)
        kiosk = page.frame_locator("iframe")
        deliver(page, kiosk, "2A")
        home(kiosk)
        letter = page.locator(".letter", has_text="jonas@").filter(has=page.locator(".code")).first
        expect(letter).to_be_visible(timeout=PATIENCE_MS)
        phone = browser.new_page()
        phone.goto(letter.locator("a").get_attribute("href") or "")
        drawn = phone.locator("svg.qr").first.evaluate("one => one.outerHTML")
    film = tmp_path / "pass.y4m"
    film.write_bytes(y4m(frame_with(rows_of(drawn))))
    with another(chromium, f"--use-file-for-fake-video-capture={film}") as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(demo.wall)
        kiosk = page.frame_locator("iframe")
        kiosk.get_by_role("link", name=re.compile("^Collect")).click(timeout=PATIENCE_MS)
        door = page.locator("button.hole[data-leaf=open]")
        expect(door).to_have_count(1, timeout=PATIENCE_MS)
        number = door.get_attribute("value") or ""
        page.wait_for_timeout(1_000)
        use(page, "take", number)
        use(page, "hand", number)


def test_in_the_end_the_log_verifies(demo: Demo) -> None:
    assert "verifies" in demo.finish()


@contextmanager
def another(chromium: Browser, *more: str) -> Iterator[Browser]:
    """A Chromium of one's own, with a camera that shows a film."""
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, *more])
    yield browser
    browser.close()


def rows_of(svg: str) -> list[bytes]:
    """The modules of a QR picture as drawn on the page, as grey rows."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]  # ours has one
    rows = [bytearray([PAPER]) * side for _ in range(side)]
    dark = svg.rpartition('d="')[2]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)", dark):
        rows[int(y)][int(x) : int(x) + int(width)] = bytes([INK]) * int(width)
    return [bytes(row) for row in rows]


def y4m(grey: bytes, frames: int = 10) -> bytes:
    """A film of one picture: YUV4MPEG2, 4:2:0, no colour."""
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode()
    colour = b"\x80" * (WIDTH * HEIGHT // 2)
    return head + b"".join(b"FRAME\n" + grey + colour for _ in range(frames))
