from __future__ import annotations

from bayward.ledger.verdict import Fault, Finding, Trust, Verdict


def test_findings_in_words() -> None:
    assert str(Finding(Fault.BODY_MISMATCH, 500)) == "body/leaf mismatch at 500"
    assert str(Finding(Fault.GAP, 500, "501 follows")) == "gap at 500: 501 follows"
    assert str(Finding(Fault.SIZE_MISMATCH, None, "checkpoint 2 vs 1 entries")) == (
        "size mismatch: checkpoint 2 vs 1 entries"
    )
    assert str(Finding(Fault.ROLLBACK)) == "rollback"


def test_a_verdict_is_good_when_nothing_was_found() -> None:
    assert Verdict((), Trust.TRUSTED).ok
    assert not Verdict((Finding(Fault.FORK, 3),), Trust.TRUSTED).ok
    assert dict(Verdict((), Trust.TRUSTED).fields) == {}
    assert dict(Verdict((), Trust.TRUSTED).cosigned) == {}


def test_names_are_stable() -> None:
    """Reports and other verifiers compare these words; changing one is a new format."""
    assert sorted(Fault) == [
        "body/leaf mismatch",
        "chain mismatch",
        "disclosure does not match leaf",
        "disclosure malformed",
        "field disclosed twice",
        "file altered",
        "file missing",
        "file not listed",
        "fork",
        "gap",
        "leaf malformed",
        "malformed",
        "name appears twice",
        "not witnessed",
        "out of order",
        "proof invalid",
        "repeated",
        "revocation list invalid",
        "rollback",
        "root mismatch",
        "signature invalid",
        "size mismatch",
        "time stamp invalid",
        "time stamp revoked",
        "too large",
        "tree hash mismatch",
        "unknown key",
        "unsafe path",
        "withheld count mismatch",
        "wrong origin",
    ]
