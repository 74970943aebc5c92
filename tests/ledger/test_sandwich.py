from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from bayward.ledger.checkpoint import Checkpoint, sign_checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import cosigner, ecdsa_signer
from bayward.ledger.sandwich import (
    TOLERANCE_MS,
    Beacon,
    Bounds,
    Cover,
    bounds,
    bounds_of,
    has_gone_back,
    open_cosigned,
)

LOG = ecdsa_signer("example.com/bank", ec.derive_private_key(5, ec.SECP256R1()))
WITNESS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
POINT = Checkpoint("example.com/bank", 3, bytes(32))

BEACONS = [Beacon(4, 100), Beacon(9, 200)]
COVERS = [Cover(4, 90), Cover(9, 150), Cover(12, 250)]


@pytest.mark.parametrize(
    ("index", "not_before", "not_after"),
    [
        (0, None, 90_999),  # before the first beacon
        (3, None, 90_999),  # the last entry of the first upload
        (4, 100_000, 150_999),  # the beacon itself is as young as what it holds
        (8, 100_000, 150_999),
        (9, 200_000, 250_999),
        (12, 200_000, None),  # not uploaded yet
    ],
)
def test_an_entry_lies_between_a_beacon_and_a_cosignature(
    index: int, not_before: int | None, not_after: int | None
) -> None:
    assert bounds(index, BEACONS, COVERS) == Bounds(not_before, not_after)


def test_without_anything_from_outside_nothing_is_proven_and_nothing_suspected() -> None:
    assert bounds(7, [], []) == bounds_of(None, None) == Bounds()
    assert not Bounds().is_suspect(0)
    assert not Bounds().is_suspect(2**53)


@pytest.mark.parametrize(
    ("time", "is_suspect"),
    [
        (100_000 - TOLERANCE_MS - 1, True),
        (100_000 - TOLERANCE_MS, False),
        (150_999 + TOLERANCE_MS, False),
        (150_999 + TOLERANCE_MS + 1, True),
        (0, True),  # a clock that began in 1970
    ],
)
def test_audit_10_a_time_outside_its_bounds_is_suspect(time: int, is_suspect: bool) -> None:
    assert bounds(5, BEACONS, COVERS).is_suspect(time) is is_suspect


def test_a_cosigned_checkpoint_needs_its_log_and_a_known_witness() -> None:
    one, other = cosigner("w/1", WITNESS, 7), cosigner("w/2", OTHER, 9)
    note = sign_checkpoint(POINT, [LOG, one, other])
    found = open_cosigned(note, LOG.key, [one.key, other.key])
    assert (found.witness, found.time, found.checkpoint) == ("w/2", 9, POINT)
    assert found.digest == hashlib.sha256(note.encode()).hexdigest()
    assert open_cosigned(note, LOG.key, [one.key]).time == 7
    for bad, witnesses in (
        (note, []),  # nobody we know
        (sign_checkpoint(POINT, [LOG]), [one.key]),  # nobody at all
        (sign_checkpoint(POINT, [one]), [one.key]),  # not the log
        (note.replace("\n3\n", "\n4\n"), [one.key]),
    ):
        with pytest.raises(LedgerError):
            open_cosigned(bad, LOG.key, witnesses)


def test_a_cosignature_says_its_own_time_and_no_other() -> None:
    """A witness's line moved to another time does not verify."""
    one, later = cosigner("w/1", WITNESS, 7), cosigner("w/1", WITNESS, 8)
    note, moved = (sign_checkpoint(POINT, [LOG, signer]) for signer in (one, later))
    assert open_cosigned(note, LOG.key, [one.key]).digest != (
        open_cosigned(moved, LOG.key, [one.key]).digest
    )


def test_audit_10_starts_count_up_and_a_counter_only_grows() -> None:
    assert not has_gone_back(None, (1, 0))
    assert not has_gone_back((1, 5), (1, 5))
    assert not has_gone_back((1, 5), (2, 0))
    assert has_gone_back((1, 5), (1, 4))
    assert has_gone_back((2, 0), (1, 9))
