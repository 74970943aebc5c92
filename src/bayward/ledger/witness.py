"""A witness (c2sp.org/tlog-witness): it remembers each log, and signs only what continues it.

    old 20852014                        the size the log believes we have seen
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9te…   proof that what we have seen is the beginning of
                                        (an empty line)
    example.com/behind-the-sofa         this checkpoint, signed by the log
    …

Whoever holds a checkpoint with a witness's line under it knows that everybody else who asks
for that line sees the same log. All a witness needs is a memory that is never set back: the
check and the keeping of the new checkpoint are one step (`Store.step`), and the answer is
given only when it is durable. What is kept is the log's text with the log's own lines, which
we have verified, and ours; whatever else stood under the note is dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from bayward.ledger.checkpoint import Checkpoint, parse_text
from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.merkle import HASH_BYTES, verify_consistency
from bayward.ledger.note import NOTE_BYTES_MAX, Note, decode, open_note, sign, split_note
from bayward.ledger.strict import base64_bytes, base64_text, decimal

PROOF_LINES_MAX = 63
REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 64 * (PROOF_LINES_MAX + 1)
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"

Logs = Mapping[str, Sequence[VerifierKey]]
"""The keys a witness trusts, by origin."""
Step = Callable[[str | None], str]
"""From the note that is kept (None: none yet) to the one to keep; raises to keep nothing."""


class Store(Protocol):
    """What a database must provide: one memory per origin, changed in one step."""

    def step(self, origin: str, step: Step) -> str:
        """Call `step` with the kept note, keep what it gives, durably, and give it back.

        Nobody else may change this origin between the two, and nothing is kept when it raises.
        """
        ...  # pragma: no cover - a protocol has no body


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of HTTP; an error's body is one line for whoever debugs the client."""

    status: int
    body: bytes
    content_type: str = TEXT


class Refused(Exception):
    """Raised with the answer to give instead of a cosignature.

    `contradiction` is origin and note, when the log has signed the note and it does not
    continue what is kept.
    """

    def __init__(self, answer: Answer, contradiction: tuple[str, str] | None = None) -> None:
        super().__init__(answer)
        self.answer = answer
        self.contradiction = contradiction


@dataclass(frozen=True, slots=True)
class Request:
    """An `add-checkpoint`, taken apart and not yet believed."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def body(self) -> bytes:
        """As it is sent."""
        lines = [f"old {self.old_size}", *(base64_text(one) for one in self.proof)]
        return ("\n".join(lines) + "\n\n" + self.note).encode()


def parse_request(body: bytes) -> Request:
    """Read a request; raises `Malformed`."""
    if len(body) > REQUEST_BYTES_MAX:
        raise Malformed("witness.length", f"{len(body)} bytes")
    raw_head, found, raw_note = body.partition(b"\n\n")
    head = decode(raw_head).split("\n")
    if not found or not head[0].startswith("old ") or len(head) > PROOF_LINES_MAX + 1:
        raise Malformed("witness.form", "not `old <size>`, at most 63 hashes, and an empty line")
    proof = tuple(base64_bytes(line, "witness.proof") for line in head[1:])
    if any(len(one) != HASH_BYTES for one in proof):
        raise Malformed("witness.proof", f"a hash that is not {HASH_BYTES} bytes")
    return Request(decimal(head[0].removeprefix("old "), "witness.old"), proof, decode(raw_note))


def add_checkpoint(
    body: bytes,
    logs: Logs,
    cosigners: Callable[[], Sequence[Signer]],
    store: Store,
    suspect: Callable[[str, str], None] = lambda _origin, _note: None,
) -> Answer:
    """Check, keep and cosign: the whole of `POST add-checkpoint`.

    `cosigners` are asked once, for our signatures of this moment. `suspect` is told of every
    note (origin, note) that its log has signed and that does not continue what is kept: it may
    be evidence. Raises nothing itself; what the store raises goes through.
    """
    try:
        request = parse_request(body)
        note, offered = open_signed(request.note, logs)
        if request.old_size > offered.size:
            raise _refuse(HTTPStatus.BAD_REQUEST, "the old size is above the new one")
        signers = cosigners()
        kept = store.step(offered.origin, lambda now: advance(now, request, note, signers))
    except Refused as refused:
        if refused.contradiction is not None:
            suspect(*refused.contradiction)
        return refused.answer
    except LedgerError as error:
        return _refuse(HTTPStatus.BAD_REQUEST, str(error)).answer
    return Answer(HTTPStatus.OK, cosignature_lines(kept, signers).encode())


def open_signed(note: str, logs: Logs) -> tuple[Note, Checkpoint]:
    """A checkpoint that one of its log's trusted keys has signed; raises `Refused`."""
    try:
        text, _ = split_note(note)
    except LedgerError as error:
        raise _refuse(HTTPStatus.BAD_REQUEST, str(error)) from error
    origin = text.partition("\n")[0]
    keys = [key for key in logs.get(origin, ()) if key.name == origin and not key.is_cosigner]
    if not keys:
        raise _refuse(HTTPStatus.NOT_FOUND, "this log is not known here")
    try:
        opened = open_note(note, keys)
    except Unverified as error:
        raise _refuse(HTTPStatus.FORBIDDEN, str(error)) from error
    try:
        return opened, parse_text(opened.text)
    except Malformed as error:
        is_empty = error.code == "checkpoint.root_of_none"
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_empty else HTTPStatus.BAD_REQUEST
        raise _refuse(status, str(error)) from error


def advance(kept: str | None, request: Request, note: Note, signers: Sequence[Signer]) -> str:
    """The step of the memory: from the kept note to the new one, cosigned; raises `Refused`."""
    offered = parse_text(note.text)
    known = Checkpoint(offered.origin, 0, b"") if kept is None else parse_kept(kept)
    if request.old_size != known.size:
        raise Refused(Answer(HTTPStatus.CONFLICT, b"%d\n" % known.size, SIZE))
    try:
        _check_growth(known, offered, request.proof)
    except LedgerError as error:
        answer = _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)).answer
        raise Refused(answer, (offered.origin, request.note)) from error
    return note_of(note, signers)


def note_of(note: Note, signers: Sequence[Signer]) -> str:
    """The log's text, the log's verified lines, and ours; nothing that nobody has verified."""
    theirs = "".join(one.line for one in note.verified)
    ours = sign(note.text, signers).removeprefix(note.text + "\n")
    return f"{note.text}\n{theirs}{ours}"


def parse_kept(note: str) -> Checkpoint:
    """Size and root of a note that this witness has verified before it kept it."""
    return parse_text(split_note(note)[0])


def cosignature_lines(note: str, signers: Sequence[Signer]) -> str:
    """Our lines of a kept note, as `add-checkpoint` answers them."""
    ours = {(one.key.name, one.key.id) for one in signers}
    lines = [one.line for one in split_note(note)[1] if (one.name, one.key_id) in ours]
    return "".join(lines)


def origin_hash(origin: str) -> str:
    """The name of a log below the monitoring prefix: SHA-256 of its origin in hex."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _check_growth(known: Checkpoint, offered: Checkpoint, proof: Sequence[bytes]) -> None:
    if known.size:
        verify_consistency(known.size, offered.size, known.root, offered.root, proof)
    elif proof:
        raise Unverified("witness.proof", "everything begins with the empty tree")


def _refuse(status: HTTPStatus, why: str) -> Refused:
    return Refused(Answer(status, f"{why}\n".encode()))
