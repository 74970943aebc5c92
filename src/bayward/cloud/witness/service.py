"""A witness and a mirror behind a few addresses, whatever serves them.

    POST witness/add-checkpoint               cosign what continues a known log
    POST witness/sign-subtree                 cosign a part of what we have cosigned
    GET  witness/<hash>/checkpoint            what was cosigned last
    POST mirror/add-entries                   keep entries of a known log
    GET  mirror/<hash>/checkpoint|tile/…      the kept log, as static files

`<hash>` is the SHA-256 of the log's origin in hex. Who may ask is settled by the logs' own
signatures, so nothing here needs an account: a request nobody has signed changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bayward.cloud.witness.memory import WitnessFile
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import Signer
from bayward.ledger.mirror import Mirror
from bayward.ledger.serve import Served, serve_tile
from bayward.ledger.subtree import sign_subtree
from bayward.ledger.witness import Answer, Logs, add_checkpoint, parse_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Witness and mirror of some logs, with what signs as the one and as the other.

    `mirror_cosigners` None: it only witnesses. `secret` is for the mirror's tickets.
    """

    file: WitnessFile
    logs: Logs
    cosigners: Callable[[], Sequence[Signer]]
    mirror_cosigners: Callable[[], Sequence[Signer]] | None
    secret: bytes

    def add_checkpoint(self, body: bytes) -> Answer:
        """`POST witness/add-checkpoint`."""
        return add_checkpoint(body, self.logs, self.cosigners, self.file, self.file.suspect)

    def sign_subtree(self, body: bytes) -> Answer:
        """`POST witness/sign-subtree`; only with a key of ML-DSA-44."""
        return sign_subtree(body, self.logs, self.cosigners())

    def add_entries(self, body: bytes) -> Answer:
        """`POST mirror/add-entries`."""
        if self.mirror_cosigners is None:
            return Answer(403, b"this is a witness, not a mirror\n")
        mirror = Mirror(
            logs=self.logs,
            open_store=self.file.mirror_of,
            cosigners=self.mirror_cosigners,
            secret=self.secret,
        )
        return mirror.add_entries(body)

    def checkpoint(self, hashed: str, *, is_mirror: bool = False) -> Served | None:
        """`GET witness/<hash>/checkpoint`, or the mirror's; None when there is none."""
        found = self.file.newest_by_hash(hashed, is_mirror=is_mirror)
        return None if found is None else Served.checkpoint(found[1])

    def tile(self, hashed: str, path: str) -> Served | None:
        """`GET mirror/<hash>/tile/…`; None when the published tree does not have it."""
        found = self.file.newest_by_hash(hashed, is_mirror=True)
        if found is None:
            return None
        origin, note = found
        kept = self.file.mirror_of(origin)
        try:
            return serve_tile(path, parse_kept(note).size, kept, kept.read_bundle)
        except LedgerError:
            return None
