"""A mirror (c2sp.org/tlog-mirror): it keeps a log's entries, and says so only when it has them.

A witness of the same log says how far the log is (`add-checkpoint`, see `witness`); that is
the *pending* checkpoint. `add-entries` brings the entries, package by package, each proven to
be part of the tree of that checkpoint. The *next entry* is the first one that is missing:
uploads begin there or before, never behind, so a mirror has no gaps. When every entry up to a
pending checkpoint is kept, it is published with the mirror's cosignature under it.

An upload can be cut off anywhere and go on later, and pending checkpoints may move on in the
meantime: the *ticket* in an answer brings back the one the client made its proofs for.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from bayward.ledger.dense import Frontier, HashReader, stored_hash_index, tree_hash
from bayward.ledger.errors import LedgerError, Malformed, Unverified
from bayward.ledger.keys import Signer
from bayward.ledger.log import Append, plan_append
from bayward.ledger.merkle import leaf_hash, verify_subtree_consistency
from bayward.ledger.note import Note, decode, open_note
from bayward.ledger.strict import base64_text
from bayward.ledger.tiles import TILE_WIDTH
from bayward.ledger.upload import Header, Package, parse_header, parse_packages
from bayward.ledger.witness import Answer, Logs, Refused, Step, cosignature_lines, note_of
from bayward.ledger.witness import parse_kept as checkpoint_of

INFO = "text/x.tlog.mirror-info"
EXCESS_MAX = 8 * TILE_WIDTH
"""Entries we have already that an upload may bring again; more would only cost us time."""
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What is kept of one log.

    `pending` is the newest checkpoint its witness has accepted and `published` the newest we
    have cosigned as a mirror (empty: none yet); `frontier` ends at the next entry.
    """

    pending: str
    published: str
    frontier: Frontier


