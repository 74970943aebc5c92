from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.core.errors import LimitExceeded
from bayward.core.ids import PersonId
from bayward.wire import codec, limits
from bayward.wire.errors import RemoteProtocolError
from bayward.wire.link.pages import Collector, directory_pages
from bayward.wire.messages import Directory, Recipient


def recipient(number: int, name: str = "Ada") -> Recipient:
    person = PersonId.of(number.to_bytes(16, "big"))
    return Recipient(person=person, unit="4b", name=name, needs_low=False)


@settings(max_examples=30)
@given(count=st.integers(0, 900), name=st.text(max_size=limits.NAME_CHARS_MAX))
def test_a_directory_comes_back_whole_whatever_its_size(count: int, name: str) -> None:
    people = [recipient(number, name) for number in range(count)]
    collector = Collector()
    *before, last = directory_pages(5, people)
    for page in before:
        assert len(codec.encode_request("1", page)) <= limits.FRAME_BYTES_MAX
        assert collector.take(page) is None
    assert collector.take(last) == tuple(people)


def test_a_first_page_starts_anew() -> None:
    old = directory_pages(1, [recipient(number) for number in range(300)])
    new = directory_pages(2, [recipient(number) for number in range(300, 700)])
    collector = Collector()
    assert collector.take(old[0]) is None
    found = [collector.take(page) for page in new]
    assert found[-1] == tuple(recipient(number) for number in range(300, 700))


def test_pages_out_of_order_are_refused() -> None:
    one, two = directory_pages(1, [recipient(number) for number in range(300)])
    other = directory_pages(2, [recipient(number) for number in range(300)])[1]
    collector = Collector()
    with pytest.raises(RemoteProtocolError, match=r"link\.page"):
        collector.take(two)
    collector.take(one)
    with pytest.raises(RemoteProtocolError, match=r"link\.page"):
        collector.take(other)
    collector.take(one)
    collector.take(two)
    with pytest.raises(RemoteProtocolError, match=r"link\.page"):
        collector.take(two)


@pytest.mark.parametrize("found", [0, 2])
def test_pages_that_cannot_end_are_refused(found: int) -> None:
    people = [recipient(number) for number in range(found)]
    with pytest.raises(RemoteProtocolError, match=r"link\.page"):
        Collector().take(Directory(revision=1, total=1, first=0, recipients=people))


def test_more_recipients_than_a_bank_may_know_are_refused_here() -> None:
    with pytest.raises(LimitExceeded, match=r"directory\.recipients"):
        directory_pages(1, [recipient(1)] * (limits.RECIPIENTS_MAX + 1))
