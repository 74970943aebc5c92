from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from random import Random

import argon2.low_level
import pytest

from bayward.core import throttle
from bayward.core.clock import Instant
from bayward.core.codes import keyed_tag
from bayward.core.errors import Invalid, Misconfigured, Unavailable
from bayward.edge.codes import (
    EPOCHS_MAX,
    Argon2id,
    CodeBook,
    Epoch,
    Pbkdf2,
    Stretch,
    epoch_from_dict,
    parse_stretch,
)

KEY = hashlib.sha256(b"bank A").digest()
OTHER_KEY = hashlib.sha256(b"bank B").digest()
QUICK = Pbkdf2(1)
"""The construction is the same with any stretch; its cost is tested on its own."""
SALT = bytes(range(16))


def book(
    key: bytes = KEY, *, stretch: Stretch = QUICK, salt: bytes = SALT, length: int = 8
) -> CodeBook:
    return CodeBook(key, [Epoch(1, salt, stretch)], length=length, randbelow=Random(1).randrange)


def test_the_default_stretch_is_argon2id_as_recorded() -> None:
    expected = argon2.low_level.hash_secret_raw(
        b"12345678",
        SALT,
        time_cost=2,
        memory_cost=19 * 1024,
        parallelism=1,
        hash_len=32,
        type=argon2.low_level.Type.ID,
    )
    assert Argon2id().label == "argon2id,m=19456,t=2,p=1"
    assert book(stretch=Argon2id()).tag("12345678") == keyed_tag(KEY, expected)


def test_the_fips_stretch_is_pbkdf2_as_recorded() -> None:
    expected = hashlib.pbkdf2_hmac("sha256", b"12345678", SALT, 100_000, 32)
    assert Pbkdf2().label == "pbkdf2-sha256,i=100000"
    assert book(stretch=Pbkdf2()).tag("12345678") == keyed_tag(KEY, expected)


def test_the_fips_stretch_does_not_load_argon2() -> None:
    program = (
        "import sys; from bayward.edge.codes import *;"
        "CodeBook(bytes(32), [Epoch(1, bytes(16), Pbkdf2(1))], length=8, randbelow=int).tag('1'*8);"
        "sys.exit(any(name.startswith(('argon2', '_argon2')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("stretch", [Argon2id(), Argon2id(8, 1, 1), Pbkdf2(), Pbkdf2(7)])
def test_an_epoch_survives_as_json(stretch: Stretch) -> None:
    epoch = Epoch(3, SALT, stretch)
    assert epoch_from_dict(json.loads(json.dumps(epoch.to_dict()))) == epoch


@pytest.mark.parametrize(
    "label", ["", "argon2id", "argon2d,m=1,t=1,p=1", "argon2id,m=1,t=1", "pbkdf2-sha256,i=x",
              "argon2id,m=1,t=1,p=1,x=1", "pbkdf2-sha256,i=01", "bcrypt,i=1"]
)  # fmt: skip
def test_an_unknown_stretch_is_refused(label: str) -> None:
    with pytest.raises(Invalid, match=r"code\.stretch"):
        parse_stretch(label)


@pytest.mark.parametrize(
    "wrong", [{"number": "1"}, {"salt": "zz"}, {"salt": "00"}, {"salt": None}, {"stretch": 1}]
)
def test_a_damaged_epoch_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=r"code\.epoch"):
        epoch_from_dict({**Epoch(1, SALT, QUICK).to_dict(), **wrong})


@pytest.mark.parametrize("count", [0, EPOCHS_MAX + 1])
def test_a_book_has_one_to_four_epochs(count: int) -> None:
    with pytest.raises(Misconfigured, match=r"code\.epochs"):
        CodeBook(KEY, [Epoch(1, SALT, QUICK)] * count, length=8, randbelow=int)


def test_a_key_of_another_length_does_not_start() -> None:
    with pytest.raises(Misconfigured, match=r"key\.length"):
        book(b"short")


