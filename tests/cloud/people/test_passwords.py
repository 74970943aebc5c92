from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from bayward.cloud.people.argon2id import Argon2id
from bayward.cloud.people.passwords import (
    AT_ONCE,
    LENGTH_MAX,
    LENGTH_MIN,
    WAITING_MAX,
    Passwords,
    Pbkdf2,
    Scheme,
    check_new,
)
from bayward.core.errors import Invalid, LimitExceeded

GOOD = "mississippi mud pie"
CONTEXT = ["Bayward", "Riverside Towers", "ann.miller@riverside.example"]
COMMON: list[str] = FREQUENCY_LISTS["passwords"]
QUICK = Argon2id(memory_kib=8, passes=1, lanes=1)
SCHEMES: list[Scheme] = [QUICK, Pbkdf2(1)]


def passwords(*schemes: Scheme) -> Passwords:
    return Passwords(schemes or [QUICK], Random(1).randbytes)


def test_a_good_password_is_taken() -> None:
    check_new(GOOD, CONTEXT)
    check_new("Tq7-wolf-crane-22-lamp", CONTEXT)


@pytest.mark.parametrize(
    "script",
    [
        "Falsches Üben von Xylophonmusik quält jeden größeren Zwerg heute",
        "Съешь же ещё этих мягких французских булок, да выпей чаю сейчас!",
        "いろはにほへとちりぬるをわかよたれそつねならむうゐのおくやまけふこえてあさきゆめみしゑひもせす天地玄黄宇宙洪荒日月盈昃辰宿列張",
        "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر ومغلف بجلد أز",
        "🐎🔋🧷🥨🎻🪁🧭🛶🎲🧩🦔🌵🍄🪐🧊🥁🐎🔋🧷🥨🎻🪁🧭🛶🎲🧩🦔🌵🍄🪐🧊🥁🦉🐙🧶🪄🎈🛸🗿🧿🦚🪴🍁🎏🧱🪓🥝🫖🐊🦩🪗🧬🛰🎐🪃🦷🧀🪵🫐🎳",
    ],
)
def test_identity_53_sixty_four_characters_of_any_script_are_taken(script: str) -> None:
    text = script[:64].strip().ljust(64, "~")
    assert len(text) == 64
    check_new(text, CONTEXT)
    ours = passwords()
    assert ours.verify(ours.hash(text), text).is_right


def test_identity_53_the_3000_most_common_are_refused() -> None:
    assert len(COMMON) >= 3_000
    for password in COMMON[:3_000]:
        with pytest.raises(Invalid, match=r"password\."):
            check_new(password, [])


def test_identity_53_common_ones_made_long_are_refused() -> None:
    for password in COMMON[:3_000:60]:
        long = (password * LENGTH_MIN)[: max(LENGTH_MIN, 2 * len(password))]
        with pytest.raises(Invalid, match=r"password\.guessable"):
            check_new(long, [])


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password12345678",
        "P@ssw0rdP@ssw0rd",
        "qwertyuiopasdfgh",
        "123456789012345678",
        "aaaaaaaaaaaaaaaaaaaa",
        "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",  # noqa: RUF001 - full-width letters are the point
        "RiversideRiverside",
        "Riverside-Towers-2026",
        "riverside.towers!!",
        "Bayward Riverside 1",
        "ann.miller@riverside.example",
    ],
)
def test_identity_53_guessable_and_context_words_are_refused(password: str) -> None:
    with pytest.raises(Invalid, match=r"password\.guessable"):
        check_new(password, CONTEXT)


def test_identity_53_a_long_password_may_hold_a_context_word() -> None:
    check_new(f"riverside {GOOD}", CONTEXT)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password.short"),
        ("x7Qd92kfLm3zpp", "password.short"),
        ("e\u0301" * 7 + "x7Qd92k", "password.short"),  # 21 code points, 14 characters in NFC
        (GOOD + "x" * (LENGTH_MAX + 1 - len(GOOD)), "password.long"),
        ("x" * 1_000_000, "password.long"),
        (GOOD + "\ud800", "password.malformed"),
    ],
)
def test_identity_53_what_is_too_short_long_or_no_text_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_new(password, CONTEXT)
    assert refused.value.code == code


