"""Every error code in the source has something to say to a person."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bayward
from bayward.ui.i18n import catalogues
from bayward.ui.problems import AREAS, UNKNOWN, key_of, sentence

SOURCE = Path(bayward.__file__).parent
KINDS = {
    "Denied", "NotFound", "Conflict", "Invalid", "LimitExceeded", "Unavailable", "Misconfigured",
    "Problem", "Refused",
}  # fmt: skip
ITS_OWN_TREE = {"ledger"}


def codes() -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        if ITS_OWN_TREE & set(path.parts):
            continue
        text = path.read_text(encoding="utf-8")
        if not any(f"{kind}(" in text for kind in KINDS):
            continue  # to parse it takes a hundred times as long
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if called in KINDS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def test_every_code_has_a_sentence_or_a_family() -> None:
    english = catalogues()["en"]
    found = sorted(set(codes()) - {""})
    assert len(found) > 150
    untold = [code for code in found if key_of(english, code) == f"error_family.{UNKNOWN}"]
    assert not untold, "give the code a sentence in [error], or list its area in ui/problems.py"


@pytest.mark.parametrize("language", catalogues().codes())
def test_every_family_speaks_every_language(language: str) -> None:
    texts = catalogues()[language].texts
    assert not {f"error_family.{family}" for family in {*AREAS.values(), UNKNOWN}} - set(texts)


def test_its_own_sentence_goes_before_the_familys() -> None:
    english = catalogues()["en"]
    assert sentence(english, "grant.used", {}) == "This code was used already."
    assert sentence(english, "grant.strange", {}) == "This does not open anything here."
    assert sentence(english, "unheard.of", {}).startswith("This did not work.")
    assert sentence(english, "", {}).startswith("This did not work.")
