"""`docs/reference/commands.md`: the command line, from the parsers themselves.

Written here and not by `argparse`, whose help looks a little different in each version of Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from bayward import cli
from reference import source

_INTRODUCTION = """\
# Commands

Exit codes: 0 well, 1 it found something wrong, 2 it could not do what was asked. Each command has
`--help`. Made from the parsers by `tools/reference/commands.py`.
"""


def page() -> str:
    """The whole page."""
    sections = [_INTRODUCTION]
    for name in present():
        parser = choices(cli.parser_for(name))[name]
        sections += section(f"bayward {name}", parser, cli.COMMANDS[name][1])
    return "\n".join(sections)


def present() -> list[str]:
    """The commands whose module is there; what is not there is not documented."""
    return [name for name, (module, _) in cli.COMMANDS.items() if find_spec(module) is not None]


def section(name: str, parser: argparse.ArgumentParser, summary: str) -> Iterator[str]:
    """One command, then the commands below it."""
    told = " ".join((parser.description or "").split()) or f"{summary[:1].upper()}{summary[1:]}."
    parts = [f"## `{name}`", told]
    rows = list(arguments(parser))
    if rows:
        parts.append("\n".join(["| argument | default | meaning |", "|---|---|---|", *rows]))
    if parser.epilog:
        parts.append(" ".join(parser.epilog.split()))
    yield "\n\n".join(parts) + "\n"
    for inner, below in choices(parser).items():
        yield from section(f"{name} {inner}", below, helps(parser).get(inner, ""))


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """One row for each argument."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):  # noqa: SLF001 - as above
            continue
        names = ", ".join(action.option_strings) or action.dest
        takes = action.metavar or action.dest.upper()
        is_flag = action.nargs == 0 or not action.option_strings
        shown = names if is_flag else f"{names} {takes}"
        is_set = action.default not in (None, False, argparse.SUPPRESS, [], ())
        default = f"`{action.default}`" if is_set else ""
        if action.required:
            default = "required"
        meaning = (action.help or "").partition(" (default:")[0]
        yield f"| `{shown}` | {default} | {source.cell(meaning)} |"


def choices(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The commands directly below a parser."""
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            return dict(action.choices)
    return {}


def helps(parser: argparse.ArgumentParser) -> Mapping[str, str]:
    """What a parser says about each command below it."""
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            return {one.dest: one.help or "" for one in action._choices_actions}  # noqa: SLF001 - as above
    return {}
