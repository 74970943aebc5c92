"""Records of a pack: one spelling, and a count of what is withheld."""

from __future__ import annotations

import pytest

from bayward.ledger.errors import Malformed
from bayward.ledger.pack.records import Record, lines_of, parse_record
from ledger_bench import event

SEALED = event(5)


def test_a_record_reads_back_and_counts() -> None:
    for shown in range(5):
        record = Record.of(5, SEALED.leaf, SEALED.disclosures[:shown])
        assert record.withheld == 4 - shown
        assert parse_record(record.line) == record


@pytest.mark.parametrize(
    "line",
    [b"", b"{}\n", b"\xff\n", b"[]\n", b'{"index":-1,"leaf":"","disclosures":[],"withheld":0}\n',
     b'{"index":1,"leaf":"","disclosures":[1],"withheld":0}\n',
     b'{"index":1,"leaf":"=","disclosures":[],"withheld":0}\n',
     b'{"index":1,"index":1,"leaf":"","disclosures":[],"withheld":0}\n',
     b'{"index":true,"leaf":"","disclosures":[],"withheld":0}\n',
     b'{"index":1,"leaf":"","disclosures":[],"withheld":0}'],
)  # fmt: skip
def test_what_is_no_record(line: bytes) -> None:
    with pytest.raises(Malformed):
        parse_record(line)


def test_lines() -> None:
    assert list(lines_of(b"a\n\nb")) == [b"a\n", b"\n", b"b"]
    assert list(lines_of(b"")) == []
