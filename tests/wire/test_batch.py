from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.errors import LimitExceeded
from bayward.wire import codec, limits
from bayward.wire.batch import DueLetter, cut
from bayward.wire.messages import Entry, Letter, LetterKind, Upload


def entry(chars: int) -> Entry:
    return Entry(leaf="x" * chars, disclosures=[])


def due(size: int, number: int, chars: int = 1) -> DueLetter:
    letter = Letter(id=number, kind=LetterKind.PICKUP, subject="g", sealed=bytes(chars))
    return DueLetter(size, letter)


@given(
    first=st.integers(0, 1000),
    sizes=st.lists(st.integers(0, 6000), min_size=1, max_size=150),
    where=st.lists(st.tuples(st.integers(-5, 150), st.integers(1, 500)), max_size=80),
)
def test_every_cut_fits_and_everything_goes_up_once(
    first: int, sizes: list[int], where: list[tuple[int, int]]
) -> None:
    entries = [entry(size) for size in sizes]
    letters = [due(first + at, n, size) for n, (at, size) in enumerate(sorted(where))]
    place, sent, told = first, list[Entry](), list[Letter]()
    while place < first + len(entries):
        taken, posted = cut(place, entries[place - first :], letters)
        assert 1 <= len(taken) <= limits.UPLOAD_ENTRIES_MAX
        place += len(taken)
        upload = Upload(
            old_size=2**63 - 1,
            checkpoint="x" * limits.NOTE_CHARS_MAX,
            proof=[bytes(32)] * limits.PROOF_HASHES_MAX,
            entries=taken,
            letters=posted,
        )
        assert len(codec.encode_request("1", upload)) <= limits.FRAME_BYTES_MAX
        sent += taken
        told += posted
    assert sent == entries
    assert told == [one.letter for one in letters if first < one.size <= first + len(entries)]


def test_an_entry_that_could_never_go_up_is_an_error_and_not_a_loop() -> None:
    big = msgspec.structs.replace(entry(0), disclosures=["x" * 8000] * 7)
    assert cut(0, [entry(1), big], [])[0] == [entry(1)]
    with pytest.raises(LimitExceeded, match=r"upload\.entry"):
        cut(1, [big], [])
    with pytest.raises(LimitExceeded, match=r"upload\.entry"):
        cut(0, [entry(1)], [due(1, n) for n in range(limits.UPLOAD_LETTERS_MAX + 1)])
