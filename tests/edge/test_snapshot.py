from __future__ import annotations

from bayward.core.bank import Space
from bayward.core.ids import CompartmentId
from bayward.edge import snapshot
from table_top import TableTop, layout


def test_a_used_bank_comes_back_as_it_was() -> None:
    top = TableTop()
    top.deposit()
    bank = top.controller.bank
    read = snapshot.decode(snapshot.encode(bank, "1"), top.layout, "1")
    assert read == bank
    assert read is not None
    assert {type(one) for one in read.spaces} == {CompartmentId}


def test_another_version_a_bent_one_and_a_smaller_layout_are_dropped() -> None:
    top = TableTop()
    raw = snapshot.encode(top.controller.bank, "1")
    assert snapshot.decode(raw, top.layout, "2") is None
    assert snapshot.decode(raw[:-1], top.layout, "1") is None
    assert snapshot.decode(raw.replace(b'"cmp_0', b'"prs_0'), top.layout, "1") is None
    assert snapshot.decode(raw, layout(3), "1") is None


def test_new_compartments_start_unread() -> None:
    top = TableTop()
    raw = snapshot.encode(top.controller.bank, "1")
    read = snapshot.decode(raw, layout(7), "1")
    assert read is not None
    assert read.spaces[layout(7)[-1].id] == Space()
    assert len(read.layout) == 7
