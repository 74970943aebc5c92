from __future__ import annotations

from pathlib import Path

import pytest

from bayward.cloud.fleet.pki import identity_of
from bayward.core.clock import Instant
from bayward.core.errors import Denied
from bayward.core.ids import BankId, TenantId
from bayward.sim.certificates import deploy

NOON = Instant(1_800_000_000_000)
TENANT, BANK = TenantId.of(bytes(16)), BankId.of(bytes(16))


def test_a_bank_of_a_deployment_is_known_by_name_and_key(tmp_path: Path) -> None:
    us = deploy("locks.example", tmp_path, NOON)
    bank = us.bank(TENANT, BANK)
    found = identity_of(bank.certificate, "locks.example")
    assert (found.tenant, found.bank, found.spki_pin) == (TENANT, BANK, bank.pin)
    us.gate(bank).judge(bank.certificate)
    with pytest.raises(Denied, match=r"device\.revoked"):
        us.gate().judge(bank.certificate)


def test_its_files_are_private_and_serve_both_ends(tmp_path: Path) -> None:
    us = deploy("locks.example", tmp_path, NOON)
    server, bank = us.server(), us.bank(TENANT, BANK)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("*.key")} == {0}
    assert us.listener_context(server, us.gate(bank).judge).num_tickets == 0
    assert us.bank_context(bank, server.pin).check_hostname
