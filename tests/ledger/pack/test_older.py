"""What somebody kept from before, against a pack: rollback and fork, by all three verifiers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bayward.cli import pack_words
from bayward.ledger.keys import ed25519_signer
from bayward.ledger.known import Known
from bayward.ledger.leaf import Sealed, seal
from bayward.ledger.log import Log
from bayward.ledger.merkle import EMPTY_ROOT, leaf_hash
from bayward.ledger.note import sign
from bayward.ledger.pack.build import LogSlice, build
from bayward.ledger.pack.range import prove_range
from bayward.ledger.pack.records import Record
from bayward.ledger.pack.verify import verify_files
from bayward.ledger.receipt import Receipt
from bayward.ledger.strict import base64_text
from bayward.ledger.verdict import Standing
from ledger_bench import IMPOSTOR, MemoryStore, ed25519_key, salts
from pack_bench import (
    BAG,
    BANK,
    END,
    SIZE,
    START,
    TENANT,
    PackBench,
    digest,
    happening,
    keys,
    resealed,
    script,
    told_here,
    zipped,
)
from page_bench import Page

BENCH = PackBench()
STRANGER = ed25519_signer("demo/bank/8/1", ed25519_key("stranger"))
TRUSTED = [TENANT.key, BANK.key]
FOREVER = 2 * SIZE


def history(*changed: int) -> tuple[list[str], list[Sealed], Log]:
    """The bank's log with some entries other than they were; its checkpoint after each entry."""
    events = [happening(n + 1000 if n in changed else n) for n in range(FOREVER)]
    store = MemoryStore()
    log = Log(store, lambda: [BANK])
    for one in events:
        log.append([one.leaf])
    return store.notes, events, log


NOTES, EVENTS, _ = history()


def receipt(index: int, size: int, *changed: int) -> str:
    """A receipt of an entry from when the log had so many."""
    events = [happening(n + 1000 if n in changed else n) for n in range(size)]
    log = Log(MemoryStore(), lambda: [BANK])
    log.append([one.leaf for one in events])
    shown = tuple(events[index].disclosures)
    return Receipt(BANK.key, log.prove(index), events[index].leaf, shown).text


def pack(start: int = START, end: int = END) -> dict[str, bytes]:
    return build(BAG, [BENCH.slice(start, end)], TENANT, papers={}, info=[])


Judge = Callable[..., tuple[list[tuple[str, int | None]], list[str]]]


@pytest.fixture
def judged(tmp_path: Path, page: Page) -> Judge:
    """Findings, and what stays unexamined, on which all three verifiers must agree."""

    def judge(
        files: dict[str, bytes], older: Sequence[str]
    ) -> tuple[list[tuple[str, int | None]], list[str]]:
        place, words = tmp_path / "pack.zip", keys(*TRUSTED)
        place.write_bytes(zipped(files))
        for number, text in enumerate(older):
            (tmp_path / f"{number}").write_text(text, encoding="utf-8")
            words += ["--older", str(tmp_path / f"{number}")]
        verdict = pack_words.examine(place, Known(tuple(TRUSTED)), older)
        said = [json.loads(json.dumps(pack_words.as_json(verdict))), told_here(place, *words)]
        vkeys = [key.vkey for key in TRUSTED]
        said.append(page.ask("verify", file=zipped(files), keys=vkeys, older=list(older)))
        for one in said:
            one["findings"] = [(told["fault"], told["at"]) for told in one["findings"]]
        for name in ("findings", "trust", "unexamined", "held"):
            assert said[0][name] == said[1][name] == said[2][name]
        return said[0]["findings"], said[0]["unexamined"]

    return judge


@pytest.mark.parametrize(("start", "end"), [(START, END), (16, 24), (0, SIZE), (44, 45), (0, 1)])
def test_a_root_of_before_is_told_wherever_the_pack_tells_it(start: int, end: int) -> None:
    """By the library, at every size; that it is the same elsewhere is in the tests below."""
    known = Known(tuple(TRUSTED))
    place = {size: _examined(pack(start, end), [NOTES[size - 1]], known) for size in range(1, SIZE)}
    told = {size for size, one in place.items() if "rollback" not in one[1]}
    assert set(range(max(start, 1), min(end, SIZE - 1) + 1)) <= told
    assert all(one[0] == [] for one in place.values())
    for changed in (0, start, SIZE - 2):
        other, _, _ = history(changed)
        for size in range(1, SIZE):
            found, _ = _examined(pack(start, end), [other[size - 1]], known)
            assert found == ([("fork", size)] if size in told and size > changed else [])