def test_a_drawn_code_is_recognised() -> None:
    ours = book()
    code, tag = ours.draw(lambda _: False)
    assert len(code) == 8
    assert ours.tag(code) == tag
    assert ours.tags(code) == (tag,)


def test_identity_05_a_code_of_bank_a_means_nothing_at_bank_b() -> None:
    ours, theirs = book(), book(OTHER_KEY)
    code, tag = ours.draw(lambda _: False)
    assert theirs.tag(code) not in {tag, None}
    assert book(salt=SALT[::-1]).tag(code) != tag


def test_identity_06_live_and_buried_tags_of_every_kind_are_avoided() -> None:
    """Pickup and courier share one space, so one set answers for both."""
    ours = book(length=6)
    taken: set[str] = set()
    for _ in range(3_000):
        _, tag = ours.draw(taken.__contains__)
        assert tag not in taken
        taken.add(tag)
    first = book(length=6).draw(lambda _: False)[1]
    assert book(length=6).draw({first}.__contains__)[1] != first


def test_identity_06_a_code_buried_in_an_older_epoch_is_avoided() -> None:
    old, new = Epoch(1, SALT, QUICK), Epoch(2, SALT[::-1], QUICK)
    before = CodeBook(KEY, [old], length=8, randbelow=lambda _: 42)
    _, buried = before.draw(lambda _: False)
    numbers = iter([42, 43])
    after = CodeBook(KEY, [new, old], length=8, randbelow=lambda _: next(numbers))
    assert after.draw({buried}.__contains__)[0] == "00000043"
    assert buried in after.tags("00000042")
    assert after.tag("00000042") == after.tags("00000042")[0] != buried


def test_a_full_space_is_an_error() -> None:
    with pytest.raises(Unavailable, match=r"code\.space_full"):
        book().draw(lambda _: True)


def test_identity_14_tags_without_the_bank_key_give_no_code_away() -> None:
    """The thief has tags, salt and parameters, and tries every code there is.

    The control: with the key the same search finds every code, so the search is a real one.
    """
    space = 30_000
    random = Random(14)
    epoch = Epoch(1, SALT, QUICK)
    ours = CodeBook(KEY, [epoch], length=6, randbelow=lambda _: random.randrange(space))
    issued = [ours.draw(lambda _: False) for _ in range(5)]
    tags = {tag for _, tag in issued}
    stretched = {code: QUICK.stretch(code, SALT) for code in (f"{n:06d}" for n in range(space))}
    found_without = sum(
        raw.hex() in tags
        or hashlib.sha256(raw).hexdigest() in tags
        or hashlib.sha256(b"code/v1" + raw).hexdigest() in tags
        for raw in stretched.values()
    )
    assert found_without == 0
    assert not any(keyed_tag(OTHER_KEY, raw) in tags for raw in stretched.values())
    found_with = {code for code, raw in stretched.items() if keyed_tag(KEY, raw) in tags}
    assert found_with == {code for code, _ in issued}


@pytest.mark.parametrize(
    "text", ["", "1234 5678", "٠١٢٣٤٥٦٧", "1" * 10_240, "1234567\x00", "1Z5R89390357567127"]
)
def test_identity_18_no_code_is_refused_throttled_and_as_slow_as_a_code(text: str) -> None:
    calls: list[str] = []

    class Counted(Pbkdf2):
        def stretch(self, code: str, salt: bytes) -> bytes:
            calls.append(code)
            return b"\x01" * 32

    ours = book(stretch=Counted(1))
    assert ours.tag(text) is None
    assert ours.tags(text) == ()
    assert calls == ["00000000"] * 2
    keypad = throttle.failed(throttle.fresh(Instant(0)), Instant(0))
    assert keypad.spent_ms > 0


def test_the_default_stretch_costs_something() -> None:
    """19 MiB filled twice: at least a millisecond on anything, a quarter second on a Pi."""
    started = time.thread_time()
    book(stretch=Argon2id()).tag("12345678")
    assert time.thread_time() - started > 0.001
