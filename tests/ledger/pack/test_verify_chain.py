"""The chain of a pack, its time stamps and the receipt of its export, by all three verifiers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from bayward.ledger.chain import LINKS_MAX, chain_text, verify_chained
from bayward.ledger.known import read_known
from bayward.ledger.pack import bag
from bayward.ledger.pack.verify import ANCHOR as ANCHOR_FILE
from bayward.ledger.pack.verify import CHAIN, verify_zip, with_receipt
from bayward.ledger.verdict import Trust, Unexamined
from ledger_bench import IMPOSTOR
from pack_bench import (
    ANCHOR,
    BANK,
    OUTSIDE,
    SIZE,
    TENANT,
    Findings,
    PackBench,
    by_library,
    by_script_here,
    digest,
    policy,
    recorded,
    resealed,
    script,
    zipped,
)
from page_bench import Page
from stamp_bench import AT, DAY, Token, certificate, ec_key

BENCH = PackBench()
FILES, STAMPED = BENCH.files(), BENCH.files(stamped=True)
LOWER, UPPER = BENCH.chain
ONLY_ANCHOR = policy("group two 2 a b c", "quorum two", logs=[ANCHOR.key])
PIN = f"tsa {digest(certificate(ec_key()))}\n"
Judge = Callable[..., tuple[Findings, str]]


@pytest.fixture
def judged(tmp_path: Path, page: Page) -> Judge:
    """Findings and trust about files, on which all three verifiers must agree."""

    def judge(
        files: dict[str, bytes], given: str = ONLY_ANCHOR, receipt: str = ""
    ) -> tuple[Findings, str]:
        raw, known, more = zipped(files), read_known(given), list[str]()
        verdict = verify_zip(raw, known.keys, known.demand, known.authorities)
        for name, content in (("p.zip", raw), ("policy", given.encode()), ("r", receipt.encode())):
            (tmp_path / name).write_bytes(content)
        if receipt:
            verdict = with_receipt(verdict, receipt, known.keys, known.demand)
            more = ["--receipt", str(tmp_path / "r")]
        said = by_library(verdict)
        words = ["--policy", str(tmp_path / "policy"), *more]
        assert by_script_here(tmp_path / "p.zip", *words) == said
        assert page.verify(raw, [], policy=given, receipt=receipt) == said
        return said

    return judge


@pytest.mark.parametrize("links", [0, 1, 2])
def test_a_receipt_alone_is_told_to_ask_for_its_chain(
    tmp_path: Path, page: Page, links: int
) -> None:
    """By all three; with a link, or a known witness of its own log, there is nothing to ask for."""
    text = chain_text([BENCH.receipt(3), *BENCH.chain[:links]])
    (tmp_path / "r.json").write_text(text)
    vkey = BANK.key.vkey
    found = verify_chained(text, [BANK.key])
    assert found.ok
    said = [one.name.lower() for one in found.unexamined]
    assert said == ([] if links else ["chain"])
    assert script(tmp_path / "r.json", "--key", vkey)["unexamined"] == said
    assert page.ask("receipt", file=text, keys=[vkey])["unexamined"] == said


def chained(*lines: str) -> dict[str, bytes]:
    return resealed({**FILES, CHAIN: "".join(lines).encode()})


def line(receipt: object) -> str:
    return chain_text([receipt])  # type: ignore[list-item]  # one of the bench's


def test_who_knows_only_the_anchor_and_its_witnesses(judged: Judge) -> None:
    """The anchor tells the tenant's key, which sealed the pack; and the bank's log stands below."""
    assert judged(FILES) == ([], "trusted")
    known = read_known(ONLY_ANCHOR)
    verdict = verify_zip(zipped(FILES), known.keys, known.demand)
    assert verdict.logs[0].trust is Trust.TRUSTED
    assert [one.origin for one in verdict.chain] == [TENANT.key.name, ANCHOR.key.name]
    assert set(verdict.chain[1].cosigned) == {one.key.name for one in OUTSIDE[:2]}


def test_audit_07_a_chain_that_is_cut_swapped_or_left_out(judged: Judge) -> None:
    sealed, unseen = ("unknown key", None), ("not witnessed", None)
    assert judged(chained(line(LOWER))) == ([sealed, sealed, unseen], "unknown")
    assert judged(BENCH.files(chain=False)) == ([sealed, sealed, unseen], "unknown")
    found, _ = judged(chained(line(UPPER), line(LOWER)))
    assert found[0] == ("chain mismatch", 1)
    found, _ = judged(chained(line(UPPER)))
    assert found[0] == ("chain mismatch", 1)


def test_audit_07_a_chain_of_another_log(judged: Judge) -> None:
    root = BENCH.note.split("\n")[2]
    for at in (("demo/bank/8/1", SIZE, root), (BANK.key.name, SIZE + 1, root)):
        link, above = recorded("bank_log.accepted", at, TENANT)
        upper, _ = recorded("tenant_log.anchored", above, ANCHOR, *OUTSIDE[:2])
        found, trust = judged(chained(line(link), line(upper)))
        assert found[:2] == [("chain mismatch", 1), ("chain mismatch", 2)]
        assert trust == "unknown"


def test_a_key_that_no_trusted_log_told_does_not_seal(judged: Judge) -> None:
    """An anchor that says nothing of the tenant's key vouches for its tree, not for its seals."""
    at = (BANK.key.name, SIZE, BENCH.note.split("\n")[2])
    lower, above = recorded("bank_log.accepted", at, TENANT)
    upper, _ = recorded("tenant_log.anchored", above, ANCHOR, *OUTSIDE[:2])
    assert judged(chained(line(lower), line(upper))) == ([("unknown key", None)], "unknown")
    lying, _ = recorded("tenant_log.anchored", above, IMPOSTOR, below=TENANT.key)
    found, trust = judged(chained(line(lower), line(lying)))
    assert (("unknown key", None) in found, trust) == (True, "unknown")


