"""The allow-list that every device meets in the TLS handshake, and the way to drop one that is in.

A certificate that the CA signed is not enough: its key must be on the list, for the very bank the
certificate names. Taking a key off the list also drops the connections it holds at that moment.
The list lives in memory, filled from the store; a listener asks it as `TrustContext.judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from cryptography import x509

from bayward.cloud.fleet.pki import DeviceIdentity, check_deployment, identity_of
from bayward.core.clock import SECOND_MS, Instant
from bayward.core.errors import Denied

Drop: TypeAlias = Callable[[], None]
"""Closes one connection at once (abort, not a polite goodbye)."""


class DeviceGate:
    """Which device keys may connect, and which connections they hold."""

    def __init__(self, deployment: str) -> None:
        self._deployment = check_deployment(deployment)
        self._allowed: dict[str, DeviceIdentity] = {}
        self._held: dict[str, dict[object, tuple[Instant, Drop]]] = {}

    def allow(self, identity: DeviceIdentity) -> None:
        """Put a key on the list."""
        self._allowed[identity.spki_pin] = identity

    def judge(self, certificate: x509.Certificate) -> None:
        """Raise `Denied` unless this device may connect now."""
        self.admit(certificate)

    def admit(self, certificate: x509.Certificate) -> DeviceIdentity:
        """Who has connected; raises `Denied` with `device.identity`, `.deployment`, `.revoked`."""
        found = identity_of(certificate, self._deployment)
        if self._allowed.get(found.spki_pin) != found:
            raise Denied("device.revoked")
        return found

    def hold(self, certificate: x509.Certificate, drop: Drop) -> Drop:
        """Remember an open connection, to be dropped on revocation or expiry.

        Gives what the connection calls when it ends. Raises `Denied` when the key was taken off
        the list between the handshake and now.
        """
        pin = self.admit(certificate).spki_pin
        ends = Instant(int(certificate.not_valid_after_utc.timestamp()) * SECOND_MS)
        mark = object()
        self._held.setdefault(pin, {})[mark] = (ends, drop)
        return lambda: self._release(pin, mark)

    def revoke(self, spki_pin: str) -> int:
        """Take a key off the list and drop its connections; gives how many those were."""
        self._allowed.pop(spki_pin, None)
        held = self._held.pop(spki_pin, {})
        for _, drop in held.values():
            drop()
        return len(held)

    def drop_expired(self, now: Instant) -> int:
        """Drop connections that outlived their certificate; gives how many."""
        due = [
            (pin, mark, drop)
            for pin, held in self._held.items()
            for mark, (ends, drop) in held.items()
            if ends <= now
        ]
        for pin, mark, drop in due:
            self._release(pin, mark)
            drop()
        return len(due)

    def _release(self, pin: str, mark: object) -> None:
        held = self._held.get(pin, {})
        held.pop(mark, None)
        if not held:
            self._held.pop(pin, None)
