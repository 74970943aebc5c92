"""The program of a sealing process, in a thread."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from bayward.cloud.storage.log_store.sealer import LENGTH_BYTES, answer, question, serve
from bayward.ledger.leaf import Value, seal_lines
from ledger_bench import salts


def test_an_answer_is_what_is_sealed_with_these_salts() -> None:
    events: list[dict[str, Value]] = [{"a": 1, "b": ["x", None]}, {}, {"c": "ä"}]
    drawn = salts("answer", 3)
    told = answer(question(5, drawn, events)[LENGTH_BYTES:])
    for leaf, opened in (seal_lines(events[0], drawn[:36]), seal_lines(events[2], drawn[36:])):
        assert leaf in told
        assert opened in told


@pytest.mark.parametrize("value", [object(), len, 1j.__class__])
def test_what_no_field_may_be_is_not_asked(value: object) -> None:
    with pytest.raises(ValueError, match="unmarshallable"):
        question(0, b"", [{"a": value}])  # type: ignore[dict-item]


def test_serving_ends_with_who_asks() -> None:
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=serve, args=(theirs,))
    serving.start()
    with ours, ours.makefile("rb") as answers:
        ours.sendall(question(3, salts("serve", 2), [{"a": 1}, {"b": 2.5}]))  # type: ignore[dict-item]
        told = answers.read(int.from_bytes(answers.read(LENGTH_BYTES), "big"))
        assert told.startswith(b"\x92\x03\x92"), "number 3, and two of which"
        assert told.endswith(b"\xc0"), "the second cannot be sealed"
        ours.sendall(question(4, b"", [])[:-2])
    serving.join(30)
    assert not serving.is_alive()


def test_serving_ends_when_nobody_takes_the_answer() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        for number in range(3):
            ours.sendall(question(number, os.urandom(18), [{"a": 1}]))
    serve(theirs)
    assert theirs.fileno() == -1, "closed"
