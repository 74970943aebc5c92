from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.errors import Invalid
from bayward.core.ids import BankId, base32
from bayward.wire import cbor
from bayward.wire.enrolment import CHECK_BYTES, MARK, TOKEN_BYTES, Ticket


def pin(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


TICKET = Ticket(
    url="https://lockers.example.com:8444/enrol",
    token=base32(b"t" * TOKEN_BYTES),
    bank=BankId.of(b"b" * 16),
    deployment="lockers.example.com",
    anchor=hashlib.sha256(b"root").digest(),
    pins=frozenset({pin("today"), pin("next")}),
)


def sealed(body: bytes) -> str:
    return MARK + base32(body + hashlib.sha256(body).digest()[:CHECK_BYTES]).upper()


def test_a_ticket_reads_back() -> None:
    assert Ticket.parse(TICKET.encode()) == TICKET


def test_spaces_line_breaks_and_small_letters_do_not_matter() -> None:
    text = TICKET.encode()
    broken = "\n ".join(text[place : place + 40] for place in range(0, len(text), 40)).lower()
    assert Ticket.parse(f"  {broken}\n") == TICKET


def test_a_ticket_is_a_dense_qr_a_kiosk_camera_can_read() -> None:
    code = segno.make(TICKET.encode(), error="m", boost_error=False)
    assert code.mode == "alphanumeric"
    assert int(code.version) <= 14


def test_every_single_wrong_character_is_noticed() -> None:
    text = TICKET.encode()
    for place in range(len(MARK), len(text)):
        other = "0" if text[place] != "0" else "1"
        with pytest.raises(Invalid, match=r"ticket\.(check|malformed)"):
            Ticket.parse(text[:place] + other + text[place + 1 :])


@given(st.text(max_size=200))
def test_anything_else_is_refused_and_never_crashes(text: str) -> None:
    for given_text in (text, MARK + text):
        with pytest.raises(Invalid):
            Ticket.parse(given_text)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        7,
        ["u", b"t" * 20, b"b" * 16, "d", b"a" * 32],
        ["u", b"t" * 19, b"b" * 16, "d", b"a" * 32, [pin("a")]],
        ["u", b"t" * 20, b"b" * 15, "d", b"a" * 32, [pin("a")]],
        ["u", b"t" * 20, b"b" * 16, "d", b"a" * 31, [pin("a")]],
        ["u", b"t" * 20, b"b" * 16, "d", b"a" * 32, []],
        ["u", b"t" * 20, b"b" * 16, "d", b"a" * 32, ["no pin"]],
        ["", b"t" * 20, b"b" * 16, "d", b"a" * 32, [pin("a")]],
        ["u" * 201, b"t" * 20, b"b" * 16, "d", b"a" * 32, [pin("a")]],
    ],
)
def test_a_sealed_but_senseless_ticket_is_refused(value: cbor.Cbor) -> None:
    with pytest.raises(Invalid):
        Ticket.parse(sealed(cbor.encode(value)))


def test_a_huge_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid, match=r"ticket\.malformed"):
        Ticket.parse(MARK + "0" * 100_000)


def test_pins_have_one_order() -> None:
    again = replace(TICKET, pins=frozenset(sorted(TICKET.pins, reverse=True)))
    assert again.encode() == TICKET.encode()
