"""A list of revoked certificates among the files of a pack: there, missing, of somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayward.ledger.pack import bag
from bayward.ledger.pack.stamped import ISSUER
from pack_bench import resealed
from page_bench import Page
from revocation_bench import INVALID, OPEN, Judge, issued, judge_by, listed, own, pack
from stamp_bench import Token, ec_key


@pytest.fixture
def judged(page: Page, tmp_path: Path) -> Judge:
    return judge_by(page, tmp_path)


def test_audit_17_without_a_list_or_its_issuer(judged: Judge) -> None:
    assert judged(pack(None)) == OPEN
    assert judged(pack(None, own())) == OPEN
    files = pack(listed())
    del files[ISSUER]
    stamp = Token(certificates=(issued(),))
    files = resealed(files)
    files[bag.STAMP] = stamp.over(files[bag.TAG_MANIFEST])
    assert judged(files) == (["file missing"], True)
    for wrong in (b"nonsense", own(issuer="Toor"), own(ec_key(384)), listed()):
        assert judged(pack(listed(), wrong)) == INVALID
