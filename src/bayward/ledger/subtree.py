"""Cosigned subtrees (c2sp.org/tlog-witness, `sign-subtree`): a part of what was cosigned before.

    subtree 8 13                        the range, which must be a subtree
    mbsQCg+dEIMGlpqeGgk94JutQwKKS2Lo…   its root
    CD82D2LDm0phY0+xKbHyZfq3Hw21lVku…   proof that it is part of
                                        (an empty line)
    example.com/behind-the-sofa         this checkpoint, cosigned by us
    …

Whoever proves entries of a short range needs fewer hashes with it. Nothing is remembered and
nothing is promised anew: our own signature under the checkpoint says that we have seen it, the
proof says that the subtree is in it, and the answer carries no time. Only ML-DSA-44 can say
that; the checkpoint must bear the line of the very key that signs the subtree.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from bayward.ledger.checkpoint import Checkpoint, parse_text
from bayward.ledger.errors import LedgerError, Malformed, OutOfRange, Unverified
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.merkle import HASH_BYTES, check_subtree, verify_subtree_consistency
from bayward.ledger.note import Signature, decode, open_note, parse_signature, split_note
from bayward.ledger.strict import base64_bytes, base64_text, decimal
from bayward.ledger.witness import PROOF_LINES_MAX, REQUEST_BYTES_MAX, Answer, Logs

_HEAD_LINES = 2
_RANGE_WORDS = 3


@dataclass(frozen=True, slots=True)
class Request:
    """A `sign-subtree`, taken apart and not yet believed."""

    start: int
    end: int
    root: bytes
    proof: tuple[bytes, ...]
    note: str

    @property
    def body(self) -> bytes:
        """As it is sent."""
        hashes = (base64_text(one) for one in (self.root, *self.proof))
        return "\n".join([f"subtree {self.start} {self.end}", *hashes, "", self.note]).encode()


def parse_request(body: bytes) -> Request:
    """Read a request; raises `Malformed`, or `OutOfRange` for a range that is no subtree."""
    if len(body) > REQUEST_BYTES_MAX:
        raise Malformed("subtree.length", f"{len(body)} bytes")
    raw_head, found, raw_note = body.partition(b"\n\n")
    head = decode(raw_head).split("\n")
    words = head[0].split(" ")
    is_formed = len(words) == _RANGE_WORDS and words[0] == "subtree"
    if not found or not is_formed or not _HEAD_LINES <= len(head) <= _HEAD_LINES + PROOF_LINES_MAX:
        raise Malformed("subtree.form", "not `subtree <start> <end>`, root, proof, an empty line")
    start, end = (decimal(word, "subtree.range") for word in words[1:])
    check_subtree(start, end)
    hashes = tuple(base64_bytes(line, "subtree.hash") for line in head[1:])
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Malformed("subtree.hash", f"a hash that is not {HASH_BYTES} bytes")
    return Request(start, end, hashes[0], hashes[1:], decode(raw_note))


def sign_subtree(body: bytes, logs: Logs, signers: Sequence[Signer]) -> Answer:
    """The whole of `POST sign-subtree`; whatever is wrong is an answer."""
    try:
        request = parse_request(body)
        origin = split_note(request.note)[0].partition("\n")[0]
        if origin not in logs:
            return _refused(HTTPStatus.NOT_FOUND, "this log is not known here")
        able = [one for one in signers if one.sign_subtree is not None]
        if not able:
            return _refused(HTTPStatus.NOT_FOUND, "this witness signs no subtrees")
        opened = open_note(request.note, [one.key for one in able])
        tree = parse_text(opened.text)
        _check(request, tree)
    except Unverified as error:
        status = HTTPStatus.FORBIDDEN
        if error.code.startswith("proof."):
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _refused(status, str(error))
    except LedgerError as error:
        return _refused(HTTPStatus.BAD_REQUEST, str(error))
    lines = [
        Signature(one.key.name, one.key.id, _signed(one, request, tree)).line
        for one in able
        if opened.signed_by(one.key) is not None
    ]
    return Answer(HTTPStatus.OK, "".join(lines).encode())


def verify_line(
    line: str, keys: Collection[VerifierKey], origin: str, start: int, end: int, *, root: bytes
) -> VerifierKey:
    """The witness that has signed this subtree; raises `Malformed` or `Unverified`."""
    signature = parse_signature(line)
    for key in keys:
        if (key.name, key.id) == (signature.name, signature.key_id):
            key.verify_subtree(signature.blob, origin, start, end, root=root)
            return key
    raise Unverified("subtree.unsigned", f"{signature.name} is not a known witness")


def _check(request: Request, tree: Checkpoint) -> None:
    if request.end > tree.size:
        raise OutOfRange("subtree.range", f"it ends behind {tree.size}")
    verify_subtree_consistency(
        request.start,
        request.end,
        tree.size,
        proof=request.proof,
        subtree_root=request.root,
        root=tree.root,
    )


def _signed(signer: Signer, request: Request, tree: Checkpoint) -> bytes:
    assert signer.sign_subtree is not None, "chosen for it"
    return signer.sign_subtree(tree.origin, request.start, request.end, request.root)


def _refused(status: HTTPStatus, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode())
