"""The gallery itself: complete, unambiguous, writable."""

from __future__ import annotations

from pathlib import Path

from bayward.ui.gallery import samples
from bayward.ui.gallery.__main__ import SCHEMES, write
from bayward.ui.gallery.mail import letters
from bayward.ui.views import (
    auth,
    console,
    console_admin,
    console_parties,
    console_privacy,
    custody,
    demo,
    kiosk,
    mail,
    resident,
    verify,
)
from bayward.ui.views.base import View


def test_names_are_unique_and_say_the_face() -> None:
    names = [sample.name for sample in samples()]
    assert len(names) == len(set(names))
    assert {sample.face for sample in samples()} == {
        "kiosk",
        "resident",
        "verify",
        "console",
        "auth",
        "demo",
    }


def test_every_view_has_a_sample() -> None:
    shown = {type(sample.view) for sample in samples()} | {type(one.view) for one in letters()}
    for module in (
        auth, console, console_admin, console_parties, console_privacy, custody, demo, kiosk, mail,
        resident, verify,
    ):  # fmt: skip
        for name, kind in vars(module).items():
            if not isinstance(kind, type) or kind.__module__ != module.__name__:
                continue
            is_page = issubclass(kind, View | mail.MailView) and "template" in vars(kind)
            assert not is_page or kind in shown or name == "MailView", name


def test_it_writes_every_page_in_both_schemes(tmp_path: Path) -> None:
    count = write(tmp_path)
    assert count == len(SCHEMES) * len(list(samples()))
    assert (tmp_path / "dark" / "kiosk" / "attract.html").is_file()
    assert (tmp_path / "index.html").read_text().count("<li>") == count
    assert list((tmp_path / "static").glob("*/css/tokens.css"))
