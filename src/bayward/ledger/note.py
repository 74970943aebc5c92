"""Signed notes (c2sp.org/signed-note): a text, an empty line, and one line per signature.

    example.com/log
    …
                                                 the last empty line ends the text
    — example.com/log Az3grlgtzPICa5OS8npVmf1My…  name, base64(key id ‖ signature)

The text of a note must not be used before a known key has signed it, so `open_note` is the
only way to it. Lines of unknown keys are kept and ignored; a known key whose signature does
not hold spoils the whole note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.keys import KEY_ID_BYTES, Signer, VerifierKey, check_name
from bayward.ledger.strict import base64_bytes, base64_text

NOTE_BYTES_MAX = 128 * 1024
"""Sixteen post-quantum signatures of 5 kB, and room for the text."""
SIGNATURES_MAX = 16
"""What every verifier has to accept (c2sp.org/signed-note); more only costs the reader time."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; `time` is set on a verified cosignature (POSIX seconds)."""

    name: str
    key_id: bytes
    blob: bytes
    time: int | None = None

    @property
    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that at least one known key has signed."""

    text: str
    verified: tuple[Signature, ...]
    unverified: tuple[Signature, ...]

    def signed_by(self, key: VerifierKey) -> Signature | None:
        """The verified signature of this key, if there is one."""
        wanted = (key.name, key.id)
        return next((one for one in self.verified if (one.name, one.key_id) == wanted), None)


def decode(raw: bytes) -> str:
    """Bytes from a file or the wire as note text; raises `Malformed` unless valid UTF-8."""
    if len(raw) > NOTE_BYTES_MAX:
        raise Malformed("note.length", f"{len(raw)} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed("note.utf8", "not UTF-8") from None


def sign(text: str, signers: Iterable[Signer]) -> str:
    """Make a note of a text (which ends in a newline), with one line per signer."""
    body = _check_text(text)
    made = [Signature(one.key.name, one.key.id, one.sign_text(body)) for one in signers]
    if not 0 < len(made) <= SIGNATURES_MAX:
        raise Malformed("note.signatures", f"{len(made)} signers")
    return text + "\n" + "".join(one.line for one in made)


def add_signatures(note: str, lines: Iterable[str]) -> str:
    """Put further signature lines (a witness's answer) under a note, dropping repeated ones."""
    text, present = split_note(note)
    new = [parse_signature(line) for line in lines]
    every = list(dict.fromkeys([*present, *new]))
    if len(every) > SIGNATURES_MAX:
        raise Malformed("note.signatures", f"{len(every)} signatures")
    return text + "\n" + "".join(one.line for one in every)


def open_note(note: str, keys: Sequence[VerifierKey]) -> Note:
    """Verify a note against the keys the caller trusts.

    Raises `Malformed` on any other form, `Unverified("note.signature")` when a known key's
    signature does not hold, `Unverified("note.unsigned")` when no known key has signed.
    """
    text, signatures = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    if len(known) != len(set(keys)):
        raise Malformed("key.ambiguous", "two keys share name and id")
    body = text.encode()
    verified: dict[tuple[str, bytes], Signature] = {}
    unverified: list[Signature] = []
    for one in signatures:
        key = known.get((one.name, one.key_id))
        if key is None:
            unverified.append(one)
            continue
        try:
            time = key.verify(body, one.blob)
        except Unverified as error:
            raise Unverified("note.signature", f"that of {one.name} does not hold") from error
        verified.setdefault((one.name, one.key_id), Signature(one.name, one.key_id, one.blob, time))
    if not verified:
        raise Unverified("note.unsigned", "no signature of a known key")
    return Note(text, tuple(verified.values()), tuple(unverified))


def split_note(note: str) -> tuple[str, tuple[Signature, ...]]:
    """Take a note apart *without verifying it*: text and signature lines.

    For a mirror that files notes, or a tool that shows them; decide nothing by its result.
    """
    text, found, tail = note.rpartition("\n\n")
    if not found or not tail.endswith("\n"):
        raise Malformed("note.form", "no empty line, or no newline at the end")
    text += "\n"
    _check_text(text)
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise Malformed("note.signatures", f"{len(lines)} signatures")
    return text, tuple(parse_signature(line + "\n") for line in lines)


def parse_signature(line: str) -> Signature:
    """Read one signature line, its newline included."""
    if not line.startswith(_DASH) or not line.endswith("\n"):
        raise Malformed("note.line", "not a signature line")
    name, _, data = line[len(_DASH) : -1].partition(" ")
    check_name(name)
    raw = base64_bytes(data, "note.base64")
    if len(raw) <= KEY_ID_BYTES:
        raise Malformed("note.line", "no signature behind the key id")
    return Signature(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def _check_text(text: str) -> bytes:
    try:
        body = text.encode()
    except UnicodeEncodeError:
        raise Malformed("note.utf8", "a lone surrogate") from None
    if len(body) > NOTE_BYTES_MAX:
        raise Malformed("note.length", f"{len(body)} bytes")
    if not text.endswith("\n"):
        raise Malformed("note.form", "the text does not end in a newline")
    if _CONTROL.search(text):
        raise Malformed("note.control", "a control character")
    return body
