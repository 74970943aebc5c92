from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.fleet.gate import DeviceGate, Drop
from bayward.cloud.fleet.pki import (
    DEVICE_LIFE_MS,
    create_issuing,
    create_root,
    identity_of,
    identity_uri,
    issue_device,
)
from bayward.core.clock import SECOND_MS, Instant, after
from bayward.core.errors import Denied, Misconfigured
from bayward.core.ids import BankId, TenantId
from bayward.wire.pins import pin_of

NOON = Instant(1_800_000_000_000)
NAME = "locks.example"
ROOT = create_root(NAME, ec.derive_private_key(0xCA, ec.SECP384R1()), now=NOON, serial=1)
ISSUING = create_issuing(ROOT, ec.derive_private_key(0xCB, ec.SECP256R1()), now=NOON, serial=2)


def device(number: int, key: int = 99, now: Instant = NOON) -> x509.Certificate:
    uri = identity_uri(NAME, TenantId.of(bytes(16)), BankId.of(bytes([number] * 16)))
    public = ec.derive_private_key(key, ec.SECP256R1()).public_key()
    return issue_device(ISSUING, public, uri, now=now, serial=number + 10)


def gate_with(*certificates: x509.Certificate) -> DeviceGate:
    gate = DeviceGate(NAME)
    for certificate in certificates:
        gate.allow(identity_of(certificate, NAME))
    return gate


def test_a_key_on_the_list_is_let_in_under_its_name() -> None:
    gate = gate_with(device(1))
    assert gate.admit(device(1)).bank == BankId.of(bytes([1] * 16))
    gate.judge(device(1))


def test_a_renewed_certificate_of_the_same_key_is_let_in() -> None:
    gate_with(device(1)).judge(device(1, now=after(NOON, DEVICE_LIFE_MS)))


def test_identity_90_a_key_not_on_the_list_is_refused() -> None:
    with pytest.raises(Denied, match=r"device\.revoked"):
        gate_with().judge(device(1))
    with pytest.raises(Denied, match=r"device\.revoked"):
        gate_with(device(1)).judge(device(1, key=98))


def test_identity_90_a_key_on_the_list_for_another_bank_is_refused() -> None:
    with pytest.raises(Denied, match=r"device\.revoked"):
        gate_with(device(1)).judge(device(2))


def test_identity_90_revocation_drops_what_is_connected_and_only_that() -> None:
    gate, dropped = gate_with(device(1, 1), device(2, 2)), list[str]()
    gate.hold(device(1, 1), lambda: dropped.append("one"))
    gate.hold(device(1, 1), lambda: dropped.append("one again"))
    gate.hold(device(2, 2), lambda: dropped.append("two"))
    gone = gate.hold(device(1, 1), lambda: dropped.append("gone"))
    gone()
    gone()
    assert gate.revoke(pin_of(device(1, 1))) == 2
    assert dropped == ["one", "one again"]
    assert gate.revoke(pin_of(device(1, 1))) == 0
    with pytest.raises(Denied, match=r"device\.revoked"):
        gate.hold(device(1, 1), lambda: None)


def test_a_connection_that_ends_while_being_dropped_is_no_error() -> None:
    gate = gate_with(device(1))
    ends: list[Drop] = []

    def drop() -> None:
        ends.pop()()

    ends.append(gate.hold(device(1), drop))
    assert gate.revoke(pin_of(device(1))) == 1
    gate.allow(identity_of(device(1), NAME))
    ends.append(gate.hold(device(1), drop))
    assert gate.drop_expired(after(NOON, DEVICE_LIFE_MS)) == 1


def test_a_connection_does_not_outlive_its_certificate() -> None:
    gate, dropped = gate_with(device(1, 1), device(2, 2)), list[int]()
    later = after(NOON, 10 * SECOND_MS)
    gate.hold(device(1, 1), lambda: dropped.append(1))
    gate.hold(device(2, 2, now=later), lambda: dropped.append(2))
    assert gate.drop_expired(after(NOON, DEVICE_LIFE_MS - 1)) == 0
    assert gate.drop_expired(after(NOON, DEVICE_LIFE_MS)) == 1
    assert dropped == [1]
    assert gate.drop_expired(after(later, DEVICE_LIFE_MS)) == 1
    assert dropped == [1, 2]


def test_a_gate_needs_a_deployment() -> None:
    with pytest.raises(Misconfigured, match=r"deployment\.name"):
        DeviceGate("")
