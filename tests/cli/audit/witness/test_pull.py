"""`bayward audit witness pull` against a real server that grows, goes back, forks and breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bayward.cli import main
from bayward.cloud.cosigning import CosigningKeys
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from bayward.ledger.witness import parse_kept
from ledger_bench import IMPOSTOR, LOG, ORIGIN
from log_server import Keeper, serving
from mirror_bench import Source

NAME = "example.com/me"
Pull = Callable[..., tuple[int, str]]


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with serving(Keeper(Source(1200), 300)) as running:
        yield running


@pytest.fixture
def pull(keeper: Keeper, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Pull:
    def run(*more: str, url: str = "", also: str = "") -> tuple[int, str]:
        urls = [url or keeper.url, *([also] if also else [])]
        state = ["--name", NAME, "--state", str(tmp_path / "state"), "--key", LOG.key.vkey]
        code = main(["audit", "witness", "pull", *urls, *state, *more])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_it_follows_a_log_and_writes_what_it_cosigned(
    keeper: Keeper, pull: Pull, tmp_path: Path
) -> None:
    code, said = pull("--out", str(tmp_path / "out"))
    assert (code, said) == (0, f"{ORIGIN}: 0 → 300 entries, cosigned\n")
    keeper.size = 1200
    assert pull("--out", str(tmp_path / "out")) == (
        0,
        f"{ORIGIN}: 300 → 1200 entries, cosigned\n",
    )
    assert pull()[0] == 0, "the same again is a fresh cosignature"
    (file,) = (tmp_path / "out").iterdir()
    key = CosigningKeys.open(tmp_path / "state", NAME, "witness").signers(1)[0].key
    signed = open_checkpoint(file.read_text(), LOG.key, [key])
    assert (signed.checkpoint.size, list(signed.cosignatures)) == (1200, [NAME])


def test_audit_03_a_log_that_went_back_is_named(keeper: Keeper, pull: Pull) -> None:
    pull()
    keeper.size = 200
    code, said = pull()
    assert code == 1
    assert "rollback: it had 300 entries and shows 200" in said


def test_audit_04_a_log_that_goes_on_from_a_restored_backup_is_a_fork(
    keeper: Keeper, pull: Pull, tmp_path: Path
) -> None:
    pull()
    old = keeper.source
    other = Source(1200, b"other %d")
    other.entries[:200] = old.entries[:200]
    keeper.source = other
    for size in (300, 700):
        keeper.size = size
        code, said = pull()
        assert code == 1
        assert "fork: what it was at 300 entries is not in it any more" in said
    keeper.source, keeper.size = old, 700
    assert pull()[0] == 0, "the true log goes on"
    found = [one.read_text() for one in sorted((tmp_path / "state").glob("*.evidence"))]
    trees = {(one.size, one.root) for one in map(parse_kept, found)}
    assert len(found) == len(trees) == 3, "what was known, and the two that contradict it"
    assert all(open_checkpoint(one, LOG.key) for one in found)


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (
            lambda _: sign_checkpoint(Checkpoint(ORIGIN, 9, bytes(32)), [IMPOSTOR]),
            "signature invalid: note.unsigned",
        ),
        (
            lambda s: s.note(300).replace("\n300\n", "\n301\n"),
            "signature invalid: note.signature",
        ),
        (lambda s: s.note(300).replace("\n", "\r\n"), "malformed: note.form"),
        (lambda s: s.note(300).replace(ORIGIN, "example.com/other"), "unknown key: this log"),
    ],
)
def test_audit_06_a_checkpoint_nobody_we_know_has_signed(
    keeper: Keeper, pull: Pull, note: Callable[[Source], str], fault: str
) -> None:
    keeper.note = note(keeper.source)
    code, said = pull()
    assert code == 1
    assert fault in said


def test_tiles_that_do_not_lead_to_the_root_are_a_finding(keeper: Keeper, pull: Pull) -> None:
    pull()
    keeper.size = 700
    keeper.bent["tile/0/002.p/188"] = bytes(188 * 32)
    code, said = pull()
    assert code == 1
    assert "root mismatch" in said


def test_what_cannot_be_fetched_is_no_finding(keeper: Keeper, pull: Pull, tmp_path: Path) -> None:
    pull()
    keeper.size = 700
    keeper.statuses["tile/0/001"] = 500
    assert pull()[0] == 2
    keeper.statuses["checkpoint"] = 404
    assert pull()[0] == 2
    assert pull(url="http://127.0.0.1:9/log")[0] == 2
    assert pull(url=str(tmp_path / "nowhere"))[0] == 2
    keeper.statuses.clear()
    keeper.bent["checkpoint"] = b"x" * 200_000
    assert pull()[0] == 2


def test_one_bad_log_does_not_stop_the_others(keeper: Keeper, pull: Pull, tmp_path: Path) -> None:
    code, said = pull(url=str(tmp_path / "nowhere"), also=keeper.url)
    assert code == 2
    assert "0 → 300 entries" in said
