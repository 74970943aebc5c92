"""Our bags, judged by the library of the format's own authors."""

from __future__ import annotations

import logging
from pathlib import Path

import bagit
import pytest

from bayward.ledger.pack.bag import bag_findings, make_bag
from bayward.ledger.verdict import Fault

FILES = {"data/one.txt": b"1\n", "data/sub/two.bin": bytes(300), "README.txt": b"hello\n"}
INFO = [("Source-Organization", "Northgate\nHouse"), ("External-Identifier", "evidence-1")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, body in make_bag(FILES, INFO).items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    return tmp_path


def test_the_reference_implementation_finds_it_valid(folder: Path) -> None:
    found = bagit.Bag(str(folder))
    found.validate()
    assert found.version_info == (1, 0)
    assert found.info["Source-Organization"] == "Northgate House"
    assert found.info["Payload-Oxum"] == "302.2"
    assert bag_findings(make_bag(FILES, INFO)) == []


def test_and_both_see_the_same_defects(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    made = make_bag(FILES, INFO)
    for path, body, fault in (
        ("data/one.txt", b"2\n", Fault.FILE_ALTERED),
        ("data/more.txt", b"", Fault.FILE_UNLISTED),
        ("README.txt", b"hellO\n", Fault.FILE_ALTERED),
    ):
        before = (folder / path).read_bytes() if (folder / path).exists() else None
        (folder / path).write_bytes(body)
        with pytest.raises(bagit.BagValidationError):
            bagit.Bag(str(folder)).validate()
        assert [one.fault for one in bag_findings({**made, path: body})] == [fault]
        (folder / path).unlink() if before is None else (folder / path).write_bytes(before)
    bagit.Bag(str(folder)).validate()


def test_the_same_files_are_the_same_bag() -> None:
    assert make_bag(dict(reversed(FILES.items())), INFO) == make_bag(FILES, INFO)
