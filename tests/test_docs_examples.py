"""Examples in the documentation work: settings are read, commands are understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from bayward import cli
from bayward.cloud.settings import CloudSettings
from bayward.edge import settings
from test_docs import pages
from test_tidy import ROOT, name_of

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROMPTS = ("sudo -u bayward ", "sudo ", ".venv/bin/")


def blocks(*languages: str) -> Iterator[tuple[Path, str]]:
    for page in pages():
        for language, text in FENCE.findall(page.read_text()):
            if language in languages:
                yield page, text


def commands(program: str) -> list[tuple[Path, list[str]]]:
    found = []
    for page, text in blocks("", "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            told = line.strip().removeprefix("$ ")
            for prompt in PROMPTS:
                told = told.removeprefix(prompt)
            if told.startswith(f"{program} "):
                found.append((page, shlex.split(told, comments=True)[1:]))
    return found


def test_examples_of_settings_are_read(tmp_path: Path) -> None:
    read = 0
    for page, text in blocks("toml"):
        if "[[compartment]]" in text:
            settings.parse(text, name_of(page))
        elif "public_url" in text:
            file = tmp_path / "cloud.toml"
            file.write_text(text)
            CloudSettings.load(file)
        else:
            continue
        read += 1
    assert read >= 2


def test_commands_in_the_docs_are_understood() -> None:
    found = commands("bayward")
    assert found
    assert not [f"{name_of(page)}: {told}" for page, told in found if not is_understood(told)]


def is_understood(told: list[str]) -> bool:
    try:
        cli.parser_for(*told[:2]).parse_args(told)
    except SystemExit as ended:
        return ended.code == 0
    return True


def test_targets_in_the_docs_are_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = [
        f"{name_of(page)}: make {target}"
        for page in pages()
        for target in re.findall(r"`make ([a-z-]+)", page.read_text())
        if target not in targets
    ]
    wrong += [
        f"{name_of(page)}: make {told[0]}"
        for page, told in commands("make")
        if told[0] not in targets
    ]
    assert not wrong
