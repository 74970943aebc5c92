from __future__ import annotations

import pytest

from bayward.core.ids import CompartmentId
from bayward.edge.agent import PresentCode, PresentPass, SignIn
from bayward.edge.view import bank_view
from table_top import TableTop


@pytest.mark.parametrize("kind", [PresentCode, PresentPass, SignIn])
def test_what_somebody_typed_is_not_shown_in_logs(
    kind: type[PresentCode | PresentPass | SignIn],
) -> None:
    assert "48219037" not in repr(kind("48219037"))


def test_a_compartment_is_found_by_its_id_or_not_at_all() -> None:
    bank = TableTop()
    view = bank_view(bank.controller)
    assert view.compartment(bank.layout[2].id).built == bank.layout[2]
    with pytest.raises(KeyError):
        view.compartment(CompartmentId.of(bytes(16)))


def test_the_kiosk_never_learns_whose_a_parcel_is() -> None:
    bank = TableTop()
    bank.deposit()
    shown = repr(bank_view(bank.controller).compartments)
    for secret in (*bank.controller.bank.parcels, *bank.controller.bank.grants, "anna"):
        assert secret not in shown
