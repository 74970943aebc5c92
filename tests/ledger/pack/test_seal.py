"""The seal of a pack, and what cannot be taken for one."""

from __future__ import annotations

import pytest

from bayward.ledger.checkpoint import parse_text
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.note import split_note
from bayward.ledger.pack.seal import make_seal, maker_of, open_seal
from ledger_bench import IMPOSTOR, LOG, ORIGIN, Bench, refused
from pack_bench import digest

SEALED = make_seal("evidence-1", b"manifest", LOG)


def test_a_seal_reads_back() -> None:
    assert maker_of(SEALED) == ORIGIN
    seal = open_seal(SEALED, LOG.key)
    assert (seal.maker, seal.bag, seal.digest) == (ORIGIN, "evidence-1", digest(b"manifest"))


def test_a_seal_and_a_checkpoint_are_never_the_same_text() -> None:
    with pytest.raises(Malformed):
        parse_text(split_note(SEALED.decode())[0])
    with pytest.raises(Malformed):
        open_seal(Bench.of(3).note.encode(), LOG.key)


def test_a_seal_by_another_key() -> None:
    with refused(Unverified, "note.unsigned"):
        open_seal(make_seal("evidence-1", b"manifest", IMPOSTOR), LOG.key)
    for name in ("Evidence-1", "evidence-", "evidence-1\n2"):
        with pytest.raises(Malformed):
            make_seal(name, b"manifest", LOG)
