from __future__ import annotations

from bayward.cloud.custody.item_store import ItemView, Wanted
from bayward.cloud.web import item_lists
from bayward.cloud.web.asking import You
from bayward.core.clock import Instant
from bayward.core.ids import ItemId, PersonId, TenantId
from bayward.core.items import Holder, HolderKind, Item, ItemKind, ItemState
from bayward.core.policy import Aal, Principal
from bayward.core.roles import Binding, Node, Role

NOW = Instant(5_000)
TENANT, ME = TenantId.of(b"t" * 16), PersonId.of(b"m" * 16)
ITEM = ItemId.of(b"i" * 16)


def you(role: Role) -> You:
    mine = Binding(ME, role, Node(TENANT), Instant(0), None)
    return You(TENANT, ME, Principal(ME, TENANT, (mine,)), Aal.TWO, None)


def test_each_list_asks_for_something_else() -> None:
    asked = {key: item_lists.wanted(key, you(Role.CUSTODIAN), NOW) for key in item_lists.LISTS}
    assert len({repr(one) for one in asked.values()}) == len(item_lists.LISTS)
    assert asked["mine"].concerns == ME
    assert asked["out"].is_out


def test_nobody_asks_for_more_than_he_may_see() -> None:
    for key in item_lists.LISTS:
        sight = item_lists.wanted(key, you(Role.CUSTODIAN), NOW).sight
        assert sight is not None
        assert sight.places == (Node(TENANT),)
        sight = item_lists.wanted(key, you(Role.BEARER), NOW).sight
        assert sight is not None
        assert (sight.places, sight.person) == ((), ME)


def test_a_list_goes_on_where_it_ended() -> None:
    item = Item(
        id=ITEM,
        kind=ItemKind.EVIDENCE,
        state=ItemState.HELD,
        holder=Holder(HolderKind.PERSON, ME),
        since=Instant(1),
        out_since=Instant(3),
    )
    view = ItemView(
        item=item, case=None, exhibit=None, registered_at=Instant(1), changed_at=Instant(4)
    )
    assert item_lists.place_of(view, Wanted()) == f"4-{ITEM}"
    assert item_lists.place_of(view, Wanted(is_out=True)) == f"3-{ITEM}"
