"""A log that is mirrored, and a mirror in memory; requests go in as bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.dense import Frontier, consistency_proof, tree_hash
from bayward.ledger.keys import Signer, cosigner
from bayward.ledger.log import Append, plan_append
from bayward.ledger.merkle import EMPTY_ROOT
from bayward.ledger.mirror import Mirror, Mirrored
from bayward.ledger.tiles import encode_bundle
from bayward.ledger.upload import Header, build
from bayward.ledger.witness import Answer, Request, Step, add_checkpoint
from ledger_bench import LOG, ORIGIN, ed25519_key, witness

MIRROR = "mirror.example.com/m1"


class Source:
    """The log that is mirrored: `entry n` at every n, or another text, with or without its n."""

    def __init__(self, size: int, text: bytes = b"entry %d", signer: Signer = LOG) -> None:
        self.signer = signer
        self.entries = [text.replace(b"%d", b"%d" % n) for n in range(size)]
        append = plan_append(Frontier(), self.entries)
        self.hashes = append.stored_hashes

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [self.hashes[index] for index in indexes]

    def bundle(self, first: int, end: int) -> bytes:
        return encode_bundle(self.entries[first:end])

    def note(self, size: int) -> str:
        root = tree_hash(size, self) if size else EMPTY_ROOT
        return sign_checkpoint(Checkpoint(self.signer.key.name, size, root), [self.signer])

    def request(self, old: int, new: int) -> bytes:
        proof = consistency_proof(old, new, self) if 0 < old <= new else []
        return Request(old, tuple(proof), self.note(new)).body

    def upload(self, start: int, end: int, ticket: bytes = b"", packages: int = 99) -> bytes:
        header = Header(self.signer.key.name, start, end, ticket)
        return build(header, lambda a, b: self.entries[a:b], self, packages)


@dataclass
class MemoryMirror:
    """One log's store; `before_add` and `before_publish` let a test overtake a request."""

    pending: str = ""
    published: str = ""
    entries: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    before_add: Callable[[], None] = lambda: None
    before_publish: Callable[[], None] = lambda: None

    def read(self) -> Mirrored:
        return Mirrored(self.pending, self.published, self.frontier)

    def read_hashes(self, indexes: Sequence[int]) -> list[bytes]:
        return [self.hashes[index] for index in indexes]

    def add(self, append: Append) -> Frontier:
        self.before_add()
        if append.first == self.frontier.size:
            self.entries += append.entries
            self.hashes += append.stored_hashes
            self.frontier = append.frontier
        return self.frontier

    def publish(self, step: Step) -> str:
        self.before_publish()
        self.published = step(self.published or None)
        return self.published

    def step(self, origin: str, step: Step) -> str:
        self.pending = step(self.pending or None)
        return self.pending


class World:
    """One source, one mirror with its witness."""

    def __init__(self, size: int) -> None:
        self.source = Source(size)
        self.store = MemoryMirror()
        self.time = 1_795_000_000
        self.mirror = self.started(b"s" * 32)

    def started(self, secret: bytes) -> Mirror:
        """The mirror after a start: what is stored stays, the secret of the tickets may not."""
        return Mirror(
            logs={ORIGIN: [LOG.key]},
            open_store=lambda _origin: self.store,
            cosigners=self.cosigners,
            secret=secret,
        )

    def cosigners(self) -> list[Signer]:
        self.time += 1
        return [cosigner(MIRROR, ed25519_key("mirror"), self.time)]

    def see(self, old: int, new: int) -> Answer:
        body = self.source.request(old, new)
        return add_checkpoint(body, {ORIGIN: [LOG.key]}, lambda: [witness()], self.store)

    def bring(self, start: int, end: int, ticket: bytes = b"", packages: int = 99) -> Answer:
        return self.mirror.add_entries(self.source.upload(start, end, ticket, packages))
