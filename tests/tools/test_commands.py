from __future__ import annotations

import argparse

from bayward import cli
from reference import commands


def small() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", help="what to read")
    parser.add_argument("--key", metavar="VKEY", default=[], action="append", help="a | key")
    parser.add_argument("--seed", type=int, default=1, help="which (default: 1)")
    parser.add_argument("--json", action="store_true", help="for machines")
    below = parser.add_subparsers()
    below.add_parser("more", help="one more")
    return parser


def test_arguments_are_told_with_default_and_meaning() -> None:
    assert list(commands.arguments(small())) == [
        "| `file` | required | what to read |",
        r"| `--key VKEY` |  | a \| key |",
        "| `--seed SEED` | `1` | which |",
        "| `--json` |  | for machines |",
    ]


def test_commands_below_are_found_with_what_they_do() -> None:
    assert list(commands.choices(small())) == ["more"]
    assert commands.helps(small()) == {"more": "one more"}


def test_every_command_is_on_the_page() -> None:
    page = commands.page()
    assert set(commands.present()) <= set(cli.COMMANDS)
    for name in commands.present():
        assert f"## `bayward {name}`" in page
