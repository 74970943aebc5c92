"""`docs/reference/bank-settings.md` and `cloud-settings.md`: keys, values, defaults, meanings.

Keys, ranges and defaults come from the classes that read the files. The meanings are here, one
sentence per key; a key without one fails the test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect

from bayward.cloud.settings import CloudSettings, MailSettings
from bayward.edge.settings_file import BankFile
from reference import source

_BANK = """\
# Bank settings

`bank.toml` describes one bank: what it is called, how it is wired, how patient it is. There are no
secrets in it. An unknown key, a value out of range or a wiring that does not hold together is
refused at start with the key and what would be right. Made from `edge/settings_file.py`; a
complete example is in [how to run a bank](../how-to/run-a-bank.md).
"""
_CLOUD = """\
# Cloud settings

The control plane's settings file is TOML too; a flag of the command line wins over it. There are
no secrets in it and no default credentials: keys are made on the first start in the state
directory. Made from `cloud/settings.py`.
"""
MEANINGS: Mapping[str, str] = {
    "bank.id": "the id the control plane gave it at creation (`bank_…`)",
    "bank.name": "what people call it; stands on every kiosk page",
    "bank.site": "the building",
    "bank.deployment": "the `name` of the control plane; opens the origin of this bank's log",
    "bank.languages": "of the kiosk, the first is the one it returns to",
    "bank.time_zone": "of times on the kiosk",
    "bank.contact": "whom the kiosk says to ask",
    "bank.overflow": "where a courier takes a parcel when nothing is free",
    "cloud.link": "address of the link; that of enrolment when it is not given",
    "cloud.web": "address people open; for the square on the kiosk's first screen",
    "cloud.pins": "keys it may have, at least two; those of enrolment when not given",
    "kiosk.port": "of the kiosk's web server, on loopback",
    "kiosk.has_camera": "whether codes can be shown to a camera",
    "kiosk.after_column": "after how many columns the screen stands in drawings of the wall",
    "codes.length": "digits; a length that a week of guessing could break is refused at start",
    "codes.risk_per_week": "accepted chance that a week-long guessing attack opens one door",
    "codes.couriers_max": "couriers with a code at the same time; they count as codes to guess",
    "codes.stretch": "key stretch below the tags of codes; `pbkdf2` where FIPS is asked for",
    "codes.life_days": "how long a pickup code lives",
    "times.door_open_s_max": "a door open for longer is an alarm",
    "times.settle_s": "a deposit nobody confirmed is ended after this, as door and sensor say",
    "times.siren_s_max": "the siren stops by itself after this",
    "times.courier_idle_s": "a courier who does nothing is signed out",
    "times.visit_idle_s": "the kiosk returns to its first screen",
    "tamper.forced_open": "what is locked down when a door opens without an unlock",
    "tamper.open_too_long": "what is locked down when a door is left open",
    "supplies": "names of the power supplies; one coil at a time moves on each",
    "port.name": "how boards call this line",
    "port.url": "`/dev/serial/by-id/…` (never `ttyUSB0`, which changes), or `socket://host:port`",
    "port.baud": "9600, 19200, 57600 or 115200",
    "port.has_echo": "the adapter returns what is sent",
    "port.gap_ms": "silence between two exchanges",
    "board.name": "how compartments call this board",
    "board.port": "name of its line",
    "board.family": "which protocol it speaks",
    "board.address": "as set on its switches",
    "board.closed_when": "contact level of a shut door; found by opening one known door, so it has "
    "no default",
    "board.supply": "name of its power supply",
    "board.pulse_ms": "how long a coil is energised: 500 for solenoids, 1000 for motors",
    "compartment.id": "`cmp_…`, made once and never reused",
    "compartment.number": "painted on the door",
    "compartment.column": "from the left, from 1",
    "compartment.row": "from the top, from 1",
    "compartment.height_units": "drawn height",
    "compartment.size": "as couriers know it",
    "compartment.inner_mm": "width, height, depth",
    "compartment.floor_height_mm": "above the ground; decides who can reach it",
    "compartment.board": "name of the board that opens it",
    "compartment.lock": "lock of that board, from 0",
    "compartment.mode": "what it is used for",
    "compartment.zone": "how it is kept",
    "compartment.life_safety": "`occupiable` when a person could be behind the door",
    "compartment.has_occupancy_sensor": "the board's infrared bit means something",
    "state": "directory of keys and database; made 0700 on the first start",
    "public_url": "what people type; https, or this machine; default: this machine at `http_port`",
    "name": "opens the origin of every log; can never change; the host of `public_url` by default",
    "http_host": "address the pages listen on",
    "http_port": "port of the pages; 0 lets the system choose",
    "link_bind": "address the banks' listeners listen on",
    "link_host": "name banks dial; the host of `public_url` by default",
    "link_port": "port of the link (mutual TLS)",
    "enrol_port": "port where a bank shows its ticket",
    "zone": "time zone of times on pages and in messages",
    "organisation": "what the first start calls the first tenant",
    "site": "what the first start calls the first site",
    "mail": "table `[mail]`; without it no message is sent by e-mail",
    "tsa_url": "RFC 3161 authority that stamps evidence packs and the anchor; extra `tsa`",
    "tsa_root": "its root certificates, PEM; what it answers is checked against them",
    "requests_per_s_max": "of one address",
    "public_logs": "whoever knows a log's origin may read it at `/log/…`; else only its staff",
    "anchor_policy": "file of `witness` lines with addresses: who cosigns our anchor log",
    "witness_policy": "file of `log` lines: logs of others that are witnessed and mirrored here",
    "trusted_proxies": "addresses whose `X-Forwarded-For` is believed",
    "mail.host": "server that takes our messages",
    "mail.port": "587 for submission, 465 for TLS from the first byte",
    "mail.sender": "the address messages come from",
    "mail.username": "account on that server",
    "mail.password_file": "file that holds its password alone",
    "mail.is_starttls": "turn to TLS before anything is said; refused to be off for remote hosts",
}
_HEAD = "| key | value | default | meaning |\n|---|---|---|---|"


def bank_page() -> str:
    """`bank-settings.md`."""
    parts = [_BANK, "## Top of the file\n", _HEAD]
    file = inspect.type_info(BankFile)
    assert isinstance(file, inspect.StructType)
    tables = []
    for field in file.fields:
        table = _table_of(field.type)
        if table is None:
            parts.append(_row(field.encode_name, field))
        else:
            tables.append((field, table))
    for field, table in tables:
        is_many = isinstance(field.type, inspect.VarTupleType)
        name = f"[[{field.encode_name}]]" if is_many else f"[{field.encode_name}]"
        said = source.first_paragraph(table.cls.__doc__).partition(": ")[2]
        notes = [said[:1].upper() + said[1:]]
        if isinstance(field.type, inspect.VarTupleType):
            notes.append(f"There are {field.type.min_length} to {field.type.max_length} of them.")
        elif field.required:
            notes.append("Must be there.")
        parts += [f"\n## `{name}`\n", " ".join(notes) + "\n", _HEAD]
        parts += [_row(f"{field.encode_name}.{one.encode_name}", one) for one in table.fields]
    return "\n".join(parts) + "\n"


def cloud_page() -> str:
    """`cloud-settings.md`."""
    parts = [_CLOUD, "## Top of the file\n", _HEAD, *_rows(CloudSettings, "")]
    return "\n".join([*parts, "\n## `[mail]`\n", _HEAD, *_rows(MailSettings, "mail.")]) + "\n"


def keys() -> Iterator[str]:
    """Every key of both files, as `MEANINGS` calls them."""
    file = inspect.type_info(BankFile)
    assert isinstance(file, inspect.StructType)
    for field in file.fields:
        table = _table_of(field.type)
        if table is None:
            yield field.encode_name
        else:
            yield from (f"{field.encode_name}.{one.encode_name}" for one in table.fields)
    yield from (one.name for one in dataclasses.fields(CloudSettings))
    yield from (f"mail.{one.name}" for one in dataclasses.fields(MailSettings))


def values(kind: inspect.Type) -> str:  # noqa: PLR0911 - one arm per kind is the table
    """Which values a key takes, in words."""
    match kind:
        case inspect.BoolType():
            return "`true`, `false`"
        case inspect.EnumType():
            return ", ".join(f"`{one.value}`" for one in kind.cls)
        case inspect.LiteralType():
            return ", ".join(f"`{one}`" for one in kind.values)
        case inspect.IntType() | inspect.FloatType():
            return _range(kind)
        case inspect.StrType():
            if kind.pattern is not None:
                return f"text, `{source.cell(kind.pattern)}`"
            return f"text of {_size(kind)}" if kind.max_length is not None else "text"
        case inspect.VarTupleType():
            return f"list of {values(kind.item_type)}{_length(kind)}"
        case inspect.TupleType():
            return f"{len(kind.item_types)} times {values(kind.item_types[0])}"
        case inspect.UnionType():
            inner = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            return " or ".join(values(one) for one in inner)
        case _:
            raise TypeError(kind)


def _table_of(kind: inspect.Type) -> inspect.StructType | None:
    if isinstance(kind, inspect.UnionType):
        found = [_table_of(one) for one in kind.types]
        return next((one for one in found if one is not None), None)
    if isinstance(kind, inspect.VarTupleType):
        return _table_of(kind.item_type)
    return kind if isinstance(kind, inspect.StructType) else None


def _row(key: str, field: inspect.Field) -> str:
    default = "required" if field.required else _shown(field.default)
    name = key.rpartition(".")[2]
    return f"| `{name}` | {values(field.type)} | {default} | {MEANINGS.get(key, '')} |"


def _rows(cls: type[Any], prefix: str) -> Iterator[str]:
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if hints[field.name] == MailSettings | None:
            kind, default = "table", "none"
        else:
            kind = (
                str(field.type).removesuffix(" | None").replace("tuple[str, ...]", "list of text")
            )
            kind = {"str": "text", "int": "number", "bool": "`true`, `false`"}.get(kind, kind)
            kind = kind.replace("Path", "path")
            default = _default(field)
        yield f"| `{field.name}` | {kind} | {default} | {MEANINGS.get(prefix + field.name, '')} |"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return _shown(field.default)
    return _shown(field.default_factory()) if callable(field.default_factory) else "required"


def _shown(value: object) -> str:
    if value is None or value in ("", ()):
        return "none"
    if value is msgspec.NODEFAULT:
        return "required"
    return f"`{msgspec.json.encode(value).decode()}`"


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    low = kind.ge if kind.ge is not None else kind.gt
    high = kind.le if kind.le is not None else kind.lt
    if low is None or high is None:
        return "number"
    strict = "above " if kind.ge is None else ""
    return f"{strict}{low:g} to {high:g}"


def _size(kind: inspect.StrType) -> str:
    low = f"{kind.min_length} to " if kind.min_length else "up to "
    return f"{low}{kind.max_length} characters"


def _length(kind: inspect.VarTupleType) -> str:
    if kind.max_length is None:
        return ""
    return f", {kind.min_length or 0} to {kind.max_length} of them"
