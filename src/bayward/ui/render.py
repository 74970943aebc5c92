"""Pages from view models.

A face makes a nonce per response, sends `security_headers(nonce)` with it, and hands the same
nonce to `Renderer.page`. Autoescape is on, undefined names are errors, and no template carries
an inline style or handler, so the policy below needs no `unsafe-` anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bayward.core.clock import Instant
from bayward.ui import problems, qr
from bayward.ui.assets import Assets
from bayward.ui.filters import FILTERS
from bayward.ui.i18n import Catalogues, catalogues
from bayward.ui.views.base import Facts, View
from bayward.ui.views.mail import MailView, ParcelReady
from bayward.ui.when import When

TEMPLATES = Path(__file__).parent / "templates"
Scheme = Literal["auto", "light", "dark"]
QR_CID = "pass@bayward"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message ready to be put together: `pictures` are (Content-ID, PNG)."""

    subject: str
    text: str
    html: str
    pictures: tuple[tuple[str, bytes], ...] = ()


class Renderer:
    """Renders views; one per program, safe to share between threads."""

    def __init__(
        self, *, assets: Assets | None = None, languages: Catalogues | None = None
    ) -> None:
        self.assets = assets or Assets()
        self.languages = languages or catalogues()
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(("html", "svg"), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(FILTERS)
        self._environment.globals.update(
            asset=self.assets.url,
            qr=qr.svg,
            language_name=lambda code: self.languages[code].name,
        )

    def prepare(self, folder: str) -> None:
        """Compile the templates of a folder now, so that no first page has to wait for it."""
        names = self._environment.list_templates(filter_func=lambda name: name.startswith(folder))
        for name in names:
            self._environment.get_template(name)

    def page(
        self,
        view: View,
        *,
        nonce: str,
        now: Instant,
        language: str = "en",
        zone: tzinfo = UTC,
        scheme: Scheme = "auto",
    ) -> str:
        """The whole page as HTML; `scheme` overrides what the browser prefers."""
        scene = self._scene(language, zone, now)
        return self._render(view.template, view, scene, nonce=nonce, scheme=scheme)

    def live(self, view: View, *, now: Instant, language: str = "en", zone: tzinfo = UTC) -> str:
        """The parts of `view` that change while one looks; send it with `sse`."""
        if not view.live_template:
            raise ValueError(f"{type(view).__name__} stands still")
        return self._render(view.live_template, view, self._scene(language, zone, now), nonce="")

    def mail(
        self, view: MailView, *, now: Instant, language: str = "en", zone: tzinfo = UTC
    ) -> Mail:
        """Subject, text and HTML of a message, with its pictures."""
        scene = self._scene(language, zone, now)
        body = partial(self._render, view=view, scene=scene, nonce="", cid=QR_CID)
        return Mail(
            subject=" ".join(body(f"{view.template}.subject.txt").split()),
            text=body(f"{view.template}.txt").strip() + "\n",
            html=body(f"{view.template}.html"),
            pictures=((QR_CID, qr.png(view.pickup_pass)),) if isinstance(view, ParcelReady) else (),
        )

    def problem(self, code: str, facts: Facts, language: str = "en") -> str:
        """The sentence for an error code; a general one for codes no text was written for."""
        return problems.sentence(self.languages[language], code, facts)

    def service_worker(self) -> str:
        """Script for `/sw.js` (text/javascript, no-cache): the phone's shell and passes."""
        names = [name for name in self.assets.files if name.startswith(_PHONE_FILES)]
        return self._environment.get_template("resident/sw.js").render(
            version=self.assets.version, shell=[self.assets.url(name) for name in names]
        )

    def manifest(self) -> str:
        """`/manifest.webmanifest` (application/manifest+json)."""
        return self._environment.get_template("resident/manifest.json").render()

    def _scene(self, language: str, zone: tzinfo, now: Instant) -> When:
        return When(self.languages[language], zone, now)

    def _render(self, template: str, view: View | MailView, scene: When, **more: str) -> str:
        catalogue = scene.catalogue
        names: dict[str, Any] = {
            "view": view,
            "language": catalogue.code,
            "direction": catalogue.direction,
            "t": catalogue.text,
            "tell": catalogue.tell,
            "has_text": lambda key: catalogue.find(key) is not None,
            "problem": partial(problems.sentence, catalogue),
            "when": scene,
            "scheme": "auto",
        }
        return self._environment.get_template(template).render(names | more)


_PHONE_FILES = (
    "css/tokens", "css/base", "css/kit", "css/resident", "js/resident", "js/pass-digits",
    "js/relative-time", "icons/", "vendor/lean-qr", "vendor/font-latin.",
)  # fmt: skip


def sse(data: str, *, event: str = "", id: str = "") -> bytes:  # noqa: A002 - the field's name
    """One server-sent message. Without `event` the page swaps it in; `go` moves a kiosk on."""
    head = (f"event: {event}\n" if event else "") + (f"id: {id}\n" if id else "")
    return (head + "".join(f"data: {line}\n" for line in data.splitlines()) + "\n").encode()


def security_headers(
    nonce: str,
    *,
    frame_ancestors: Iterable[str] = (),
    frame_sources: Iterable[str] = (),
    is_camera_allowed: bool = False,
) -> Mapping[str, str]:
    """Headers for every page.

    `frame_ancestors` are origins that may embed the page (the demo embeds the kiosk),
    `frame_sources` those the page embeds; nobody and nothing by default.
    """
    framed_by = " ".join(frame_ancestors) or "'none'"
    frames = " ".join(frame_sources) or "'none'"
    policy = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "frame-src": frames,
        "frame-ancestors": framed_by,
        "form-action": "'self'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "htmx bayward",
    }
    camera = "(self)" if is_camera_allowed else "()"
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": f"camera={camera}, microphone=(), geolocation=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if framed_by == "'none'":
        headers["X-Frame-Options"] = "DENY"
    return headers
