from __future__ import annotations

import msgspec
import pytest

from bayward.core import commands
from bayward.core.errors import Unavailable
from bayward.wire import codec
from bayward.wire import messages as m
from bayward.wire.dialect import SINCE, SINCE_OF_ORDERS, spoken
from bayward.wire.link import CloudLink
from bayward.wire.orders import order_to_wire
from bayward.wire.versions import VERSIONS
from link_bench import DeviceLog
from messages_table import COMMAND, COMPARTMENT, HELLO, NOW, PERSON, WELCOME

ACKED = m.Acked(acked=8, cosigned="cosigned", witness_note="tenant")


def test_an_older_neighbour_is_told_nothing_it_does_not_know() -> None:
    assert spoken(ACKED, 2) is ACKED
    assert msgspec.json.encode(spoken(ACKED, 1)) == b'{"acked":8}'
    welcome = msgspec.structs.replace(WELCOME, cosigned="the bank's")
    assert spoken(welcome, 1) == WELCOME
    assert spoken(m.Done(), 1) == m.Done()


def test_an_older_bank_is_not_given_an_order_it_has_no_word_for() -> None:
    order = order_to_wire(commands.ForgetPerson(PERSON))
    command = m.Command(id=str(COMMAND), order=order, not_after=NOW, epoch=HELLO.epoch)
    assert spoken(command, 2) is command
    with pytest.raises(Unavailable, match=r"link\.too_old"):
        spoken(command, 1)


def test_an_older_bank_is_ordered_what_it_can_read() -> None:
    for order, dropped in (
        (commands.AdmitCourier(PERSON, "Ada", "custody", NOW, "evidence"), b"modes"),
        (commands.RestoreCompartment(COMPARTMENT, PERSON, second=PERSON), b"second"),
    ):
        command = m.Command(
            id=str(COMMAND), order=order_to_wire(order), not_after=NOW, epoch=HELLO.epoch
        )
        assert dropped in msgspec.json.encode(spoken(command, 2))
        older = msgspec.json.encode(spoken(command, 1))
        assert dropped not in older
        assert codec_reads(older) == spoken(command, 1)


def codec_reads(text: bytes) -> m.Command:
    return msgspec.json.decode(text, type=m.Command)


def test_every_new_field_is_optional_and_of_a_version_that_is_spoken() -> None:
    for kind, fields in SINCE.items():
        told = {one.name: one for one in msgspec.structs.fields(kind)}
        for name, since in fields.items():
            assert told[name].default is None, name
            assert 1 < since <= VERSIONS[0]
    for order, news in SINCE_OF_ORDERS.items():
        defaults = {one.name: one.default for one in msgspec.structs.fields(order)}
        for name, (since, default) in news.items():
            assert defaults[name] == default, name
            assert 1 < since <= VERSIONS[0]


@pytest.mark.parametrize(("version", "is_told"), [(2, True), (1, False)])
def test_the_link_of_a_connection_speaks_its_version(version: int, is_told: bool) -> None:
    hello = msgspec.structs.replace(HELLO, protocols=[version])
    link = CloudLink(0, version=version)
    link.receive(codec.encode_request("1", hello), 5)
    link.welcome("1", msgspec.structs.replace(WELCOME, cosigned="the bank's"))
    link.receive(codec.encode_request("2", DeviceLog().grow(1).upload(0, 1)), 6)
    link.answer("2", ACKED)
    welcome, acked = link.data_to_send()
    assert (b"cosigned" in welcome) is is_told
    assert (b"cosigned" in acked) is is_told
