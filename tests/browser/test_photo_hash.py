"""A photo is hashed in the browser: its bytes reach the log as a hash and nobody as a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from bayward.ui.gallery.custody import PHOTO

pytestmark = pytest.mark.browser

PICTURE = b"\xff\xd8\xff\xe0 not much of a picture" * 40_000  # a megabyte
NAMED = FilePayload(name="knife.jpg", mimeType="image/jpeg", buffer=PICTURE)
DIGEST = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
def page(chromium: Browser, gallery: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=gallery, service_workers="block")
    yield context.new_page()
    context.close()


def test_a_chosen_picture_fills_in_its_hash_and_is_not_sent(page: Page) -> None:
    sent: list[bytes] = []
    page.on("request", lambda one: sent.append(one.post_data_buffer or b""))
    page.goto("/light/console/item-photo.html")
    page.get_by_label("Photo the picture stays").set_input_files(NAMED)
    expect(page.get_by_label("SHA-256 of the photo")).to_have_value(DIGEST)
    expect(page.get_by_role("status")).to_contain_text("knife.jpg")
    page.get_by_role("button", name="Add a photo").click()
    page.wait_for_load_state()
    posted = b"".join(sent)
    assert f"photo={DIGEST}".encode() in posted
    assert len(posted) < 500


def test_a_picture_is_held_against_the_lines(page: Page, tmp_path: Path) -> None:
    page.goto("/light/console/item.html")
    check = page.get_by_label("Check a photo against the log")
    check.set_input_files(NAMED)
    told = page.locator("photo-check [role=status]")
    expect(told).to_contain_text("No line of this item has this photo")
    expect(told).to_contain_text(DIGEST)
    page.locator(f'[data-photo="{PHOTO}"]').evaluate(
        "(line, digest) => { line.dataset.photo = digest; }", DIGEST
    )
    other = tmp_path / "the same bytes under another name.bin"
    other.write_bytes(PICTURE)
    check.set_input_files(other)
    expect(told).to_have_text("This is the photo of line 1, byte by byte.")


def test_an_empty_file_has_a_hash_too(page: Page) -> None:
    page.goto("/light/console/item-new.html")
    empty = FilePayload(name="empty.png", mimeType="image/png", buffer=b"")
    page.get_by_label("Photo the picture stays").set_input_files(empty)
    expect(page.get_by_label("SHA-256 of the photo")).to_have_value(hashlib.sha256(b"").hexdigest())
