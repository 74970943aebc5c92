"""The short way through a line says nothing that the long way would not say."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest

from bayward.ledger import lines, verify
from bayward.ledger.errors import LedgerError
from bayward.ledger.export import LINE_BYTES_MAX, LogEntry, parse_entry
from bayward.ledger.leaf import Value, parse_leaf, seal
from bayward.ledger.lines import plain_entry, plain_record
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.pack import verify as pack_verify
from bayward.ledger.pack.records import Record, parse_record
from bayward.ledger.verify import open_fields, verify_log
from differential import PIECES, TRUSTED, bent_log
from ledger_bench import Bench, salts
from pack_bench import FOLDER, PackBench, resealed

FIELDS: dict[str, Value] = {
    "type": "door.opened",
    "seq": 41,
    "forced": False,
    "reason": 'Straße "7"',
}
SEALED = seal(FIELDS, salts("lines", len(FIELDS)))
HASH = leaf_hash(SEALED.leaf)
OTHER = seal(FIELDS, salts("other", len(FIELDS)))
UNUSUAL = seal({**FIELDS, "photos": ["a"]}, salts("x", len(FIELDS) + 1))
RECORDS = f"data/{FOLDER}/records.ndjson"


def entry(shown: int = len(FIELDS)) -> LogEntry:
    return LogEntry(7, HASH, SEALED.leaf, SEALED.disclosures[:shown])


def record(shown: int = len(FIELDS)) -> Record:
    return Record.of(7, SEALED.leaf, SEALED.disclosures[:shown])


def long_entry(line: bytes) -> tuple[int, bytes] | None:
    """What the long way knows of a line in which nothing is wrong."""
    try:
        found = parse_entry(line)
    except LedgerError:
        return None
    _, wrong = open_fields(found.leaf, found.disclosures, found.index)
    is_whole = not wrong and leaf_hash(found.leaf) == found.hash
    return (found.index, found.hash) if is_whole else None


def long_record(line: bytes) -> tuple[int, bytes] | None:
    try:
        found = parse_record(line)
    except LedgerError:
        return None
    _, wrong = open_fields(found.leaf, found.disclosures, found.index)
    if wrong or found.withheld != len(parse_leaf(found.leaf)) - len(found.disclosures):
        return None
    return found.index, leaf_hash(found.leaf)


Way = Callable[[bytes], tuple[int, bytes] | None]
ENTRIES: tuple[Way, Way] = (plain_entry, long_entry)
OF_PACKS: tuple[Way, Way] = (plain_record, long_record)
BOTH = [
    *((*ENTRIES, entry(shown).line) for shown in (0, 2, 4)),
    *((*OF_PACKS, record(shown).line) for shown in (0, 2, 4)),
]


@pytest.mark.parametrize(("short", "long", "line"), BOTH)
def test_a_line_of_ours_goes_the_short_way(short: Way, long: Way, line: bytes) -> None:
    assert short(line) == long(line) == (7, HASH)


@pytest.mark.parametrize(("short", "long", "line"), BOTH)
def test_audit_12_no_byte_of_a_line_can_change(short: Way, long: Way, line: bytes) -> None:
    """At each place each piece that means something to JSON or to base64, put in or in place of
    another. With a hash in it, only another index is another line that holds."""
    behind = line.partition(b",")[2]
    for at in range(len(line) + 1):
        for piece in [*map(str.encode, PIECES), b"\xff", b"\\u0041"]:
            for rest in {line[at:], line[at + 1 :], line[at + len(piece) :]}:
                bent = line[:at] + piece + rest
                found = short(bent)
                if found is not None:
                    assert found == long(bent)
                    assert short is plain_record or bent.partition(b",")[2] == behind


@pytest.mark.parametrize(("short", "long"), [ENTRIES, OF_PACKS])
def test_a_line_in_another_spelling_is_read_the_long_way(short: Way, long: Way) -> None:
    line = (entry() if short is plain_entry else record()).line
    told = json.loads(line)
    others = [
        json.dumps(told),
        json.dumps(dict(reversed(told.items())), separators=(",", ":")),
        line.decode().rstrip().replace('"leaf"', '"l\\u0065af"'),
        line.decode().rstrip().replace('"WyI', '"\\u0057yI', 1),
        " " + line.decode().rstrip(),
    ]
    for other in others:
        assert short(other.encode() + b"\n") is None
        assert long(other.encode() + b"\n") == (7, HASH)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(entry(), hash=leaf_hash(b"")),
        replace(entry(), leaf=OTHER.leaf),
        replace(entry(), leaf=OTHER.leaf, hash=leaf_hash(OTHER.leaf)),
        replace(entry(), disclosures=OTHER.disclosures),
        replace(entry(), disclosures=(*SEALED.disclosures, OTHER.disclosures[0])),
        replace(entry(), disclosures=(*SEALED.disclosures[:2], SEALED.disclosures[0])),
        replace(entry(), disclosures=("", *SEALED.disclosures)),
        replace(entry(0), leaf=b"{}", hash=leaf_hash(b"{}")),
        replace(entry(0), leaf=b"\xff", hash=leaf_hash(b"\xff")),
    ],
)
def test_audit_12_a_line_that_is_wrong(wrong: LogEntry) -> None:
    assert plain_entry(wrong.line) is None
    assert long_entry(wrong.line) is None
    withheld = len(FIELDS) - len(wrong.disclosures)
    line = Record(7, wrong.leaf, wrong.disclosures, withheld).line
    assert plain_record(line) == long_record(line)
    assert plain_record(line) == (None if wrong != replace(entry(), hash=wrong.hash) else (7, HASH))


def test_audit_12_a_record_that_withholds_more_or_less_than_it_says() -> None:
    for shown in range(len(FIELDS) + 1):
        for withheld in range(-1, len(FIELDS) + 2):
            line = replace(record(shown), withheld=withheld).line
            fits = shown + withheld == len(FIELDS)
            assert plain_record(line) == ((7, HASH) if fits else None)


def test_an_unusual_field_is_read_the_long_way() -> None:
    line = LogEntry(7, leaf_hash(UNUSUAL.leaf), UNUSUAL.leaf, UNUSUAL.disclosures).line
    assert plain_entry(line) is None
    assert long_entry(line) == (7, leaf_hash(UNUSUAL.leaf))


@pytest.mark.parametrize(("short", "long", "line"), BOTH)
def test_a_line_that_is_too_long_is_not_taken_apart(short: Way, long: Way, line: bytes) -> None:
    """It could be as long as a whole pack, and a million disclosures."""
    shown = b"[" + b'"A",' * (LINE_BYTES_MAX // 4) + b'"A"]'
    bent = re.sub(rb"\[.*\]", shown, line)
    with patch.object(lines, "are_plain", side_effect=AssertionError):
        assert short(bent) is None
    assert long(bent) is None


def both_ways(place: str, say: Callable[[], object]) -> Iterator[object]:
    yield say()
    with patch(place, lambda _line: None):
        yield say()


def test_the_short_way_is_taken() -> None:
    rows = Bench.of(9).lines()
    with patch.object(verify, "parse_entry", side_effect=AssertionError):
        assert verify_log(rows).entries == 9
    files = PackBench().files()
    with patch.object(pack_verify, "parse_record", side_effect=AssertionError):
        assert pack_verify.verify_files(files).ok


def test_audit_12_the_same_verdict_about_bent_logs_both_ways() -> None:
    for case in range(400):
        made = bent_log(random.Random(case))
        rows = made.raw.splitlines(keepends=True)
        say = lambda: verify_log(rows, TRUSTED, made.older)  # noqa: B023, E731
        short, long = both_ways("bayward.ledger.lines.plain_entry", say)
        assert short == long, case


def test_audit_12_the_same_verdict_about_bent_records_both_ways() -> None:
    files = PackBench().files()
    rows = files[RECORDS].splitlines(keepends=True)
    for case in range(150):
        rng = random.Random(case)
        bent = [bytearray(row) for row in rows]
        for _ in range(rng.randint(1, 3)):
            row, piece = rng.choice(bent), rng.choice(PIECES).encode("utf-8", "replace")
            at = rng.randrange(len(row))
            row[at : at + rng.choice([0, 1, len(piece)])] = piece
        if rng.random() < 0.3:
            del bent[rng.randrange(len(bent))]
        made = resealed({**files, RECORDS: b"".join(bent)})
        say = lambda: pack_verify.verify_files(made, TRUSTED)  # noqa: B023, E731
        short, long = both_ways("bayward.ledger.pack.verify.plain_record", say)
        assert short == long, case


def test_gaps_and_repetitions_are_found_in_lines_that_hold() -> None:
    rows = Bench.of(9).lines()
    bent = [*rows[:3], rows[2], *rows[4:6], rows[3], *rows[6:]]
    say = lambda: verify_log(bent).findings  # noqa: E731
    short, long = both_ways("bayward.ledger.lines.plain_entry", say)
    assert short == long
    assert [str(one) for one in verify_log(bent).findings] == [
        "repeated at 1",
        "gap at 2: 3 follows",
        "out of order at 2: in the place of 5",
    ]