def test_identity_53_nothing_is_cut_off() -> None:
    """Twins that differ in the last of 128 characters, far behind bcrypt's 72 bytes."""
    twin = (GOOD * 10)[: LENGTH_MAX - 1]
    ours = passwords()
    stored = ours.hash(twin + "a")
    assert ours.verify(stored, twin + "a").is_right
    assert not ours.verify(stored, twin + "b").is_right
    assert not ours.verify(stored, twin).is_right


def test_two_spellings_of_one_character_are_one_password() -> None:
    ours = passwords()
    assert ours.verify(ours.hash("caf\u00e9 noisette sucre"), "cafe\u0301 noisette sucre").is_right


@pytest.mark.parametrize("scheme", [Argon2id(), Pbkdf2()])
def test_the_default_parameters_are_recorded_and_checked(scheme: Scheme) -> None:
    ours = passwords(scheme)
    stored = ours.hash(GOOD)
    assert stored.startswith(("$argon2id$v=19$m=65536,t=3,p=4$", "$pbkdf2-sha256$600000$"))
    verdict = ours.verify(stored, GOOD)
    assert verdict.is_right
    assert verdict.replacement is None


def test_pbkdf2_is_that_of_the_standard_library() -> None:
    stored = Pbkdf2(7).encode(b"secret", bytes(16))
    raw = hashlib.pbkdf2_hmac("sha256", b"secret", bytes(16), 7)
    assert stored.split("$")[-1] == base64.b64encode(raw).decode()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_wrong_password_is_wrong_and_salts_differ(scheme: Scheme) -> None:
    ours = passwords(scheme)
    assert ours.hash(GOOD) != ours.hash(GOOD)
    stored = ours.hash(GOOD)
    for wrong in ("", GOOD + " ", GOOD.upper(), "x" * 1_000, "\ud800", "\x00"):
        assert not ours.verify(stored, wrong).is_right


def test_a_login_renews_what_was_kept_with_older_parameters() -> None:
    stronger = Argon2id(memory_kib=16, passes=1, lanes=1)
    for old in (QUICK, Pbkdf2(1)):
        stored = passwords(old).hash(GOOD)
        ours = passwords(stronger, old) if isinstance(old, Pbkdf2) else passwords(stronger)
        verdict = ours.verify(stored, GOOD)
        assert verdict.is_right
        assert verdict.replacement is not None
        assert "m=16," in verdict.replacement
        assert ours.verify(verdict.replacement, GOOD).replacement is None
        assert ours.verify(stored, "wrong").replacement is None
    more = passwords(Pbkdf2(2))
    assert more.verify(passwords(Pbkdf2(1)).hash(GOOD), GOOD).replacement is not None


@pytest.mark.parametrize(
    "stored",
    ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$xx$", "$pbkdf2-sha256$1$$", "$2b$12$x",
     "$pbkdf2-sha256$0$AA==$AA==", "$pbkdf2-sha256$x$AA==$AA==", "$pbkdf2-sha256$1$ä$AA=="],
)  # fmt: skip
def test_a_damaged_string_lets_nobody_in(stored: str) -> None:
    assert not passwords(*SCHEMES).verify(stored, GOOD).is_right


class Counted:
    """A scheme that counts, and can be made to wait."""

    prefix = "$counted$"

    def __init__(self) -> None:
        self.matched: list[bytes] = []
        self.most_at_once = self.at_once = 0
        self.go = threading.Event()
        self._lock = threading.Lock()
        self.go.set()

    def encode(self, password: bytes, salt: bytes) -> str:
        return f"{self.prefix}{hashlib.sha256(password).hexdigest()}"

    def matches(self, stored: str, password: bytes) -> bool:
        with self._lock:
            self.matched.append(password)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.go.wait(10)
        with self._lock:
            self.at_once -= 1
        return stored == self.encode(password, b"")

    def is_current(self, stored: str) -> bool:
        return True


