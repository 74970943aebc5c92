from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.clock import Instant
from bayward.core.errors import Invalid
from bayward.core.ids import BankId, CompartmentId, PersonId, SiteId, TenantId
from bayward.core.roles import PLATFORM, Binding, Node, Role, active

NOW = Instant(1_800_000_000_000)
TENANTS = [TenantId.of(bytes([1, n]) * 8) for n in range(2)]
SITES = [SiteId.of(bytes([2, n]) * 8) for n in range(2)]
BANKS = [BankId.of(bytes([3, n]) * 8) for n in range(2)]
CELLS = [CompartmentId.of(bytes([4, n]) * 8) for n in range(2)]
ANNE = PersonId.of(b"a" * 16)


def tree() -> list[Node]:
    nodes = [PLATFORM]
    for tenant in TENANTS:
        nodes.append(Node(tenant))
        nodes += [Node(tenant, site) for site in SITES]
        nodes += [Node(tenant, site, bank) for site in SITES for bank in BANKS]
        nodes += [Node(tenant, *rest) for rest in product(SITES, BANKS, CELLS)]
    return nodes


def bindings() -> list[Binding]:
    ends = (None, Instant(NOW + 1), Instant(NOW + 2))
    return [
        Binding(ANNE, role, node, NOW, end)
        for role, node, end in product(Role, tree(), ends)
        if (role is Role.SUPER_ADMIN) is (node == PLATFORM)
    ]


def test_levels_may_not_be_skipped() -> None:
    with pytest.raises(Invalid, match=r"scope\.gap"):
        Node(TENANTS[0], None, BANKS[0])
    with pytest.raises(Invalid, match=r"scope\.gap"):
        Node(None, SITES[0])


@pytest.mark.parametrize("node", tree(), ids=lambda node: str(len(node.levels)))
def test_a_path_reads_back(node: Node) -> None:
    assert Node.parse(node.path) == node


@pytest.mark.parametrize(
    "path",
    ["", "/", "platform/", "ten_x", SITES[0], f"{TENANTS[0]}/{BANKS[0]}", f"{TENANTS[0]}/" * 5],
)
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        Node.parse(path)


def test_a_node_contains_what_lies_below_it_and_nothing_else() -> None:
    inside = Node(TENANTS[0], SITES[0], BANKS[0], CELLS[0])
    assert all(
        node.contains(inside) for node in (Node(TENANTS[0]), Node(TENANTS[0], SITES[0]), inside)
    )
    assert not Node(TENANTS[1]).contains(inside)
    assert not Node(TENANTS[0], SITES[1]).contains(inside)
    assert not inside.contains(Node(TENANTS[0]))


def test_the_platform_contains_no_tenant() -> None:
    assert PLATFORM.contains(PLATFORM)
    assert not any(PLATFORM.contains(node) for node in tree() if node != PLATFORM)


def test_super_admins_exist_on_the_platform_only() -> None:
    with pytest.raises(Invalid, match=r"role\.scope"):
        Binding(ANNE, Role.SUPER_ADMIN, Node(TENANTS[0]), NOW, None)
    with pytest.raises(Invalid, match=r"role\.scope"):
        Binding(ANNE, Role.ADMIN, PLATFORM, NOW, None)


def test_a_binding_counts_from_its_first_to_before_its_last_instant() -> None:
    binding = Binding(ANNE, Role.ADMIN, Node(TENANTS[0]), NOW, Instant(NOW + 2))
    told = [bool(active([binding], Instant(NOW + offset))) for offset in (-1, 0, 1, 2)]
    assert told == [False, True, True, False]


def test_an_owner_administers_the_whole_tenant_for_good() -> None:
    assert Binding(ANNE, Role.ADMIN, Node(TENANTS[0]), NOW, None).is_owner
    assert not Binding(ANNE, Role.ADMIN, Node(TENANTS[0]), NOW, Instant(NOW + 1)).is_owner
    assert not Binding(ANNE, Role.ADMIN, Node(TENANTS[0], SITES[0]), NOW, None).is_owner
    assert not Binding(ANNE, Role.RESIDENT, Node(TENANTS[0]), NOW, None).is_owner
    assert not Binding(ANNE, Role.SUPER_ADMIN, PLATFORM, NOW, None).is_owner


EVERY = bindings()


@given(st.sampled_from(EVERY), st.sampled_from(EVERY), st.sampled_from(EVERY))
def test_covering_is_transitive(first: Binding, second: Binding, third: Binding) -> None:
    if first.covers(second) and second.covers(third):
        assert first.covers(third)


def test_covering_never_raises_rank_reach_or_duration() -> None:
    covered = 0
    for mine, other in product(EVERY, EVERY):
        if not mine.covers(other):
            continue
        covered += 1
        assert other.role.rank <= mine.role.rank
        assert other.node.levels[: len(mine.node.levels)] == mine.node.levels
        assert mine.not_after is None or (other.not_after or 1 << 62) <= mine.not_after
    assert covered > len(EVERY)  # more than each by itself: the test is not vacuous
