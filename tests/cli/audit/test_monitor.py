"""`bayward audit monitor` follows a log over real HTTP, and stops at the first thing wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit_state import Audit
from bayward.cli.audit.monitor import Seen, read_state, write_state
from bayward.cli.audit.told import Unusable
from bayward.ledger.checkpoint import sign_checkpoint
from bayward.ledger.dense import Frontier
from bayward.ledger.keys import ed25519_signer
from bayward.ledger.witness import parse_kept
from ledger_bench import IMPOSTOR, LOG, ORIGIN, ed25519_key, witness
from log_server import Keeper, serving
from mirror_bench import Source

LEAF = b'{"_sd":[],"v":1}'


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with serving(Keeper(Source(1500, LEAF), 300)) as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


Look = Callable[..., tuple[int, str]]


@pytest.fixture
def look(audit: Audit, keeper: Keeper, state: Path) -> Look:
    def run(*more: object) -> tuple[int, str]:
        key = () if "--policy" in more else ("--key", LOG.key.vkey)
        return audit("monitor", keeper.url, "--state", state, "--once", *key, *more)

    return run


def test_it_reads_each_entry_once(keeper: Keeper, look: Look, state: Path) -> None:
    assert look() == (0, f"{ORIGIN}: 0 → 300\n")
    assert look() == (0, "")
    keeper.size = 1500
    keeper.asked.clear()
    assert look() == (0, f"{ORIGIN}: 300 → 1500\n")
    assert "tile/entries/000" not in keeper.asked
    assert sum(path.startswith("tile/entries/") for path in keeper.asked) == 5
    seen = read_state(state)
    assert seen is not None
    assert (seen.frontier.size, seen.origin) == (1500, ORIGIN)


@pytest.mark.parametrize(
    ("name", "index", "finding"),
    [
        ("tile/entries/001", 300, "body/leaf mismatch at 400"),
        ("tile/entries/001", 0, "leaf malformed at 400"),
    ],
)
def test_audit_01_a_changed_entry_is_named(
    keeper: Keeper, look: Look, name: str, index: int, finding: str
) -> None:
    look()
    keeper.size = 600
    served = keeper.get(name)
    assert served is not None
    size = len(LEAF) + 2
    at = (400 - 256) * size + 2
    other = b'{"_sd":[],"v":1]' if index == 0 else None
    if other is None:
        keeper.source.entries[400] = (
            b'{"_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"v":1}'
        )
    else:
        keeper.bent[name] = served.body[:at] + other + served.body[at + len(LEAF) :]
    code, said = look()
    assert code == 1
    assert finding in said


def test_audit_05_another_tree_for_this_auditor_is_a_fork_with_evidence(
    keeper: Keeper, look: Look, state: Path
) -> None:
    look()
    true, before = keeper.source, state.read_text()
    keeper.source = Source(1500, b'{"_sd":[],"v":2}')
    keeper.source.entries[300:] = true.entries[300:]
    keeper.size = 600
    code, said = look("--foreign")
    assert code == 1
    assert "fork at 300" in said
    kept = [Path(f"{state}.evidence-{number}").read_text() for number in (1, 2)]
    sizes = [parse_kept(note).size for note in kept]
    assert sizes == [300, 600]
    assert state.read_text() == before, "what was seen stays what was seen"


def test_audit_05_equal_size_and_another_root(keeper: Keeper, look: Look) -> None:
    look()
    keeper.source = Source(1500, b'{"_sd":[],"v":2}')
    code, said = look()
    assert code == 1
    assert "fork at 300" in said


def test_audit_03_a_rollback_is_named(keeper: Keeper, look: Look) -> None:
    look()
    keeper.size = 256
    code, said = look()
    assert code == 1
    assert "rollback at 300: it had 300 entries and shows 256" in said


def test_tiles_that_are_no_tree(keeper: Keeper, look: Look) -> None:
    look()
    keeper.size = 600
    served = keeper.get("tile/entries/001")
    assert served is not None
    keeper.source.entries[400] = b'{"_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"v":1}'
    keeper.bent["tile/1/000.p/2"] = bytes(64)
    code, said = look()
    assert code == 1
    assert "root mismatch at 600" in said


def test_a_policy_asks_for_its_witnesses(keeper: Keeper, look: Look, tmp_path: Path) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {LOG.key.vkey}\nwitness w {witness().key.vkey}\nquorum w\n")
    code, said = look("--policy", policy)
    assert code == 1
    assert "not witnessed: policy.quorum" in said
    text = keeper.source.note(300).partition("\n\n")[0]
    tree = parse_kept(keeper.source.note(300))
    assert text
    keeper.note = sign_checkpoint(tree, [LOG, witness()])
    assert look("--policy", policy)[0] == 0
    keeper.note = sign_checkpoint(tree, [IMPOSTOR])
    code, said = look("--policy", policy)
    assert code == 1
    assert "signature invalid" in said


def test_keys_given_besides_do_not_lift_the_quorum(
    keeper: Keeper, look: Look, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {LOG.key.vkey}\nwitness w {witness().key.vkey}\nquorum w\n")
    code, said = look("--policy", policy, "--key", LOG.key.vkey)
    assert (code, "not witnessed" in said) == (1, True)


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/000"])
def test_what_is_served_must_be_a_log(keeper: Keeper, look: Look, path: str) -> None:
    keeper.bent[path] = b"<html>sorry</html>\n"
    code, said = look()
    assert (code, "malformed" in said) == (1, True)


def test_another_log_at_the_same_address(keeper: Keeper, look: Look, state: Path) -> None:
    other = ed25519_signer("example.com/another", ed25519_key("another"))
    write_state(state, Seen(Source(0, signer=other).note(0), Frontier()))
    code, said = look()
    assert code == 1
    assert "wrong origin" in said


def test_what_cannot_be_reached_is_no_finding(keeper: Keeper, look: Look, state: Path) -> None:
    keeper.statuses["checkpoint"] = 503
    assert look()[0] == 2
    keeper.statuses.clear()
    for text in ("", "{}", json.dumps({"v": 1, "origin": "", "note": "", "size": 3, "peaks": []})):
        state.write_text(text)
        code, said = look()
        assert code == 2
        assert str(state) in said


def test_it_goes_on_until_something_is_wrong_and_tells_somebody(
    audit: Audit, keeper: Keeper, state: Path, tmp_path: Path
) -> None:
    """The loop itself: silence is told once, growth is followed, the fork ends it."""
    program, told = tmp_path / "tell", tmp_path / "told.txt"
    program.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    program.chmod(0o700)
    looks = 0

    def on_look(path: str) -> None:
        nonlocal looks
        looks += path == "checkpoint"
        if looks == 12:
            keeper.size = 600
        elif looks == 16:
            keeper.size = 500

    keeper.on_get = on_look
    words = ("--interval", "0.01", "--silent-after", "0.05", "--on-alert", program)
    code, said = audit("monitor", keeper.url, "--state", state, "--key", LOG.key.vkey, *words)
    assert code == 1
    assert f"{ORIGIN}: 300 → 600" in said
    lines = told.read_text().splitlines()
    assert "nothing new for 0.05 s" in lines[0]
    assert "rollback at 600" in lines[-1]


def test_a_state_is_replaced_whole(state: Path) -> None:
    frontier, _ = Frontier().extend([bytes(32)] * 5)
    seen = Seen(Source(5).note(5), frontier)
    write_state(state, seen)
    assert read_state(state) == seen
    assert [path.name for path in state.parent.iterdir()] == [state.name]
    state.write_text(state.read_text().replace('"size": 5', '"size": 7'))
    with pytest.raises(Unusable):
        read_state(state)
