from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.errors import Malformed
from bayward.ledger.export import LINE_BYTES_MAX, bounded_lines, parse_entry, parse_header
from ledger_bench import LOG, ORIGIN, Bench, attempt

BENCH = Bench.of(3)
HEADER = BENCH.header
ENTRY = BENCH.entry(2)


def test_there_and_back() -> None:
    assert parse_header(HEADER.line) == HEADER
    assert parse_entry(ENTRY.line) == ENTRY


def test_the_members() -> None:
    header = json.loads(HEADER.line)
    assert list(header) == ["v", "kind", "origin", "vkey", "checkpoint"]
    assert (header["v"], header["kind"], header["origin"]) == (1, "bayward-log", ORIGIN)
    assert list(json.loads(ENTRY.line)) == ["index", "hash", "leaf", "disclosures"]
    assert HEADER.line.endswith(b"}\n")


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"kind": "log"}, {"origin": "other"}, {"vkey": "x"}, {"checkpoint": 1}, {"x": 1}],
)
def test_other_headers_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_header(json.dumps(json.loads(HEADER.line) | change).encode() + b"\n")


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 2**63},
        {"index": True},
        {"index": 1.0},
        {"hash": "AAAA"},
        {"hash": None},
        {"leaf": "e30"},
        {"disclosures": [None]},
        {"x": 1},
    ],
)
def test_other_entries_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_entry(json.dumps(json.loads(ENTRY.line) | change).encode() + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        ENTRY.line[:-1],
        b"\xff" + ENTRY.line,
        b" " * LINE_BYTES_MAX + b"\n",
        ENTRY.line + ENTRY.line,
    ],
)
def test_lines_that_are_none(line: bytes) -> None:
    with pytest.raises(Malformed):
        parse_entry(line)


def test_lines_are_read_in_bounded_pieces() -> None:
    file = io.BytesIO(HEADER.line + b"x" * (3 * LINE_BYTES_MAX) + b"\n" + ENTRY.line)
    lines = list(bounded_lines(file.readline))
    assert lines[0] == HEADER.line
    assert lines[-1] == ENTRY.line
    assert max(len(line) for line in lines) == LINE_BYTES_MAX + 1
    for piece in lines[1:-1]:
        with pytest.raises(Malformed):
            parse_entry(piece)


def test_the_key_of_the_header_names_the_log() -> None:
    assert parse_header(HEADER.line).key == LOG.key


@given(st.binary(), st.text())
def test_any_line_is_read_or_refused(raw: bytes, text: str) -> None:
    entry = json.loads(ENTRY.line)
    lines = [raw, raw + b"\n", *(json.dumps(entry | {n: text}).encode() + b"\n" for n in entry)]
    for line in lines:
        for parse in (parse_header, parse_entry):
            attempt(partial(parse, line), "export.", "key.")
