"""What was kept from before: opened by a known key, or said to be of another log."""

from __future__ import annotations

import json

import pytest

from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.kept import checkpoint_of, open_kept
from bayward.ledger.merkle import leaf_hash
from bayward.ledger.strict import base64_text
from ledger_bench import IMPOSTOR, LOG, Bench
from pack_bench import TENANT, PackBench, digest

BENCH = Bench.of(9)
RECEIPT = BENCH.receipt(3)
HERE = {LOG.key.name}


def test_the_checkpoint_in_every_document() -> None:
    for document in (RECEIPT.text, RECEIPT.proof.text, BENCH.note):
        assert checkpoint_of(document) == BENCH.note


def test_a_receipt_brings_its_entry_and_its_fields() -> None:
    kept = open_kept(RECEIPT.text, [IMPOSTOR.key, LOG.key], HERE)
    assert (kept.tree.size, kept.index, kept.hash) == (9, 3, leaf_hash(RECEIPT.leaf))
    assert "type" in kept.fields
    assert open_kept(BENCH.note, [LOG.key], HERE).index is None


def test_what_a_receipt_does_not_prove_it_does_not_tell() -> None:
    told = json.loads(RECEIPT.text)
    told["leaf"] = base64_text(BENCH.receipt(4).leaf)
    kept = open_kept(json.dumps(told), [LOG.key], HERE)
    assert (kept.index, dict(kept.fields)) == (None, {})


def test_only_the_receipt_of_this_very_export_is_known_to_be_younger() -> None:
    bench = PackBench()
    files = bench.files()
    receipt = bench.exported(files)
    of_pack = digest(files["tagmanifest-sha256.txt"])
    kept = open_kept(receipt.text, [TENANT.key], set())
    assert kept.is_of_export(of_pack)
    assert not kept.is_of_export("0" * 64)
    assert not open_kept(bench.chain[0].text, [TENANT.key], set()).is_of_export(of_pack)


@pytest.mark.parametrize(
    ("origins", "code"), [(HERE, "note.unsigned"), ({"another"}, "checkpoint.origin")]
)
def test_a_key_nobody_has_is_an_objection_only_to_a_log_of_here(
    origins: set[str], code: str
) -> None:
    with pytest.raises(Unverified) as found:
        open_kept(BENCH.note, [TENANT.key], origins)
    assert found.value.code == code


@pytest.mark.parametrize("text", ["", "{", "{}", "c2sp.org/tlog-proof@v1\n", "x\n\n"])
def test_what_is_no_document_stays_malformed(text: str) -> None:
    with pytest.raises(LedgerError) as found:
        open_kept(text, [LOG.key], {"another"})
    assert isinstance(found.value, Malformed)
