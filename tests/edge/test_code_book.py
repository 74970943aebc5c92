from __future__ import annotations

import random
from pathlib import Path

import pytest

from bayward.core.errors import Misconfigured
from bayward.edge.code_book import open_code_book
from bayward.edge.codes import Argon2id, CodeBook, Pbkdf2
from bayward.edge.settings_file import CodesTable
from bayward.edge.state_dir import StateDir

KEY = bytes(range(60, 92))
QUICK = Argon2id(memory_kib=8, passes=1)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state")


def opened(state: StateDir, stretch: Argon2id | Pbkdf2 = QUICK, length: int = 8) -> CodeBook:
    rng = random.Random(1)
    return open_code_book(
        state,
        KEY,
        CodesTable(length=length),
        random_bytes=rng.randbytes,
        randbelow=rng.randrange,
        stretch=stretch,
    )


def test_a_code_is_recognised_after_a_restart(state: StateDir) -> None:
    code, tag = opened(state).draw(lambda _: False)
    assert opened(state).tag(code) == tag
    assert code not in (state.path / "codes.json").read_text()


def test_another_stretch_begins_an_epoch_and_old_codes_are_still_known(state: StateDir) -> None:
    code, tag = opened(state).draw(lambda _: False)
    later = opened(state, Pbkdf2(iterations=10))
    assert later.tag(code) != tag
    assert tag in later.tags(code)
    assert [epoch.number for epoch in later._epochs] == [1, 0]
    assert opened(state, Pbkdf2(iterations=10)).tags(code) == later.tags(code)


def test_settings_decide_length_and_stretch(state: StateDir) -> None:
    code, _ = opened(state, length=10).draw(lambda _: False)
    assert len(code) == 10
    book = open_code_book(
        StateDir(state.path / "fips"),
        KEY,
        CodesTable(stretch="pbkdf2"),
        random_bytes=random.Random(1).randbytes,
        randbelow=random.Random(1).randrange,
    )
    assert book._epochs[0].stretch == Pbkdf2()


def test_bent_epochs_are_refused(state: StateDir) -> None:
    state.write("codes.json", b'{"epochs": 1}')
    with pytest.raises(Misconfigured, match=r"state\.malformed"):
        opened(state)