def _examined(
    files: dict[str, bytes], older: list[str], known: Known
) -> tuple[list[tuple[str, int | None]], list[str]]:
    verdict = verify_files(files, known.keys, older=older)
    found = [(one.fault.value, one.at) for one in verdict.findings]
    return found, [one.name.lower() for one in verdict.unexamined]


def test_what_agrees_with_what_was_kept(judged: Judge) -> None:
    assert judged(pack(), []) == ([], ["rollback"])
    for older in (NOTES[START - 1], NOTES[END - 1], NOTES[SIZE - 1], receipt(20, 21)):
        assert judged(pack(), [older]) == ([], [])
    chain = 2 * (json.dumps(json.loads(receipt(20, 21))) + "\n")
    assert judged(pack(), [NOTES[START], NOTES[END - 2], chain]) == ([], [])
    empty = sign(f"{BANK.key.name}\n0\n{base64_text(EMPTY_ROOT)}\n", [BANK])
    assert judged(pack(), [empty]) == ([], [])


@pytest.mark.parametrize(("older", "found"), [(NOTES[END - 1], []), (NOTES[SIZE], ["rollback"])])
def test_the_script_is_asked_as_a_stranger_asks_it(
    tmp_path: Path, older: str, found: list[str]
) -> None:
    """In a process of its own, which the tests below spare themselves."""
    (tmp_path / "pack.zip").write_bytes(zipped(pack()))
    (tmp_path / "kept").write_text(older, encoding="utf-8")
    told = script(tmp_path / "pack.zip", *keys(*TRUSTED), "--older", str(tmp_path / "kept"))
    assert [one["fault"] for one in told["findings"]] == found


def test_what_the_pack_does_not_tell(judged: Judge) -> None:
    """It is said that this was not compared."""
    assert judged(pack(), [NOTES[8 - 1]]) == ([], []), "a hash beside the range is that of 8"
    assert judged(pack(), [NOTES[7 - 1]]) == ([], ["rollback"])
    assert judged(pack(), [NOTES[START], NOTES[END + 1]]) == ([], ["rollback"])
    assert judged(pack(), [receipt(20, END + 5)]) == ([], ["rollback"])


def test_audit_03_a_log_that_was_set_back(judged: Judge) -> None:
    assert judged(pack(), [NOTES[SIZE]]) == ([("rollback", SIZE + 1)], ["rollback"])
    both = [NOTES[START], NOTES[FOREVER - 1]]
    assert judged(pack(), both) == ([("rollback", FOREVER)], [])


def test_audit_04_a_log_with_two_histories(judged: Judge) -> None:
    other, _, _ = history(3)
    assert judged(pack(), [other[START - 1]]) == ([("fork", START)], ["rollback"])
    assert judged(pack(), [other[SIZE - 1]]) == ([("fork", SIZE)], ["rollback"])
    assert judged(pack(), [other[2]]) == ([], ["rollback"])
    found, _ = judged(pack(), [receipt(20, 25, 20)])
    assert found == [("fork", 25), ("fork", 20)]
    found, _ = judged(pack(), [receipt(20, END + 5, 20)])
    assert found == [("fork", 20)], "the entry tells, where the root does not"
    found, _ = judged(pack(), [receipt(20, FOREVER, 20)])
    assert found == [("rollback", FOREVER), ("fork", 20)]


def test_audit_04_a_receipt_that_does_not_hold_accuses_nobody(judged: Judge) -> None:
    told = json.loads(receipt(20, 25))
    told["leaf"] = base64_text(EVENTS[21].leaf)
    assert judged(pack(), [json.dumps(told)]) == ([], [])
    told["tlog_proof"] = told["tlog_proof"].replace("index 20", "index 25")
    assert judged(pack(), [json.dumps(told)]) == ([], [])