def test_identity_54_an_unknown_person_costs_one_hash_like_a_known_one() -> None:
    counted = Counted()
    ours = passwords(counted)
    stored = ours.hash(GOOD)
    for kept, typed in [
        (stored, GOOD),
        (stored, "wrong"),
        (None, GOOD),
        ("$unknown$x", GOOD),
        (stored, "x" * 1_000),
        (None, "\ud800"),
    ]:
        before = len(counted.matched)
        ours.verify(kept, typed)
        assert len(counted.matched) == before + 1
    assert not ours.verify(None, GOOD).is_right


def test_identity_54_an_unknown_person_takes_as_long_as_a_known_one() -> None:
    ours = passwords(Argon2id(memory_kib=4_096, passes=2, lanes=1))
    stored = ours.hash(GOOD)

    def fastest(kept: str | None) -> float:
        times = []
        for _ in range(15):
            started = time.perf_counter()
            ours.verify(kept, "wrong password here")
            times.append(time.perf_counter() - started)
        return min(times)

    assert 0.5 < fastest(None) / fastest(stored) < 2


def test_identity_55_two_hashes_at_once_a_short_queue_and_then_no() -> None:
    counted = Counted()
    ours = passwords(counted)
    stored = ours.hash(GOOD)
    counted.go.clear()
    room, crowd = AT_ONCE + WAITING_MAX, 30
    with ThreadPoolExecutor(room + crowd) as pool:
        logins = [pool.submit(ours.verify, stored, GOOD) for _ in range(room + crowd)]
        # While nobody may go on, only the refused can be done.
        for login in itertools.islice(as_completed(logins, timeout=10), crowd):
            with pytest.raises(LimitExceeded, match=r"login\.busy"):
                login.result()
        assert sum(login.done() for login in logins) == crowd
        counted.go.set()
    right = [login for login in logins if login.exception() is None]  # noqa: LOG004 - of a future
    assert len(right) == room
    assert all(login.result().is_right for login in right)
    assert counted.most_at_once == AT_ONCE
    assert ours.verify(stored, GOOD).is_right


def test_the_worst_password_is_judged_in_bounded_time() -> None:
    """Every l33t character there is, four times over: minutes for a naive call, here a second."""
    started = time.process_time()
    check_new("4@8({[<369&#!1/|0$5+7%2" * 5, CONTEXT)
    assert time.process_time() - started < 5


@settings(max_examples=60)
@given(
    st.text(min_size=LENGTH_MIN, max_size=40)
    | st.text("0123456789\u0660\u0661\u0967\u00b2\u00bdaA-/.", min_size=LENGTH_MIN, max_size=40),
    st.lists(st.text(max_size=12), max_size=3),
)
def test_no_text_raises_anything_else(password: str, context: list[str]) -> None:
    with contextlib.suppress(Invalid):
        check_new(password, context)


def test_context_words_of_one_call_do_not_reach_another() -> None:
    check_new("zebrafish zebrafish quilt", [])
    with ThreadPoolExecutor(4) as pool:
        other = [pool.submit(check_new, GOOD, ["zebrafish", "quilt", "mud"]) for _ in range(20)]
        ours = [pool.submit(check_new, "Zq zebrafish 7 quilt", ["x"]) for _ in range(20)]
        for judged in (*other, *ours):
            judged.result()


def test_the_fips_profile_does_not_load_argon2() -> None:
    program = (
        "import sys; from bayward.cloud.people.passwords import *;"
        "Passwords([Pbkdf2(1)], bytes).hash('secret');"
        "sys.exit(any(name.startswith(('argon2', '_argon2')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
