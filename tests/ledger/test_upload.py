"""The body of add-entries: where packages begin and end, and what a cut-off body gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.ledger.dense import Frontier, tree_hash
from bayward.ledger.errors import Malformed, OutOfRange
from bayward.ledger.merkle import leaf_hash, verify_subtree_consistency
from bayward.ledger.upload import Header, Package, Place, build, parse_header, parse_packages
from ledger_bench import ORIGIN, attempt, refused
from mirror_bench import Source

SOURCE = Source(700)


def parsed(body: bytes) -> tuple[Header, list[Package]]:
    header, at = parse_header(body)
    return header, list(parse_packages(body, at, header))


@pytest.mark.parametrize(
    ("start", "end", "places"),
    [
        (0, 0, []),
        (300, 300, []),
        (0, 1, [(0, 0, 1)]),
        (0, 256, [(0, 0, 256)]),
        (0, 257, [(0, 0, 256), (256, 256, 257)]),
        (5, 256, [(0, 5, 256)]),
        (256, 600, [(256, 256, 512), (512, 512, 600)]),
        (300, 600, [(256, 300, 512), (512, 512, 600)]),
        (599, 600, [(512, 599, 600)]),
    ],
)
def test_two_numbers_cut_the_log(start: int, end: int, places: list[tuple[int, int, int]]) -> None:
    header = Header(ORIGIN, start, end)
    assert list(header.places()) == [Place(*one) for one in places]
    again, packages = parsed(SOURCE.upload(start, end))
    assert again == header
    assert [one.place for one in packages] == list(header.places())
    for one in packages:
        block = [leaf_hash(entry) for entry in SOURCE.entries[one.place.block : one.place.end]]
        verify_subtree_consistency(
            one.place.block,
            one.place.end,
            end,
            proof=one.proof,
            subtree_root=Frontier().extend(block)[0].root,
            root=tree_hash(end, SOURCE),
        )


def test_the_bytes_by_hand() -> None:
    body = build(Header("o", 1, 2, b"tk"), lambda *_: [b"xyz"], Source(2))
    sibling = leaf_hash(b"entry 0")
    assert sibling not in body  # the block begins at 0, so the mirror has it
    assert body == b"\0\1o" + (1).to_bytes(8, "big") + (2).to_bytes(8, "big") + b"\0\2tk\0\3xyz\0"


def test_audit_09_a_truncated_upload_gives_the_packages_that_are_complete() -> None:
    body = SOURCE.upload(0, 600)
    header, at = parse_header(body)
    whole = list(parse_packages(body, at, header))
    ends = [at + sum(len(one.encode()) for one in whole[:n]) for n in range(4)]
    for cut in (*ends, *(end - 1 for end in ends[1:]), at + 1, ends[1] + 1):
        complete = sum(1 for end in ends[1:] if end <= cut)
        assert list(parse_packages(body[:cut], at, header)) == whole[:complete]
    assert list(parse_packages(body + b"behind it", at, header)) == whole


@pytest.mark.parametrize("cut", range(len(Header(ORIGIN, 0, 9).encode())))
def test_half_a_header_is_none(cut: int) -> None:
    with refused(Malformed, "upload.header"):
        parse_header(Header(ORIGIN, 0, 9).encode()[:cut])


def test_what_cannot_be_sent() -> None:
    for start, end in ((2, 1), (-1, 1), (0, 2**63)):
        with refused(Malformed, "upload.range"):
            Header(ORIGIN, start, end)
    swapped = b"\0\1o" + (2).to_bytes(8, "big") + (1).to_bytes(8, "big") + b"\0\0"
    with refused(Malformed, "upload.range"):
        parse_header(swapped)
    with refused(Malformed, "upload.header"):
        parse_header(b"\0\1\xff" + bytes(18))
    with refused(Malformed, "upload.ticket"):
        Header(ORIGIN, 0, 1, bytes(2**16)).encode()
    with refused(OutOfRange, "entry.length"):
        Package(Place(0, 0, 1), (bytes(2**16),), ()).encode()
    with refused(OutOfRange, "upload.entries"):
        build(Header(ORIGIN, 0, 2), lambda *_: [b""], SOURCE)
    header = Header(ORIGIN, 0, 1)
    body = header.encode() + b"\0\0" + bytes([64]) + bytes(64 * 32)
    with refused(Malformed, "upload.proof"):
        parsed(body)


@given(st.binary(max_size=120))
def test_garbage_is_refused_and_nothing_else(body: bytes) -> None:
    attempt(lambda: parsed(body), "upload.")
