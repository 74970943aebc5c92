from __future__ import annotations

from bayward.core.clock import DAY_MS, SECOND_MS
from bayward.core.commands import DismissCourier, ForgetPerson, OpenForGrant, life_ms
from bayward.core.ids import GrantId, PersonId

SOMEBODY = PersonId.of(bytes(16))


def test_an_order_lives_as_long_as_it_makes_sense() -> None:
    tap = OpenForGrant(GrantId.of(bytes(16)), "4711", SOMEBODY)
    assert life_ms(tap) == 15 * SECOND_MS
    assert life_ms(DismissCourier(SOMEBODY)) == DAY_MS
    assert life_ms(ForgetPerson(SOMEBODY)) > 3000 * DAY_MS
