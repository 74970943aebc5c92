"""Passwords, for administrators who have no passkey.

Fifteen characters at least and no rules of composition (NIST SP 800-63B-4): what is refused is
what would be guessed soon, judged with the 30,000 common passwords, names and keyboard walks of
zxcvbn and with words of the deployment. Kept as Argon2id (RFC 9106), or as PBKDF2-HMAC-SHA-256
in the fips profile; the string says how, so that stronger parameters reach everybody at the next
login.

One hash fills 64 MiB for 100 ms on purpose. So at most two are computed at once and a short queue
waits; whoever comes then is told to come back, or a login form would be a way to fill memory. An
unknown person costs exactly the same as a wrong password.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from zxcvbn import zxcvbn

from bayward.core.errors import Invalid, LimitExceeded

LENGTH_MIN = 15  # SP 800-63B-4 section 3.1.1.2, for a password used alone
LENGTH_MAX = 128  # beyond any manager's default; bounds the work
GUESSES_MIN = 10**8  # zxcvbn's "safely unguessable"; the throttle at the login does the rest
JUDGED_CHARS = 32  # zxcvbn's worst case grows with the square: 0.4 s for 32, 2 s for 72
AT_ONCE = 2  # 128 MiB
WAITING_MAX = 16  # under two seconds of queue
SALT_BYTES = 16
_JUDGE = threading.Lock()  # zxcvbn keeps the context words of a call in a global
_WORD = re.compile(r"\w{4,}")  # shorter context words occur in anything


class Scheme(Protocol):
    """One way to keep passwords."""

    @property
    def prefix(self) -> str:
        """How its strings begin."""
        ...

    def encode(self, password: bytes, salt: bytes) -> str:
        """The self-describing string to keep."""
        ...

    def matches(self, stored: str, password: bytes) -> bool:
        """Is this the password? The parameters are those in `stored`."""
        ...

    def is_current(self, stored: str) -> bool:
        """Was it made with this scheme's parameters?"""
        ...


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2-HMAC-SHA-256 (SP 800-132): `$pbkdf2-sha256$<iterations>$<salt>$<hash>`, base64."""

    iterations: int = 600_000
    prefix: str = "$pbkdf2-sha256$"

    def encode(self, password: bytes, salt: bytes) -> str:
        """The self-describing string to keep."""
        raw = hashlib.pbkdf2_hmac("sha256", password, salt, self.iterations)
        parts = (base64.b64encode(part).decode() for part in (salt, raw))
        return f"{self.prefix}{self.iterations}$" + "$".join(parts)

    def matches(self, stored: str, password: bytes) -> bool:
        """Is this the password? The parameters are those in `stored`."""
        try:
            iterations, salt, expected = stored.removeprefix(self.prefix).split("$")
            raw = hashlib.pbkdf2_hmac(
                "sha256", password, base64.b64decode(salt, validate=True), int(iterations)
            )
            return hmac.compare_digest(raw, base64.b64decode(expected, validate=True))
        except (ValueError, binascii.Error):
            return False

    def is_current(self, stored: str) -> bool:
        """Was it made with this scheme's parameters?"""
        return stored.startswith(f"{self.prefix}{self.iterations}$")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`replacement`: keep this string instead of the one that was checked, when not None."""

    is_right: bool
    replacement: str | None = None


def check_new(password: str, context: Collection[str]) -> None:
    """Raise `Invalid` unless this may become somebody's password.

    `context`: names of the product, tenant, sites and of the person, e-mail address included;
    what is left without their words must still be hard to guess. Takes up to a second of CPU.
    Codes: `password.short`, `password.long`, `password.malformed`, `password.guessable`.
    """
    plain = normalised(password)
    if len(plain) < LENGTH_MIN:
        raise Invalid("password.short", limit=LENGTH_MIN)
    words = {word for text in context for word in _WORD.findall(_folded(text))}
    folded = _folded(plain)
    rest = folded
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    if any(_guesses(text, words) < GUESSES_MIN for text in {folded, rest}):
        raise Invalid("password.guessable")


def normalised(password: str) -> str:
    """The password in NFC (SP 800-63B-4), never cut; raises `Invalid` as `check_new` does."""
    if len(password) > LENGTH_MAX:
        raise Invalid("password.long", limit=LENGTH_MAX)
    plain = unicodedata.normalize("NFC", password)
    try:
        plain.encode()
    except UnicodeEncodeError:
        raise Invalid("password.malformed") from None
    return plain


def _folded(text: str) -> str:
    """As somebody would guess it: full-width letters and capitals make nothing safer."""
    return unicodedata.normalize("NFKC", text).casefold()


def _guesses(text: str, words: Collection[str]) -> float:
    """About how many guesses it takes; the harder of both ends, to bound the time."""
    if not text:  # zxcvbn cannot
        return 1
    ends = {text[:JUDGED_CHARS], text[-JUDGED_CHARS:]}
    with _JUDGE:
        return float(max(zxcvbn(end, user_inputs=sorted(words))["guesses"] for end in ends))


class Passwords:
    """Hashes and checks passwords, a few at a time; safe to call from several threads.

    `schemes`: the current one first, then those still found in the store.
    """

    def __init__(self, schemes: Sequence[Scheme], random_bytes: Callable[[int], bytes]) -> None:
        self._schemes = tuple(schemes)
        self._random_bytes = random_bytes
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._places = threading.BoundedSemaphore(AT_ONCE + WAITING_MAX)
        self._nobody = self._encode(random_bytes(SALT_BYTES))

    def hash(self, password: str) -> str:
        """The string to keep. Raises `Invalid`, or `LimitExceeded("login.busy")`."""
        plain = normalised(password).encode()
        with self._turn():
            return self._encode(plain)

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Check a login; `stored` is None for a person who does not exist or has no password.

        What can be no password is a wrong one. Raises `LimitExceeded("login.busy")` when too
        many are waiting: answer "try again", and count no failure.
        """
        try:
            plain, can_be_right = normalised(password).encode(), True
        except Invalid:
            plain, can_be_right = b"", False
        scheme = self._scheme_of(stored)
        with self._turn():
            if stored is None or scheme is None:
                self._schemes[0].matches(self._nobody, plain)
                return Verdict(is_right=False)
            if not scheme.matches(stored, plain) or not can_be_right:
                return Verdict(is_right=False)
            is_current = scheme is self._schemes[0] and scheme.is_current(stored)
            return Verdict(is_right=True, replacement=None if is_current else self._encode(plain))

    def _scheme_of(self, stored: str | None) -> Scheme | None:
        if stored is None:
            return None
        return next((one for one in self._schemes if stored.startswith(one.prefix)), None)

    def _encode(self, plain: bytes) -> str:
        return self._schemes[0].encode(plain, self._random_bytes(SALT_BYTES))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise LimitExceeded("login.busy")
        try:
            with self._slots:
                yield
        finally:
            self._places.release()
