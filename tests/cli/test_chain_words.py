from __future__ import annotations

from bayward.cli.chain_words import above_json, above_words, time_text
from bayward.ledger.verdict import Above, Trust

LINK = Above("demo/anchor", 7, Trust.TRUSTED, {"w.example/a": 1_795_000_000})


def test_the_logs_above_in_words_and_for_machines() -> None:
    assert above_words([LINK]) == [
        "above     recorded in demo/anchor, which had 7 entries then",
        "key       one you gave, or vouched for by one you gave",
        "witness   w.example/a at 2026-11-18 11:06:40 UTC",
    ]
    assert above_words([]) == []
    assert above_json([LINK]) == [
        {
            "origin": "demo/anchor",
            "size": 7,
            "trust": "trusted",
            "cosigned": {"w.example/a": 1_795_000_000},
        }
    ]
    assert time_text(0) == "1970-01-01 00:00:00 UTC"
