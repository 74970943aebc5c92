from __future__ import annotations

import pytest

from bayward.cloud.people.service import PLATFORM_TENANT
from bayward.cloud.web.places import home, parse
from bayward.core.errors import NotFound
from bayward.core.ids import BankId, ParcelId, TenantId
from bayward.core.roles import PLATFORM, Node


@pytest.mark.parametrize("text", ["", "bank", "prc_" + "0" * 26, "bank_" + "0" * 25, "bank_\u00e9"])
def test_what_is_no_id_of_this_kind_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="thing"):
        parse(BankId, text)


def test_an_id_reads_back() -> None:
    parcel = ParcelId.of(b"p" * 16)
    assert parse(ParcelId, str(parcel)) == parcel


def test_the_platform_is_a_place_of_its_own() -> None:
    tenant = TenantId.of(b"t" * 16)
    assert home(tenant) == Node(tenant)
    assert home(PLATFORM_TENANT) == PLATFORM
