"""Languages are complete where people meet them, and agree on what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bayward.core.events import EventType
from bayward.ui.i18n import PLURALS, Catalogue, Catalogues, Text, catalogues
from bayward.ui.render import TEMPLATES

STAFF_ONLY = (
    "console.", "setting.", "unit.", "parcel_state.", "account_state.", "delivery_state.",
    "factor.", "message.", "action.", "consequence.", "notice.",
    "error.erase.", "error.hold", "error.keys.", "error.wall.",
)  # fmt: skip
OTHERS = [code for code in catalogues().codes() if code != "en"]
ENGLISH = catalogues()["en"]
PLACE = re.compile(r"\{(\w+)\}")


def forms(text: Text) -> Iterator[str]:
    if isinstance(text, str):
        yield text
    elif isinstance(text, Mapping):
        yield from text.values()


def places(text: Text) -> set[str]:
    return {name for form in forms(text) for name in PLACE.findall(form)}


def test_english_spanish_polish_and_german_are_here() -> None:
    assert set(catalogues().codes()) >= {"en", "es", "pl", "de"}
    assert [catalogues()[code].name for code in ("es", "pl", "de")] == [
        "Español",
        "Polski",
        "Deutsch",
    ]


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_missing_where_residents_and_couriers_read(code: str) -> None:
    have = catalogues()[code].texts
    assert not [key for key in ENGLISH.texts if key not in have and not key.startswith(STAFF_ONLY)]
    assert not [key for key in have if key not in ENGLISH.texts], "texts nobody asks for"


@pytest.mark.parametrize("code", OTHERS)
def test_all_languages_name_the_same_facts(code: str) -> None:
    mine = catalogues()[code].texts
    differing = {
        key: (places(text), places(mine[key]))
        for key, text in ENGLISH.texts.items()
        if key in mine and places(mine[key]) - {"n"} != places(text) - {"n"}
    }
    assert not differing


@pytest.mark.parametrize("code", catalogues().codes())
def test_plurals_have_the_forms_their_rule_asks_for(code: str) -> None:
    catalogue = catalogues()[code]
    needed = {PLURALS[catalogue.plural](n) for n in range(200)}
    for key, text in catalogue.texts.items():
        if isinstance(text, Mapping):
            missing = needed - set(text)
            assert missing <= {"many", "few"}, key  # `other` stands in for them
            assert "other" in text, key


def test_polish_counts_like_polish() -> None:
    polish = catalogues()["pl"]
    told = [polish.text("resident.home.waiting", n=n) for n in (1, 2, 5, 12, 22)]
    assert told == [
        "Czeka jedna paczka",
        "Czekają 2 paczki",
        "Czeka 5 paczek",
        "Czeka 12 paczek",
        "Czekają 22 paczki",
    ]


@pytest.mark.parametrize("code", catalogues().codes())
def test_every_event_has_a_line(code: str) -> None:
    texts = catalogues()[code].texts
    assert not [kind.value for kind in EventType if f"event.{kind.value}" not in texts]


def test_every_key_a_template_names_exists() -> None:
    named = re.compile(r'\b(?:t|tell)\("([a-z_.]+)"')
    missing = {
        key
        for path in TEMPLATES.rglob("*.*")
        for key in named.findall(path.read_text(encoding="utf-8"))
        if not key.endswith((".", "_")) and ENGLISH.find(key) is None
    }
    assert not missing


def test_a_language_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text(
        '[meta]\nname = "English"\ndirection = "ltr"\nplural = "germanic"\n'
        '[a]\nb = "B {x}"\nc = { one = "one", other = "{n} of them" }\nd = ["x"]\n'
    )
    (tmp_path / "ar.toml").write_text(
        '[meta]\nname = "العربية"\ndirection = "rtl"\nplural = "none"\n[a]\nb = "ب {x}"\n'
    )
    loaded = Catalogues.load(tmp_path)
    arabic = loaded["ar"]
    assert (arabic.direction, arabic.text("a.b", x=1)) == ("rtl", "ب 1")
    assert arabic.text("a.c", n=1) == "1 of them"  # English text, but the rule of Arabic
    assert loaded["en"].text("a.c", n=1) == "one"
    assert loaded["en"].items("a.d") == ("x",)
    assert loaded["xx"].code == "en"


def test_a_missing_text_or_fact_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        ENGLISH.text("no.such.text")
    with pytest.raises(KeyError):
        ENGLISH.tell("no.such.text", {})
    with pytest.raises(KeyError):
        ENGLISH.text("kiosk.door.title")
    with pytest.raises(KeyError):
        ENGLISH.text("date.months")
    with pytest.raises(KeyError):
        ENGLISH.items("kiosk.back")


def test_a_missing_fact_from_outside_is_a_dash() -> None:
    assert ENGLISH.tell("event.door.opened", {}) == "Door – opened"  # noqa: RUF001 - the dash


def test_what_is_not_a_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text(
        '[meta]\nname = "E"\ndirection = "ltr"\nplural = "none"\n[a]\nb = 1\n'
    )
    with pytest.raises(TypeError, match="neither a text nor a table"):
        Catalogues.load(tmp_path)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        ("fr,de;q=0.5,es;q=0.7", "es"),
        ("xx", "en"),
        ("", "en"),
        ("de;q=oops,es", "es"),
        ("," * 10_000, "en"),
    ],
)
def test_the_browser_is_heard(header: str, code: str) -> None:
    assert catalogues().negotiate(header) == code


def test_values_cannot_smuggle_placeholders() -> None:
    catalogue = Catalogue("xx", "X", "ltr", "none", {"a": "{x} {y}"})
    assert catalogue.text("a", x="{y}", y=1) == "{y} 1"
