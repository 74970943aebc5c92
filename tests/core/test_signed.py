"""What a form says was shown for a line is what the policy asks for."""

from __future__ import annotations

import pytest

from bayward.core.actions import Action
from bayward.core.clock import Instant
from bayward.core.events import Event, EventType
from bayward.core.policy import TABLE
from bayward.core.signed import SIGNED, Signed, signed_of

_T, _A = EventType, Action
ACTS = {
    _T.ITEM_REGISTERED: (_A.ITEM_REGISTER,),
    _T.CUSTODY_OFFERED: (_A.CUSTODY_OFFER, _A.CUSTODY_GIVE_OUT),
    _T.CUSTODY_ACCEPTED: (_A.CUSTODY_ACCEPT,),
    _T.CUSTODY_RETURNED: (_A.CUSTODY_RETURN,),
    _T.CUSTODY_TAKEN: (_A.CUSTODY_TAKE,),
    _T.CUSTODY_RELEASED: (_A.CUSTODY_WITNESS,),
    _T.ITEM_DISPOSED: (_A.CUSTODY_WITNESS,),
    _T.CUSTODY_REFUSED: (_A.CUSTODY_REFUSE,),
    _T.CUSTODY_WITHDRAWN: (_A.CUSTODY_WITHDRAW,),
    _T.SEAL_APPLIED: (_A.SEAL_CHECK,),
    _T.SEAL_CHECKED: (_A.SEAL_CHECK,),
    _T.ITEM_PHOTOGRAPHED: (_A.SEAL_CHECK,),
    _T.ITEM_COUNTED: (_A.SEAL_CHECK,),
}
"""Which act of the policy writes which line; the others are written by banks and programs."""


@pytest.mark.parametrize("kind", ACTS)
def test_a_fresh_code_is_said_of_a_line_exactly_where_one_is_asked_for(kind: EventType) -> None:
    lines = [line for act in ACTS[kind] for line in TABLE[act].values()]
    is_asked = {line.is_step_up for line in lines}
    assert is_asked == {SIGNED[kind] in {Signed.CODE, Signed.WITNESS}}


def test_every_line_of_custody_says_what_was_shown() -> None:
    kinds = {kind for kind in EventType if kind.value.split(".")[0] in {"item", "custody", "seal"}}
    assert kinds - {_T.ITEM_DRAWN} == set(SIGNED)
    by_machine = {kind for kind, one in SIGNED.items() if one in {Signed.BANK, Signed.PROGRAM}}
    assert set(SIGNED) - by_machine == set(ACTS)


def test_a_draw_is_signed_by_its_witness_where_it_needs_one() -> None:
    told = {"time": Instant(1), "item": "itm_x", "count": 3, "purpose": "waste", "actor": "anne"}
    alone = Event(type=_T.ITEM_DRAWN, **told)  # type: ignore[arg-type]  # as told
    seen = Event(type=_T.ITEM_DRAWN, witness="ben", **told)  # type: ignore[arg-type]  # as told
    assert (signed_of(alone), signed_of(seen)) == (Signed.CODE, Signed.WITNESS)
    assert all(line.is_step_up for line in TABLE[_A.CUSTODY_OFFER].values())