def test_what_was_kept_of_another_log_or_by_another_key(judged: Judge) -> None:
    text = NOTES[START].partition("\n\n")[0] + "\n"
    forged = sign(text, [IMPOSTOR])
    assert judged(pack(), [forged])[0] == [("signature invalid", None)]
    stranger = sign(text.replace("demo/bank/7/1", "demo/bank/8/1"), [STRANGER])
    assert judged(pack(), [stranger])[0] == [("wrong origin", None)], "nobody here has its key"
    tenant = Log(MemoryStore(), lambda: [TENANT])
    tenant.append([happening(1).leaf])
    assert judged(pack(), [tenant.note])[0] == [("wrong origin", None)]
    both = [("malformed", None), ("malformed", None)]
    assert judged(pack(), [NOTES[0][:-9], NOTES[1][:-9]])[0] == both, "each is named"
    kinds = ["\n\n\u2014 a !\n", "c2sp.org/tlog-proof@v1\nindex 0\n!\n\nx"]
    assert judged(pack(), kinds)[0] == both, "however alike their faults are worded"
    for text in ("", "{", "{}", "c2sp.org/tlog-proof@v1\n", "\n\n", NOTES[0][:-9]):
        assert judged(pack(), [text])[0] == [("malformed", None)]


def test_a_pack_that_is_wrong_is_not_compared(judged: Judge) -> None:
    files = pack()
    rows = files["data/bank-7/records.ndjson"].splitlines(keepends=True)
    cut = resealed({**files, "data/bank-7/records.ndjson": b"".join(rows[:-1])})
    assert judged(cut, [NOTES[START]]) == ([("size mismatch", None)], ["rollback"])
    other, events, _ = history(20)
    line = Record.of(20, events[20].leaf, ()).line
    changed = [*rows[: 20 - START], line, *rows[21 - START :]]
    forged = resealed({**files, "data/bank-7/records.ndjson": b"".join(changed)})
    found, unexamined = judged(forged, [other[24]])
    assert found == [("root mismatch", None)]
    assert unexamined == ["rollback"]
    assert leaf_hash(events[20].leaf) != leaf_hash(EVENTS[20].leaf)


def test_the_receipt_of_its_own_export_is_younger_and_accuses_nobody(judged: Judge) -> None:
    """It names the pack, so it was signed after that; another later one may mean a rollback."""
    log, files = tenant_pack()
    digest_of = digest(resealed(files)["tagmanifest-sha256.txt"])
    assert digest_of == digest(files["tagmanifest-sha256.txt"])
    for told, detail, found in (
        ("evidence.exported", digest_of, []),
        ("evidence.exported", digest(b"another"), [("rollback", 10)]),
        ("evidence.requested", digest_of, [("rollback", 10)]),
    ):
        log, _ = tenant_pack()
        sealed = seal({"type": told, "detail": detail}, salts(told, 2))
        log.append([sealed.leaf])
        receipt = Receipt(TENANT.key, log.prove(9), sealed.leaf, sealed.disclosures).text
        assert judged(files, [receipt]) == (found, ["rollback"])
        moved = receipt.replace("index 9", "index 8")
        assert judged(files, [moved])[0] == [("rollback", 10)], "its entry is not proven"
        assert judged(files, [log.note])[0] == [("rollback", 10)]
        verdict = verify_files(files, TRUSTED, older=["", receipt])
        assert [(one.number, one.standing) for one in verdict.held] == (
            [] if found else [(1, Standing.YOUNGER)]
        )


def tenant_pack() -> tuple[Log, dict[str, bytes]]:
    """A log of the tenant with nine entries, and a pack of some of them."""
    store = MemoryStore()
    log = Log(store, lambda: [TENANT])
    log.append([happening(n).leaf for n in range(9)])
    lines = b"".join(Record.of(n, happening(n).leaf, ()).line for n in range(3, 6))
    proof = prove_range(TENANT.key.name, 3, 6, 9, store)
    part = LogSlice("tenant", TENANT.key, store.notes[-1], proof, lines)
    return log, build(BAG, [part], TENANT, papers={}, info=[])


def test_every_log_of_a_pack_has_to_be_compared(judged: Judge) -> None:
    store = MemoryStore()
    log = Log(store, lambda: [TENANT])
    log.append([happening(n).leaf for n in range(9)])
    note = store.notes[-1]
    lines = b"".join(Record.of(n, happening(n).leaf, ()).line for n in range(3, 6))
    proof = prove_range(TENANT.key.name, 3, 6, 9, store)
    part = LogSlice("tenant", TENANT.key, note, proof, lines)
    files = build(BAG, [BENCH.slice(), part], TENANT, papers={}, info=[])
    assert judged(files, []) == ([], ["rollback"])
    assert judged(files, [note]) == ([], ["rollback"])
    assert judged(files, [note, NOTES[START]]) == ([], [])
