from __future__ import annotations

from bayward.cloud.audit.paper_words import WIDTH, Above


def test_how_far_the_chain_reaches_is_said() -> None:
    assert "no log had" in Above().words
    assert "only the log demo/tenant/1 had" in Above("demo/tenant/1").words
    alone = Above("demo/anchor", is_anchored=True)
    assert "NO WITNESS" in alone.words
    seen = Above("demo/anchor", is_anchored=True, witnesses=("w.example/a", "w.example/b"))
    assert "cosigned by: w.example/a, w.example/b." in seen.words
    assert "data/anchor.txt" not in seen.words
    stamped = Above("demo/anchor", is_anchored=True, is_stamped=True)
    assert "data/anchor.txt is the same" in stamped.words
    assert all(len(line) <= WIDTH for line in stamped.paragraph.splitlines())
