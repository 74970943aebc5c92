from __future__ import annotations

import typing
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core import commands
from bayward.core.commands import Order
from bayward.core.errors import Invalid
from bayward.wire import limits
from bayward.wire.orders import decode_order, encode_order, kind_of
from messages_table import NOW, ORDERS, PERSON


@pytest.mark.parametrize("order", ORDERS, ids=lambda one: type(one).__name__)
def test_an_order_comes_back_with_its_types(order: Order) -> None:
    back = decode_order(encode_order(order))
    assert back == order
    for field in fields(order):
        assert type(getattr(back, field.name)) is type(getattr(order, field.name))


def test_every_order_has_a_kind_of_its_own() -> None:
    kinds = {type(order): kind_of(order) for order in ORDERS}
    assert set(kinds) == set(typing.get_args(Order))
    assert len(set(kinds.values())) == len(kinds)
    assert kinds[commands.OpenForGrant] == "open_for_grant"


def test_a_text_that_is_too_long_is_refused_when_the_order_is_given() -> None:
    name = "x" * (limits.NAME_CHARS_MAX + 1)
    with pytest.raises(Invalid, match=r"order\.malformed"):
        encode_order(commands.AdmitCourier(PERSON, name, "DHL", NOW))


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_anything_else_is_malformed(text: str | bytes) -> None:
    with pytest.raises(Invalid, match=r"order\.malformed"):
        decode_order(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"open_everything"}',
        f'{{"kind":"engage_lockdown","scope":"bank\\n","actor":"{PERSON}","reason":""}}',
        '{"kind":"rotate_code"}',
        '{"kind":"rotate_code","grant":"grt_zzzzzzzzzzzzzzzzzzzzzzzzzz"}',
        f'{{"kind":"rotate_code","grant":"{PERSON}"}}',
        f'{{"kind":"dismiss_courier","person":"{PERSON}\\n"}}',
        f'{{"kind":"dismiss_courier","person":"{PERSON}","force":true}}',
        f'{{"kind":"release_lockdown","scope":"all","actor":"{PERSON}","reason":""}}',
    ],
)
def test_a_near_miss_is_malformed(text: str) -> None:
    with pytest.raises(Invalid, match=r"order\.malformed"):
        decode_order(text)
