"""Every page in every state, and what must hold for all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC
from html.parser import HTMLParser

import pytest

from bayward.ui.gallery import Sample, samples
from bayward.ui.gallery.console import HOME, ROWS
from bayward.ui.gallery.kiosk import attract
from bayward.ui.gallery.mail import Letter, letters
from bayward.ui.gallery.resident import PASS
from bayward.ui.gallery.world import NOW
from bayward.ui.i18n import catalogues
from bayward.ui.render import TEMPLATES, security_headers, sse
from bayward.ui.views.base import View
from bayward.ui.views.console import Parcels
from shared_renderer import RENDERER

NONCE = "n0nce"
ALL = list(samples())
LETTERS = list(letters())


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, *tags: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.elements if tag in tags)


def html_of(view: View, language: str = "en") -> str:
    return RENDERER.page(view, nonce=NONCE, now=NOW, language=language, zone=UTC)


def named(sample: Sample | Letter) -> str:
    return sample.name


@pytest.mark.parametrize("sample", ALL, ids=named)
def test_every_page_keeps_the_rules(sample: Sample) -> None:
    html = html_of(sample.view, sample.language)
    page = Page(html)
    for tag, attributes in page.elements:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        if any(name.startswith("hx-") for name in attributes):
            assert attributes.get("hx-nonce") == NONCE, tag
    for script in page.all("script"):
        assert script.get("nonce") == NONCE
        assert script.get("src")
    assert "<style" not in html
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids)), [one for one in ids if ids.count(one) > 1]
    pointed = [a["for"] for a in page.all("label", "screen-keys") if a.get("for")]
    assert set(pointed) <= set(ids)
    assert sum(1 for _ in page.all("h1")) == 1
    assert sum(1 for _ in page.all("main")) == 1
    for attributes in page.all("link", "script", "img", "use"):
        address = attributes.get("href") or attributes.get("src") or ""
        if address.startswith("/static/"):
            assert RENDERER.assets.find(address.partition("#")[0]) is not None, address
        else:
            assert address == "/manifest.webmanifest"


@pytest.mark.parametrize("sample", [s for s in ALL if s.view.live_template], ids=named)
def test_what_lives_has_its_place_on_the_page(sample: Sample) -> None:
    page = Page(html_of(sample.view, sample.language))
    live = RENDERER.live(sample.view, now=NOW, language=sample.language)
    ids = {a["id"] for _, a in page.elements if a.get("id")}
    # `#id:not(…)`: only when another form is due
    targets = [(a["hx-target"] or "").partition(":")[0] for a in Page(live).all("hx-partial")]
    assert {f"#{one}" for one in ids} >= set(targets)
    inner = [
        name
        for tag, attributes in Page(live).elements
        if tag != "hx-partial"
        for name in attributes
        if name.startswith("hx-")
    ]
    assert not inner, "a fragment cannot know the nonce of the page, so it may not use htmx"


def test_a_page_that_stands_still_has_no_stream() -> None:
    with pytest.raises(ValueError, match="Parcels stands still"):
        RENDERER.live(Parcels(shell=HOME.shell, rows=()), now=NOW)


def test_every_template_is_looked_at() -> None:
    used = {sample.view.template for sample in ALL}
    used |= {sample.view.live_template for sample in ALL} - {""}
    used |= {f"{letter.view.template}{end}" for letter in LETTERS for end in (".html", ".txt", ".subject.txt")}  # fmt: skip  # noqa: E501 - one row
    used |= {"resident/sw.js", "resident/manifest.json"}
    pattern = re.compile(r'{%-? *(?:extends|import|include|from) "([^"]+)"')
    while True:
        within = {
            name
            for path in used
            for name in pattern.findall((TEMPLATES / path).read_text(encoding="utf-8"))
        }
        if within <= used:
            break
        used |= within
    there = {p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*") if p.is_file()}
    assert there == used


def test_what_people_type_is_inert_text() -> None:
    evil = "<script>alert(1)</script>\"' onload=x {{ 7*7 }} %s"
    row = replace(ROWS[0], recipient=evil, tracking=evil, unit=evil)
    html = html_of(Parcels(shell=HOME.shell, rows=(row,), query=evil))
    assert "<script>alert" not in html
    assert "{{ 7*7 }}" in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3 + 1  # three cells, one box


def test_identity_36_hostile_text_on_the_kiosk_is_inert() -> None:
    view = attract()
    hostile = replace(view, frame=replace(view.frame, bank="<img src=x onerror=alert(1)>"))
    assert "<img src=x" not in html_of(hostile)


@pytest.mark.parametrize("language", ["en", "es", "pl", "de"])
def test_the_language_is_declared(language: str) -> None:
    html = html_of(attract(language), language)
    assert f'<html lang="{language}" dir="ltr"' in html
    assert f'hreflang="{language}" aria-current="true"' in html


def test_a_scheme_can_be_forced() -> None:
    page = RENDERER.page(HOME, nonce=NONCE, now=NOW, scheme="dark")
    assert 'data-scheme="dark"' in page
    assert "data-scheme" not in html_of(HOME)


def test_the_policy_allows_nothing_inline_and_nothing_foreign() -> None:
    headers = security_headers(NONCE)
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'nonce-{NONCE}'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


def test_the_kiosk_may_use_its_camera_and_stand_in_the_demo() -> None:
    headers = security_headers(NONCE, frame_ancestors=["http://a"], is_camera_allowed=True)
    assert "frame-ancestors http://a" in headers["Content-Security-Policy"]
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "X-Frame-Options" not in headers


def test_a_message_of_a_stream_is_framed_line_by_line() -> None:
    assert sse("<b>\n</b>") == b"data: <b>\ndata: </b>\n\n"
    assert sse("/kiosk", event="go", id="7") == b"event: go\nid: 7\ndata: /kiosk\n\n"


@pytest.mark.parametrize("letter", LETTERS, ids=named)
def test_every_message_has_three_parts_that_agree(letter: Letter) -> None:
    mail = RENDERER.mail(letter.view, now=NOW, language=letter.language)
    assert "\n" not in mail.subject
    assert mail.subject
    assert mail.text.endswith("\n")
    assert "</" not in mail.text
    assert f'lang="{letter.language}"' in mail.html
    assert "src=" not in mail.html.replace('src="cid:', "")
    names = {field.name for field in fields(letter.view)}
    if "link" in names:
        link = getattr(letter.view, "link")  # noqa: B009 - not every message has one
        assert link in mail.text
        assert link in mail.html


def test_the_picture_in_the_message_reads_as_the_code() -> None:
    letter = LETTERS[0]
    mail = RENDERER.mail(letter.view, now=NOW)
    ((cid, png),) = mail.pictures
    assert f"cid:{cid}" in mail.html
    assert "4821 9037" in mail.text
    assert png.startswith(b"\x89PNG")
    assert "4821" not in mail.subject  # subjects stand on lock screens


def test_the_pass_page_never_holds_digits() -> None:
    assert not re.search(r"\b\d{8}\b|\b\d{4} \d{4}\b", html_of(PASS))


def test_manifest_and_service_worker_name_files_that_exist() -> None:
    manifest = json.loads(RENDERER.manifest())
    for icon in manifest["icons"]:
        assert RENDERER.assets.find(icon["src"]) is not None
    script = RENDERER.service_worker()
    names = re.findall(r'"(/static/[^"]+)"', script)
    assert len(names) > 10
    assert all(RENDERER.assets.find(name) for name in names)
    assert RENDERER.assets.version in script


def test_errors_get_their_sentence() -> None:
    say = RENDERER.problem
    assert say("bank.full", {}) == "No compartment of this size is free."
    assert say("password.short", {"limit": 15}, "pl") == "Użyj co najmniej 15 znaków."
    assert say("webhook.limit", {}).startswith("There are – webhooks")  # noqa: RUF001 - the dash


def test_without_a_network_nobody_is_promised_a_message_now() -> None:
    found = {one.name: one for one in ALL}
    assert "gets a message now" in html_of(found["kiosk/thanks-delivered"].view)
    cut = html_of(found["kiosk/thanks-delivered-offline"].view)
    assert "gets a message now" not in cut
    assert "as soon as there is a network again" in cut


@pytest.mark.parametrize("code", catalogues().codes())
def test_what_to_press_at_a_jammed_door_is_called_what_its_button_is(code: str) -> None:
    texts = catalogues()[code].texts
    assert str(texts["kiosk.door.not_open"]) in str(texts["kiosk.door.jammed"])
