from __future__ import annotations

import hashlib
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import VerifierKey, ed25519_signer, parse_vkey
from bayward.ledger.note import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    Signature,
    add_signatures,
    decode,
    open_note,
    parse_signature,
    sign,
    split_note,
)
from bayward.ledger.strict import base64_bytes
from ledger_bench import IMPOSTOR, LOG, ORIGIN, TPM_LOG, attempt, refused, witness

TEXT = "a text\n"

# Facts published in c2sp.org/signed-note and golang.org/x/mod/sumdb/note (BSD).
EXAMPLE_KEY = parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""  # noqa: E501 - a signature line is one line
PETER_KEY = parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETER_SEED = base64_bytes("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "x")[1:]
PETER_TEXT = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.
"""
PETER_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501 - likewise
ENOCH_KEY = parse_vkey("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
ENOCH_LINE = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"  # noqa: E501 - likewise


def test_the_example_of_the_specification() -> None:
    note = open_note(EXAMPLE, [EXAMPLE_KEY])
    assert note.text == "This is an example message.\n"
    assert [one.name for one in note.verified] == ["example.com/foo"]
    assert note.signed_by(EXAMPLE_KEY) == note.verified[0]
    assert note.signed_by(PETER_KEY) is None


def test_the_examples_of_go() -> None:
    both = PETER_TEXT + "\n" + PETER_LINE + ENOCH_LINE
    note = open_note(both, [PETER_KEY])
    assert note.text == PETER_TEXT
    assert [one.line for one in note.verified] == [PETER_LINE]
    assert [one.line for one in note.unverified] == [ENOCH_LINE]
    assert len(open_note(both, [PETER_KEY, ENOCH_KEY]).verified) == 2
    with refused(Unverified, "note.unsigned"):
        open_note(both, [])
    repeated = PETER_TEXT + "\n" + PETER_LINE + PETER_LINE
    assert len(open_note(repeated, [PETER_KEY]).verified) == 1


def test_signing_gives_the_bytes_that_go_gives() -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(PETER_SEED)
    signer = ed25519_signer("PeterNeumann", private)
    assert signer.key == PETER_KEY
    assert sign(PETER_TEXT, [signer]) == PETER_TEXT + "\n" + PETER_LINE


@pytest.mark.parametrize("signer", [LOG, TPM_LOG, witness(77)])
def test_there_and_back(signer: object) -> None:
    assert isinstance(signer, type(LOG))
    note = open_note(sign(TEXT, [signer]), [signer.key])
    assert note.text == TEXT
    found = note.signed_by(signer.key)
    assert found is not None
    assert found.time == (77 if signer.key.kind == 4 else None)


def test_signature_lines_can_be_added() -> None:
    note = sign(TEXT, [LOG])
    line = sign(TEXT, [witness(5)]).rpartition("\n\n")[2]
    both = add_signatures(note, [line, line])
    assert both == note + line
    assert open_note(both, [LOG.key, witness().key]).verified[1].time == 5
    many = [Signature(f"w{n}", b"abcd", b"x").line for n in range(SIGNATURES_MAX)]
    with refused(Malformed, "note.signatures"):
        add_signatures(note, many)


def test_empty_lines_belong_to_the_text() -> None:
    for text in ("a\n\nb\n", "\n", "a\n\n", "\n\n\n", "a\n\n— b\n"):
        note = sign(text, [LOG])
        assert open_note(note, [LOG.key]).text == text


def test_audit_06_a_known_key_that_fails_spoils_the_note() -> None:
    good, other = sign(TEXT, [LOG, witness()]), sign("another\n", [witness()])
    forged = TEXT + "\n" + good.split("\n\n")[1].split("\n")[0] + "\n" + other.split("\n\n")[1]
    assert open_note(forged, [LOG.key]).text == TEXT
    with refused(Unverified, "note.signature"):
        open_note(forged, [LOG.key, witness().key])


def test_audit_06_wrong_key_with_the_same_name() -> None:
    note = sign(TEXT, [IMPOSTOR])
    assert IMPOSTOR.key.name == LOG.key.name
    with refused(Unverified, "note.unsigned"):
        open_note(note, [LOG.key])
    under_its_id = Signature(ORIGIN, LOG.key.id, IMPOSTOR.sign_text(TEXT.encode())).line
    with refused(Unverified, "note.signature"):
        open_note(TEXT + "\n" + under_its_id, [LOG.key])


def test_audit_06_two_keys_under_one_id() -> None:
    class Collided(VerifierKey):
        @property
        def id(self) -> bytes:
            return LOG.key.id

    other = Collided(ORIGIN, 1, IMPOSTOR.key.public)
    with refused(Malformed, "key.ambiguous"):
        open_note(sign(TEXT, [LOG]), [LOG.key, other])
    assert open_note(sign(TEXT, [LOG]), [LOG.key, LOG.key]).text == TEXT


NOTE = sign(TEXT, [LOG])
LINE = NOTE.rpartition("\n\n")[2]
MALFORMED = {
    "nothing": "",
    "only a newline": "\n",
    "only a text": TEXT,
    "no signature": TEXT + "\n",
    "no empty line": TEXT + LINE,
    "no newline at the end": NOTE[:-1],
    "CRLF": NOTE.replace("\n", "\r\n"),
    "CR in the text": "a\rtext\n\n" + LINE,
    "an extra empty line behind": NOTE + "\n",
    "an extra empty line between signatures": TEXT + "\n" + LINE + "\n" + LINE[:-1],
    "a line that is no signature": NOTE + "Unexpected line.\n",
    "a dash of another kind": NOTE.replace("\u2014", "\u2013"),
    "a hyphen": NOTE.replace("\u2014", "--"),
    "no space behind the dash": NOTE.replace("\u2014 ", "\u2014"),
    "two spaces behind the dash": NOTE.replace("\u2014 ", "\u2014  "),
    "two spaces before the signature": NOTE.replace(ORIGIN + " ", ORIGIN + "  "),
    "a space behind the signature": NOTE[:-1] + " \n",
    "a tab": "a\ttext\n\n" + LINE,
    "a null byte": "a\0text\n\n" + LINE,
    "a form feed": NOTE.replace(ORIGIN, ORIGIN + "\f"),
    "a name with a plus": NOTE.replace(ORIGIN, "a+b"),
    "no name": NOTE.replace(ORIGIN, ""),
    "a name with a Unicode space": NOTE.replace(ORIGIN, "a\u00a0b"),
    "only a key id": TEXT + "\n\u2014 x " + "AAAAAA==" + "\n",
    "less than a key id": TEXT + "\n\u2014 x AAAA\n",
    "no base64": TEXT + "\n\u2014 x\n",
    "base64 without padding": NOTE.replace("=\n", "\n"),
    "base64 with surplus bits": TEXT + "\n\u2014 x AAAAAAB=\n",
    "base64 of the other alphabet": TEXT + "\n\u2014 x AAAA__8A\n",
    "17 signatures": NOTE + LINE * 16,
    "a lone surrogate": "\ud800\n\n" + LINE,
    "a lone surrogate in a name": NOTE.replace(ORIGIN, "\ud800"),
    "too long": "x" * NOTE_BYTES_MAX + "\n\n" + LINE,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_audit_06_malformed_notes(what: str) -> None:
    with pytest.raises(Malformed):
        open_note(MALFORMED[what], [LOG.key])


def test_sixteen_signatures_are_read() -> None:
    assert open_note(NOTE + LINE * 15, [LOG.key]).text == TEXT


def test_audit_06_a_signature_line_ends_in_a_newline() -> None:
    assert parse_signature(LINE).line == LINE
    for bad in (LINE[:-1], "x" + LINE, LINE + LINE):
        with refused(Malformed, "note."):
            parse_signature(bad)


def test_unknown_signature_lines_are_ignored() -> None:
    strangers = "".join(
        f"\u2014 {name} {data}\n" for name, data in (("x", "AAAAAAA="), (ORIGIN, "AAAAAAAA"))
    )
    note = open_note(NOTE + strangers, [LOG.key])
    assert [one.name for one in note.unverified] == ["x", ORIGIN]


def test_what_cannot_be_signed() -> None:
    for text in (
        "",
        "no newline",
        "a\ttab\n",
        "\x7f\x00\n",
        "\udfff\n",
        "x" * NOTE_BYTES_MAX + "\n",
    ):
        with refused(Malformed, "note"):
            sign(text, [LOG])
    for signers in ([], [LOG] * 17):
        with refused(Malformed, "note.signatures"):
            sign(TEXT, signers)


def test_bytes_become_text_only_as_utf8() -> None:
    assert decode(NOTE.encode()) == NOTE
    for bad in (b"\xff" + NOTE.encode(), b"\xed\xa0\x80", b"\xc0\xaf", b"x" * (NOTE_BYTES_MAX + 1)):
        with refused(Malformed, "note"):
            decode(bad)


@given(st.text())
def test_any_text_is_a_note_or_refused(text: str) -> None:
    for note in (text, text + "\n\n" + LINE, TEXT + "\n" + text, TEXT + "\n\u2014 " + text + "\n"):
        try:
            open_note(note, [LOG.key])
        except LedgerError:
            continue
        assert note == text + "\n\n" + LINE or note == NOTE


@given(st.binary())
def test_any_bytes_are_text_or_refused(raw: bytes) -> None:
    text = attempt(partial(decode, raw), "note.")
    if text is not None:
        attempt(partial(split_note, text), "note.", "key.")
        attempt(partial(parse_signature, text), "note.", "key.")


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_audit_01_no_byte_of_a_signed_note_can_change(at: int, change: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[at] ^= change
    with pytest.raises(LedgerError):
        open_note(decode(bytes(raw)), [LOG.key])


def test_names_are_hashed_into_the_id() -> None:
    other = ed25519_signer("other", ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert other.key.id == hashlib.sha256(b"other\n\x01" + other.key.public).digest()[:4]
