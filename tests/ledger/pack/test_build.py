"""The layout of a pack: what is where, and the same bytes every time."""

from __future__ import annotations

from pack_bench import FOLDER, PackBench


def test_the_layout() -> None:
    files = PackBench().files()
    assert sorted(files) == sorted([
        "README.txt", "bag-info.txt", "bagit.txt", "data/chain.txt", "data/custody.csv",
        f"data/{FOLDER}/checkpoint", f"data/{FOLDER}/range.json",
        f"data/{FOLDER}/records.ndjson", "data/policy.txt", "manifest-sha256.txt",
        "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.note",
    ])  # fmt: skip
    assert PackBench().files() == files
    stamped = PackBench().files(stamped=True)
    assert sorted(stamped.keys() - files.keys()) == [
        "data/anchor.txt", "data/anchor.txt.tsr", "tagmanifest-sha256.txt.tsr",
    ]  # fmt: skip
    assert PackBench().files(stamped=True) == stamped
    assert "data/chain.txt" not in PackBench().files(chain=False)
