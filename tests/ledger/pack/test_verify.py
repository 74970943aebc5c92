"""Attacks on packs; each must be called by its name, by the library, verify.py and verify.html."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from bayward.cli import pack_words
from bayward.ledger.keys import ed25519_signer
from bayward.ledger.pack import bag
from bayward.ledger.pack.range import RangeProof, parse_range, prove_range
from bayward.ledger.pack.verify import POLICY, verify_files, verify_zip
from bayward.ledger.verdict import FINDINGS_MAX, Trust, Unexamined
from ledger_bench import IMPOSTOR, WITNESS, ed25519_key, resigned, witness
from pack_bench import (
    BAG,
    BANK,
    END,
    FOLDER,
    SIZE,
    START,
    TENANT,
    Findings,
    PackBench,
    by_library,
    by_script,
    by_script_here,
    digest,
    edited,
    keys,
    resealed,
    script,
    zipped,
)
from page_bench import Page

BENCH = PackBench()
FILES = BENCH.files()
RECORDS = f"data/{FOLDER}/records.ndjson"
RANGE = f"data/{FOLDER}/range.json"
CHECKPOINT = f"data/{FOLDER}/checkpoint"
TRUSTED = [TENANT.key, BANK.key, witness().key]

Files = dict[str, bytes]


@pytest.fixture
def judged(tmp_path: Path, page: Page) -> Callable[[bytes], Findings]:
    """The findings about a ZIP, on which all three verifiers must agree."""

    def judge(raw: bytes) -> Findings:
        place = tmp_path / "evidence.zip"
        place.write_bytes(raw)
        said = by_library(verify_zip(raw, TRUSTED))
        assert by_script_here(place, *keys(*TRUSTED)) == said
        assert page.verify(raw, [key.vkey for key in TRUSTED]) == said
        return said[0]

    return judge


def but(**changed: bytes | None) -> Files:
    """The pack with files replaced or (None) removed; names by their last part."""
    places = {path.rpartition("/")[2].partition(".")[0].partition("-")[0]: path for path in FILES}
    files = dict(FILES)
    for name, body in changed.items():
        if body is None:
            del files[places[name]]
        else:
            files[places[name]] = body
    return files


def with_file(path: str, body: bytes) -> Files:
    return {**FILES, path: body}


def without(path: str) -> Files:
    return {name: body for name, body in FILES.items() if name != path}


def hostile(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    """A pack with further members, whatever their names."""
    out = BytesIO(zipped(FILES))
    with zipfile.ZipFile(out, "a") as archive:
        for told, body in members:
            archive.writestr(told, body)
    return out.getvalue()


# --- what is right -------------------------------------------------------------------------


def test_a_whole_pack(tmp_path: Path) -> None:
    verdict = verify_zip(zipped(FILES), TRUSTED)
    assert verdict.ok
    assert (verdict.bag, verdict.maker, verdict.trust) == (BAG, "demo/tenant/1", Trust.TRUSTED)
    assert verdict.digest == digest(FILES[bag.TAG_MANIFEST])
    (log,) = verdict.logs
    assert (log.origin, log.size, log.start, log.end) == ("demo/bank/7/1", SIZE, START, END)
    assert log.cosigned == {WITNESS: 7}
    assert verdict.unexamined == (Unexamined.ROLLBACK,)
    (tmp_path / "pack.zip").write_bytes(zipped(FILES))
    told = script(tmp_path / "pack.zip", *keys(*TRUSTED))
    assert (told["bag"], told["maker"], told["digest"]) == (BAG, verdict.maker, verdict.digest)
    assert told["unexamined"] == ["rollback"]
    assert told["logs"][0]["cosigned"] == {WITNESS: 7}


def test_a_folder_is_as_good_as_a_zip(tmp_path: Path) -> None:
    for path, body in FILES.items():
        place = tmp_path / BAG / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    assert by_script(tmp_path / BAG, *keys(*TRUSTED)) == ([], "trusted")
    (tmp_path / BAG / "link").symlink_to("/etc/passwd")
    assert by_script(tmp_path / BAG, *keys(*TRUSTED))[0] == [("unsafe path", None)]


@pytest.mark.parametrize("bounds", [(0, 1), (0, SIZE), (SIZE - 1, SIZE), (32, 45), (7, 8)])
def test_every_range(judged: Callable[[bytes], Findings], bounds: tuple[int, int]) -> None:
    assert judged(zipped(BENCH.files(BENCH.slice(*bounds)))) == []


def test_keys_of_the_pack_vouch_only_for_themselves(tmp_path: Path) -> None:
    place = tmp_path / "pack.zip"
    place.write_bytes(zipped(FILES))
    for given in ([], [witness().key]):
        verdict = verify_zip(zipped(FILES), given)
        assert verdict.ok
        assert verdict.trust is Trust.SELF_ASSERTED
        assert Unexamined.KEY in verdict.unexamined
        assert by_script(place, *keys(*given)) == ([], "self-asserted")


def test_a_parent_that_is_known_vouches_for_a_log_that_is_not(tmp_path: Path) -> None:
    verdict = verify_zip(zipped(FILES), [TENANT.key])
    assert verdict.ok
    assert verdict.logs[0].trust is Trust.TRUSTED
    alone = zipped(BENCH.files(chain=False))
    place = tmp_path / "pack.zip"
    for raw in (zipped(FILES), alone):
        place.write_bytes(raw)
        said = by_library(verify_zip(raw, [TENANT.key]))
        assert by_script(place, *keys(TENANT.key)) == said
    assert by_library(verify_zip(alone, [TENANT.key])) == ([("unknown key", None)], "unknown")


# --- §9 row 14: the pack -------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FILES))
def test_audit_14_file_removed(judged: Callable[[bytes], Findings], path: str) -> None:
    assert ("file missing", None) in judged(zipped(without(path)))


@pytest.mark.parametrize("path", sorted(FILES))
def test_audit_14_file_changed(judged: Callable[[bytes], Findings], path: str) -> None:
    found = judged(zipped(with_file(path, FILES[path][:-2] + b"?\n")))
    assert found
    if path not in {bag.NOTE, bag.TAG_MANIFEST, bag.MANIFEST, bag.DECLARATION}:
        assert ("file altered", None) in found


def test_audit_14_file_added(judged: Callable[[bytes], Findings]) -> None:
    for path in ("data/more.txt", "more.txt", f"data/{FOLDER}/more"):
        assert judged(zipped(with_file(path, b"more"))) == [("file not listed", None)]


def test_audit_14_file_renamed(judged: Callable[[bytes], Findings]) -> None:
    renamed = with_file("data/custody.txt", FILES["data/custody.csv"])
    del renamed["data/custody.csv"]
    assert judged(zipped(renamed)) == [("file missing", None), ("file not listed", None)]


def test_audit_14_file_changed_and_manifests_made_anew(
    judged: Callable[[bytes], Findings],
) -> None:
    changed = resealed(with_file("README.txt", b"run evil.exe\n"))
    changed[bag.NOTE] = FILES[bag.NOTE]
    assert judged(zipped(changed)) == [("file altered", None)]


def test_audit_14_sealed_by_somebody_else(judged: Callable[[bytes], Findings]) -> None:
    note = FILES[bag.NOTE].replace(b"7x3k", b"7x3l")
    assert judged(zipped(with_file(bag.NOTE, note))) == [("signature invalid", None)]
    other = FILES[bag.NOTE].replace(b"demo/tenant/1/export", b"demo/tenant/2/export")
    assert judged(zipped(with_file(bag.NOTE, other))) == [("unknown key", None)]


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        f"{BAG}/../../evil",
        "/etc/passwd",
        f"{BAG}/data/..\\evil",
        f"{BAG}/C:evil",
        f"{BAG}/data/./x",
        f"{BAG}//x",
        f"{BAG}/data/caf\u00e9.txt",
        f"{BAG}/data/cafe\u0301.txt",
        f"{BAG}/data/\x1bx",
        f"{BAG}/data/" + "a" * 250,
        f"{BAG}/data/.hidden",
    ],
)
def test_audit_14_path_traversal_and_unicode_forms(
    judged: Callable[[bytes], Findings], name: str
) -> None:
    assert judged(hostile((name, b"x"))) == [("unsafe path", None)]


def test_audit_14_names_in_unicode_forms_in_a_folder(tmp_path: Path) -> None:
    for form in ("caf\u00e9", "cafe\u0301"):
        assert [one.fault for one in verify_files(with_file(form, b"")).findings] == ["unsafe path"]


@pytest.mark.parametrize("name", [f"{BAG}/README.txt", f"{BAG}/readme.TXT", f"{BAG.upper()}/x"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_audit_14_duplicate_and_case_folding_names(
    judged: Callable[[bytes], Findings], name: str
) -> None:
    found = judged(hostile((name, b"another")))
    assert found[0][0] in {"name appears twice", "malformed"}
    if "x" not in name:
        assert found == [("name appears twice", None)]


def test_audit_14_link(judged: Callable[[bytes], Findings]) -> None:
    link = zipfile.ZipInfo(f"{BAG}/data/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    assert judged(hostile((link, b"/etc/passwd"))) == [("unsafe path", None)]


def test_audit_14_bomb(judged: Callable[[bytes], Findings]) -> None:
    """A small file that claims, or would unpack to, more than a pack may have."""
    raw = bytearray(hostile((zipfile.ZipInfo(f"{BAG}/bomb"), b"")))
    at = raw.rfind(b"PK\1\2")
    struct.pack_into("<L", raw, at + 24, 0xFFFFFFF0)
    assert judged(bytes(raw)) == [("too large", None)]
    bomb = zipfile.ZipInfo(f"{BAG}/bomb")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    raw = bytearray(hostile((bomb, bytes(10_000_000))))
    at = raw.rfind(b"PK\1\2")
    struct.pack_into("<L", raw, at + 24, 100)
    assert judged(bytes(raw)) == [("malformed", None)]


def test_audit_14_too_many_files(judged: Callable[[bytes], Findings]) -> None:
    raw = hostile(*((f"{BAG}/n{n}", b"") for n in range(10_001)))
    assert judged(raw) == [("too large", None)]


def test_audit_14_one_file_under_two_names(judged: Callable[[bytes], Findings]) -> None:
    """A local header that says another name than the directory."""
    raw = zipped(FILES).replace(b"evidence-7x3k/README.txt", b"evidence-7x3k/readme.exe", 1)
    assert judged(raw) == [("malformed", None)]


def test_audit_14_something_behind_or_between(judged: Callable[[bytes], Findings]) -> None:
    raw = zipped(FILES)
    assert judged(raw + b"more") == [("malformed", None)]
    assert judged(raw[:-30]) == [("malformed", None)]
    assert judged(b"PK" + raw) == [("malformed", None)]
    assert judged(b"PK") == [("malformed", None)]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda raw: raw.replace(b"data/custody.csv", b"../../custody.cs"), "malformed"),
        (lambda raw: raw + raw.splitlines(keepends=True)[0], "malformed"),
        (lambda raw: raw.replace(b"\n", b"\r\n"), "malformed"),
        (lambda raw: raw.replace(b"  data", b" *data"), "malformed"),
        (lambda raw: raw.upper(), "malformed"),
        (lambda raw: raw.removesuffix(b"\n"), "malformed"),
        (lambda raw: "\u00e9".encode() + raw, "malformed"),
    ],
)
def test_audit_14_manifest(
    judged: Callable[[bytes], Findings], change: Callable[[bytes], bytes], found: str
) -> None:
    changed = with_file(bag.MANIFEST, change(FILES[bag.MANIFEST]))
    assert (found, None) in judged(zipped(changed))


def test_audit_14_the_verifier_itself_altered(judged: Callable[[bytes], Findings]) -> None:
    good = resealed(with_file("verify.py", b"honest"))
    assert judged(zipped(good)) == []
    assert judged(zipped({**good, "verify.py": b"print('VERIFIES')"})) == [("file altered", None)]


# --- §9 row 15: the range ------------------------------------------------------------------


def lines() -> list[bytes]:
    return FILES[RECORDS].splitlines(keepends=True)


def told(rows: list[bytes]) -> bytes:
    return zipped(resealed(with_file(RECORDS, b"".join(rows))))


def ranged(proof: RangeProof) -> bytes:
    return zipped(resealed(with_file(RANGE, proof.text.encode())))


def test_audit_15_record_omitted(judged: Callable[[bytes], Findings]) -> None:
    rows = lines()
    assert judged(told(rows[:5] + rows[6:])) == [("gap", START + 5)]
    assert judged(told(rows[:-1])) == [("size mismatch", None)]
    assert judged(told(rows[1:])) == [("gap", START)]
    assert judged(told([])) == [("size mismatch", None)]


def test_audit_15_record_omitted_and_the_rest_renumbered(
    judged: Callable[[bytes], Findings],
) -> None:
    rows = [
        edited(row, 0, lambda members, n=n: members.update(index=n))  # type: ignore[misc]
        for n, row in enumerate(lines()[:5] + lines()[6:], start=START)
    ]
    assert judged(told(rows)) == [("size mismatch", None)]


def test_audit_15_record_repeated_swapped_or_changed(
    judged: Callable[[bytes], Findings],
) -> None:
    rows = lines()
    assert judged(told([*rows[:5], rows[4], *rows[5:]])) == [("out of order", START + 4)]
    swapped = [*rows[:5], rows[6], rows[5], *rows[7:]]
    assert judged(told(swapped)) == [("gap", START + 5), ("out of order", START + 5)]
    row = edited(rows[3], 0, lambda members: members.update(index=START + 4))
    other = edited(rows[4], 0, lambda members: members.update(index=START + 3))
    assert judged(told([*rows[:3], other, row, *rows[5:]])) == [("root mismatch", None)]


def test_audit_15_shifted_bounds(judged: Callable[[bytes], Findings]) -> None:
    proof = parse_range(FILES[RANGE].decode())
    shifted = RangeProof(proof.origin, proof.start + 1, proof.end + 1, proof.left, proof.right)
    rows = [
        edited(row, 0, lambda members, n=n: members.update(index=n))  # type: ignore[misc]
        for n, row in enumerate(lines(), start=START + 1)
    ]
    files = with_file(RANGE, shifted.text.encode())
    files[RECORDS] = b"".join(rows)
    (found,) = judged(zipped(resealed(files)))
    assert found[0] in {"proof invalid", "root mismatch"}
    beyond = RangeProof(proof.origin, proof.start + SIZE, proof.end + SIZE, (), ())
    assert ("gap", START + SIZE) not in judged(ranged(beyond))


def test_audit_15_proof_for_a_sub_range(judged: Callable[[bytes], Findings]) -> None:
    """Bounds of the whole, hashes of a part; and bounds of a part, records of the whole."""
    whole = parse_range(FILES[RANGE].decode())
    part = prove_range(whole.origin, START, END - 3, SIZE, BENCH.store)
    mixed = RangeProof(whole.origin, START, END, part.left, part.right)
    assert judged(ranged(mixed)) == [("root mismatch", None)]
    assert judged(ranged(part)) == [("size mismatch", None)]


def test_audit_15_hashes_of_the_sides(judged: Callable[[bytes], Findings]) -> None:
    whole = parse_range(FILES[RANGE].decode())
    for left, right, found in (
        (whole.left[1:], whole.right, "proof invalid"),
        ((*whole.left, bytes(32)), whole.right, "proof invalid"),
        (whole.left[::-1], whole.right, "root mismatch"),
        (whole.left, (bytes(32), *whole.right[1:]), "root mismatch"),
        (whole.right, whole.left, "root mismatch"),
        ((bytes(31), *whole.left[1:]), whole.right, "malformed"),
    ):
        proof = RangeProof(whole.origin, START, END, left, right)
        assert judged(ranged(proof)) == [(found, None)]


def test_audit_15_two_checkpoints_mixed(judged: Callable[[bytes], Findings]) -> None:
    """A true checkpoint of another moment; one that is forged; one of another log."""
    shorter = resigned([one.leaf for one in BENCH.events[:40]], BANK, BANK.key.name)
    found = judged(zipped(resealed(with_file(CHECKPOINT, shorter.encode()))))
    assert found == [("chain mismatch", 1), ("chain mismatch", 2), ("root mismatch", None)]
    changed = [one.leaf for one in BENCH.events]
    changed[40] = changed[41]
    other = resigned(changed, BANK, BANK.key.name)
    found = judged(zipped(resealed(with_file(CHECKPOINT, other.encode()))))
    assert found == [("chain mismatch", 1), ("chain mismatch", 2), ("root mismatch", None)]
    forged = FILES[CHECKPOINT].replace(b"\n45\n", b"\n46\n")
    found = judged(zipped(resealed(with_file(CHECKPOINT, forged))))
    assert found == [("chain mismatch", 1), ("chain mismatch", 2), ("signature invalid", None)]
    foreign = FILES[RANGE].replace(b"demo/bank/7/1", b"demo/bank/8/1")
    assert judged(zipped(resealed(with_file(RANGE, foreign)))) == [("unknown key", None)]


# --- and what else a pack says -------------------------------------------------------------


def test_audit_12_fields_of_records(judged: Callable[[bytes], Findings]) -> None:
    rows = lines()
    moved = edited(rows[2], 0, lambda members: members.update(disclosures=[]))
    assert judged(told([*rows[:2], moved, *rows[3:]])) == [("withheld count mismatch", START + 2)]
    foreign = list(BENCH.events[0].disclosures[:2])
    moved = edited(rows[2], 0, lambda members: members.update(disclosures=foreign))
    found = judged(told([*rows[:2], moved, *rows[3:]]))
    assert found == [("disclosure does not match leaf", START + 2)]


def test_records_that_show_no_field_are_counted_and_prove_that_none_is_missing(
    judged: Callable[[bytes], Findings], page: Page, tmp_path: Path
) -> None:
    """One item asked for: what is about others is there as leaves, and one less is a gap."""
    rows = lines()
    closed = BENCH.records(shown=0).splitlines(keepends=True)
    mixed = [one if n % 6 == 0 else closed[n] for n, one in enumerate(rows)]
    raw, count = told(mixed), len(mixed) - len(mixed[::6])
    assert judged(raw) == []
    assert verify_zip(raw, TRUSTED).logs[0].closed == count
    (tmp_path / "pack.zip").write_bytes(raw)
    assert script(tmp_path / "pack.zip", *keys(*TRUSTED))["logs"][0]["closed"] == count
    asked = page.ask("verify", file=raw, keys=[key.vkey for key in TRUSTED], older=[])
    assert asked["logs"][0]["closed"] == count
    assert verify_zip(zipped(FILES), TRUSTED).logs[0].closed == 0
    assert f"{count} of them show no field" in pack_words.in_words(verify_zip(raw, TRUSTED))
    assert ("gap", START + 1) in judged(told([*mixed[:1], *mixed[2:]]))


def test_records_that_are_none(judged: Callable[[bytes], Findings]) -> None:
    rows = lines()
    assert judged(told([*rows[:2], b"garbage\n", *rows[3:]])) == [("malformed", 3)]
    assert judged(told([*rows[:-1], rows[-1].rstrip()])) == [("malformed", END - START)]
    broken = [edited(row, 0, lambda members: members.update(withheld=9)) for row in rows]
    found = judged(told(broken * 20))
    assert found[:18] == [("withheld count mismatch", n) for n in range(START, END)]
    assert len(found) <= FINDINGS_MAX


def test_the_policy(judged: Callable[[bytes], Findings]) -> None:
    of_impostor = f"log {IMPOSTOR.key.vkey}\nlog {TENANT.key.vkey}\n".encode()
    found = judged(zipped(resealed(with_file(POLICY, of_impostor))))
    assert found == [("unknown key", None)]
    for text in (
        b"group g all x\n",
        b"quorum g\n",
        b"log\n",
        b"quorum none\nquorum none\n",
        b"nonsense\n",
        b"\xff",
    ):
        found = judged(zipped(resealed(with_file(POLICY, text))))
        assert found[0] == ("malformed", None)
    other = f"log {BANK.key.name}+".encode() + BANK.key.vkey.encode().split(b"+", 1)[1]
    assert judged(zipped(resealed(with_file(POLICY, FILES[POLICY] + other + b"\n")))) == []


def test_a_key_of_the_same_name_that_nobody_gave(judged: Callable[[bytes], Findings]) -> None:
    other = ed25519_signer(BANK.key.name, ed25519_key("other"))
    policy = f"log {other.key.vkey}\nlog {TENANT.key.vkey}\n".encode()
    found = judged(zipped(resealed(with_file(POLICY, policy))))
    assert found == [("signature invalid", None)]