class Store(HashReader, Protocol):
    """What a database must provide to mirror one log, whose origin it knows."""

    def read(self) -> Mirrored:
        """What is kept now."""
        ...  # pragma: no cover - a protocol has no body

    def add(self, append: Append) -> Frontier:
        """Keep entries and stored hashes, durably; gives the edge as it is afterwards.

        When the log does not end at `append.first` any more, somebody else has brought the
        same entries: nothing is kept then.
        """
        ...  # pragma: no cover - a protocol has no body

    def publish(self, step: Step) -> str:
        """The step of `witness.Store`, for the published checkpoint."""
        ...  # pragma: no cover - a protocol has no body


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A mirror of some logs; `secret` (32 random bytes) authenticates its tickets.

    `cosigners` sign as the mirror and must not be the witness's: the statements differ.
    """

    logs: Logs
    open_store: Callable[[str], Store]
    cosigners: Callable[[], Sequence[Signer]]
    secret: bytes

    def add_entries(self, body: bytes) -> Answer:
        """The whole of `POST add-entries`; raises only what a store raises."""
        try:
            header, at = parse_header(body)
            if header.origin not in self.logs:
                raise _refused(HTTPStatus.NOT_FOUND, "this log is not known here")
            store = self.open_store(header.origin)
            upload = _Upload(self, store, header)
            return upload.take(body, at)
        except Refused as refused:
            return refused.answer
        except Malformed as error:
            return _refused(HTTPStatus.BAD_REQUEST, str(error)).answer

    def ticket(self, note: str) -> bytes:
        """What brings a pending checkpoint back: the note, and proof that we wrote it."""
        raw = note.encode()
        return hmac.digest(self.secret, raw, hashlib.sha256) + raw

    def read_ticket(self, ticket: bytes) -> str | None:
        """The note of a ticket of ours; None for any other."""
        mac, raw = ticket[:_MAC_BYTES], ticket[_MAC_BYTES:]
        if not hmac.compare_digest(mac, hmac.digest(self.secret, raw, hashlib.sha256)):
            return None
        return decode(raw)


class _Overtaken(Exception):
    """Another request has published a larger tree meanwhile; a mirror never goes back."""


class _Upload:
    """One request, once its header is read."""

    def __init__(self, mirror: Mirror, store: Store, header: Header) -> None:
        self._mirror = mirror
        self._store = store
        self._header = header
        kept = store.read()
        if not kept.pending:
            raise _refused(HTTPStatus.UNPROCESSABLE_ENTITY, "no checkpoint of this log yet")
        self._frontier = kept.frontier
        self._note = self._resolve(kept)
        self._tree = checkpoint_of(self._note)

    def take(self, body: bytes, at: int) -> Answer:
        """Keep what holds; publish when nothing is missing."""
        taken, announced = 0, sum(1 for _ in self._header.places())
        for package in parse_packages(body, at, self._header):
            self._keep(package)
            taken += 1
        if taken == announced:
            return self._publish()
        if not taken:
            raise _refused(HTTPStatus.BAD_REQUEST, "no complete package")
        return self._info(HTTPStatus.ACCEPTED, self._store.read()).answer

    def _resolve(self, kept: Mirrored) -> str:
        """The checkpoint whose size is the upload's end; raises the 409 with where to go on."""
        header, following = self._header, kept.frontier.size
        published = checkpoint_of(kept.published).size if kept.published else 0
        found = None
        if header.end >= published:
            named = (kept.pending, kept.published, self._ticketed())
            found = next((one for one in named if one and _is_of(one, header)), None)
        if found is None:
            raise self._conflict(kept.pending, following)
        excess = min(header.end, following) - header.start
        if header.start > following or excess > EXCESS_MAX:
            raise self._conflict(found if following <= header.end else kept.pending, following)
        return found

    def _ticketed(self) -> str | None:
        return self._mirror.read_ticket(self._header.ticket)

    def _keep(self, package: Package) -> None:
        place = package.place
        before = [stored_hash_index(0, at) for at in range(place.block, place.first)]
        block = list(self._store.read_hashes(before)) if before else []
        block += [leaf_hash(entry) for entry in package.entries]
        tree = self._tree
        try:
            verify_subtree_consistency(
                place.block,
                place.end,
                tree.size,
                proof=package.proof,
                subtree_root=Frontier().grow(block).root,
                root=tree.root,
            )
        except LedgerError as error:
            raise _refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        while place.first <= self._frontier.size < place.end:
            new = package.entries[self._frontier.size - place.first :]
            self._frontier = self._store.add(plan_append(self._frontier, new))

    def _publish(self) -> Answer:
        tree = self._tree
        if tree_hash(tree.size, self._store) != tree.root:
            raise Unverified("mirror.root", f"what is kept misses the root at {tree.size}")
        opened = self._opened()
        signers = self._mirror.cosigners()

        def step(published: str | None) -> str:
            if published is not None and checkpoint_of(published).size > tree.size:
                raise _Overtaken
            return note_of(opened, signers)

        try:
            kept = self._store.publish(step)
        except _Overtaken:
            raise self._info(HTTPStatus.CONFLICT, self._store.read()) from None
        return Answer(HTTPStatus.OK, cosignature_lines(kept, signers).encode())

    def _opened(self) -> Note:
        """The checkpoint with the log's own lines only; they were verified when it came."""
        keys = self._mirror.logs[self._header.origin]
        return open_note(self._note, [key for key in keys if key.name == self._header.origin])

    def _info(self, status: HTTPStatus, kept: Mirrored) -> Refused:
        """Where to go on: with the same checkpoint, unless all of its entries are there."""
        following = kept.frontier.size
        note = self._note if following <= self._header.end else kept.pending
        return Refused(self._answer(status, note, following))

    def _conflict(self, note: str, following: int) -> Refused:
        return Refused(self._answer(HTTPStatus.CONFLICT, note, following))

    def _answer(self, status: HTTPStatus, note: str, following: int) -> Answer:
        size, ticket = checkpoint_of(note).size, base64_text(self._mirror.ticket(note))
        return Answer(status, f"{size}\n{following}\n{ticket}\n".encode(), INFO)


def _is_of(note: str, header: Header) -> bool:
    tree = checkpoint_of(note)
    return (tree.origin, tree.size) == (header.origin, header.end)


def _refused(status: HTTPStatus, why: str) -> Refused:
    return Refused(Answer(status, f"{why}\n".encode()))