@pytest.mark.parametrize(("quorum", "is_met"), [("a", True), ("c", False), ("g", False)])
def test_audit_16_a_quorum_that_is_missing(judged: Judge, quorum: str, is_met: bool) -> None:
    given = policy("group g all a c", f"quorum {quorum}", logs=[ANCHOR.key])
    assert judged(FILES, given) == ([] if is_met else [("not witnessed", None)], "trusted")


def test_links_that_are_bent(judged: Judge) -> None:
    moved = replace(LOWER, proof=replace(LOWER.proof, index=0))
    found, _ = judged(chained(line(moved), line(UPPER)))
    assert found[:2] == [("proof invalid", 1), ("chain mismatch", 2)]
    assert judged(resealed({**FILES, CHAIN: b"\xff\n"}))[0][0] == ("malformed", 1)
    found, _ = judged(chained(*[line(LOWER)] * (LINKS_MAX + 1)))
    assert found[0] == ("too large", LINKS_MAX + 1)


# --- the receipt of the export ---------------------------------------------------------------


def test_the_receipt_of_the_export(judged: Judge) -> None:
    given = ONLY_ANCHOR.replace("quorum two", "quorum none") + f"log {TENANT.key.vkey}\n"
    receipt = BENCH.exported(FILES).text
    assert judged(FILES, given, receipt) == ([], "trusted")
    assert judged(FILES, given, LOWER.text) == ([("chain mismatch", None)], "trusted")
    other = BENCH.exported(resealed({**FILES, "README.txt": b"other\n"})).text
    assert judged(FILES, given, other) == ([("chain mismatch", None)], "trusted")
    assert judged(FILES, given, "nonsense") == ([("malformed", None)], "trusted")
    found, _ = judged(FILES, ONLY_ANCHOR, receipt)
    assert found == [("not witnessed", None)], "the anchor told the key; nobody saw this checkpoint"
    assert judged(FILES, policy(logs=[ANCHOR.key]), receipt) == ([], "trusted")
    assert judged(FILES, policy(logs=[BANK.key]), receipt)[0][-1] == ("unknown key", None)


# --- time stamps -----------------------------------------------------------------------------


def test_stamps_over_the_pack_and_the_anchor(judged: Judge, tmp_path: Path) -> None:
    assert judged(STAMPED) == ([], "trusted")
    known = read_known(ONLY_ANCHOR + PIN)
    told = verify_zip(zipped(STAMPED), known.keys, known.demand)
    assert Unexamined.STAMP in told.unexamined
    assert [one.path for one in told.stamps] == [ANCHOR_FILE, bag.TAG_MANIFEST]
    assert judged(STAMPED, ONLY_ANCHOR + PIN) == ([], "trusted")
    told = verify_zip(zipped(STAMPED), known.keys, known.demand, known.authorities)
    assert Unexamined.STAMP not in told.unexamined
    assert all(one.is_known for one in told.stamps)
    (tmp_path / "pack.zip").write_bytes(zipped(STAMPED))
    assert [one["path"] for one in script(tmp_path / "pack.zip")["stamps"]] == [
        ANCHOR_FILE,
        bag.TAG_MANIFEST,
    ]


def test_audit_17_an_authority_that_is_not_the_one_you_know(judged: Judge) -> None:
    found, _ = judged(STAMPED, ONLY_ANCHOR + f"tsa {'0' * 64}\n")
    assert found == [("unknown key", None)] * 2


WRONG: dict[str, bytes | Token] = {
    "of something else": Token().over(b"something else"),
    "expired": Token(certificates=(certificate(ec_key(), end=AT - DAY / 2),)),
    "of a web server": Token(
        certificates=(certificate(ec_key(), usages=[ExtendedKeyUsageOID.SERVER_AUTH]),)
    ),
    "injected": Token(certificates=(certificate(ec_key(), name="x"),), named=certificate(ec_key())),
    "none": b"none",
}


@pytest.mark.parametrize("name", WRONG)
def test_audit_17_stamps_that_do_not_hold(judged: Judge, name: str) -> None:
    made = WRONG[name]
    raw = made if isinstance(made, bytes) else made.over(STAMPED[bag.TAG_MANIFEST])
    assert judged({**STAMPED, bag.STAMP: raw}) == ([("time stamp invalid", None)], "trusted")


def test_audit_17_a_stamp_of_nothing(judged: Judge) -> None:
    files = {**STAMPED, "data/none.tsr": Token().over(b"other")}
    found, _ = judged(resealed(files))
    assert found == [("time stamp invalid", None)]


def test_a_stamped_anchor_that_is_not_the_one_of_the_chain(judged: Judge) -> None:
    other = (
        f"demo/anchor\n9\n{b64encode(bytes(32)).decode()}\n\n"
        + UPPER.proof.checkpoint.split("\n\n")[1]
    )
    for body, found in ((other.encode(), "chain mismatch"), (b"none", "malformed")):
        files = {**FILES, ANCHOR_FILE: body, f"{ANCHOR_FILE}.tsr": Token().over(body)}
        assert judged(resealed(files)) == ([(found, None)], "trusted")
