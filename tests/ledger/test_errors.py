from __future__ import annotations

from bayward.ledger.errors import LedgerError, Malformed, OutOfRange, Unverified


def test_an_error_says_code_and_detail() -> None:
    assert str(Malformed("note.form", "no empty line")) == "note.form: no empty line"
    assert str(Unverified("note.unsigned")) == "note.unsigned"
    assert OutOfRange("proof.index", "x").code == "proof.index"


def test_all_errors_are_of_one_tree() -> None:
    for kind in (Malformed, OutOfRange, Unverified):
        assert issubclass(kind, LedgerError)
