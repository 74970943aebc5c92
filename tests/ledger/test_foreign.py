"""What a mirror and a witness in Go have written, read by us: cosignatures, checkpoint, tiles."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bayward.ledger.checkpoint import Checkpoint, parse_text
from bayward.ledger.dense import consistency_proof, inclusion_proof, stored_hash_index, tree_hash
from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.merkle import verify_consistency, verify_inclusion
from bayward.ledger.note import open_note
from bayward.ledger.proven import ProvenReader
from bayward.ledger.tiles import Tile
from ledger_bench import refused

FILE = json.loads((Path(__file__).parents[1] / "vectors/foreign/mirrored.json").read_text())
MIRROR, WITNESS = parse_vkey(FILE["mirror"]), parse_vkey(FILE["witness"])


class Tiles:
    """Its tiles as files; `bent` is changed by one bit."""

    def __init__(self, bent: str = "") -> None:
        self._bent = bent

    def read_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
        return [self._read(tile.path) for tile in tiles]

    def _read(self, path: str) -> bytes:
        raw = base64.b64decode(FILE["tiles"][path])
        return raw[:-1] + bytes([raw[-1] ^ 1]) if path == self._bent else raw


def mirrored() -> Checkpoint:
    return parse_text(open_note(FILE["mirrored"], [MIRROR]).text)


@pytest.mark.parametrize(("note", "key"), [("mirrored", MIRROR), ("witnessed", WITNESS)])
def test_cosignatures_of_another_program_verify(note: str, key: VerifierKey) -> None:
    opened = open_note(FILE[note], [key])
    assert [(one.name, one.time) for one in opened.verified] == [(key.name, 1_767_139_200)]
    assert parse_text(opened.text).size == 300
    for bent in (
        FILE[note].replace("\n300\n", "\n301\n"),
        FILE[note].replace(".org\n300", "\n300"),
    ):
        with refused(Unverified, "note.signature"):
            open_note(bent, [key])
    with refused(Malformed, "note."):
        open_note(FILE[note].replace("\n", "\r\n"), [key])


def test_tiles_of_another_program_lead_to_its_root() -> None:
    tree = mirrored()
    reader = ProvenReader(tree.size, tree.root, Tiles())
    assert tree_hash(tree.size, reader) == tree.root
    for index in (0, 255, 256, 299):
        leaf = reader.read_hashes([stored_hash_index(0, index)])[0]
        proof = inclusion_proof(index, tree.size, reader)
        verify_inclusion(index, tree.size, leaf, proof, tree.root)
    proof = consistency_proof(200, tree.size, reader)
    verify_consistency(200, tree.size, tree_hash(200, reader), tree.root, proof)


@pytest.mark.parametrize("path", FILE["tiles"])
def test_audit_01_one_bit_of_any_tile_is_noticed(path: str) -> None:
    tree = mirrored()
    with refused(Unverified, "tile."):
        ProvenReader(tree.size, tree.root, Tiles(path)).read_hashes([0])
