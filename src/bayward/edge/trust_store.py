"""Keys the control plane gave: whose passes count here, and to whom codes are sealed.

They arrive at enrolment, those that open and seal with each welcome too, and are kept, because a
bank must open for a pass and seal a code with the cable cut. Read from the clerk's thread,
replaced from the loop: each is one attribute, swapped whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bayward.core.clock import Instant
from bayward.core.errors import Denied, Invalid, Unavailable
from bayward.core.ids import BankId, GrantId
from bayward.edge.controller import Letter
from bayward.edge.identity import Trust
from bayward.edge.journal import SealedLetter
from bayward.edge.state_dir import StateDir
from bayward.wire import letters
from bayward.wire.cose import PublicKey
from bayward.wire.passes import PassFlag, Purpose, verify_pass

log = structlog.get_logger("edge.trust")

# A pass that asks for more than its signature opens nothing until this program can do it.
KNOWN_FLAGS = PassFlag.DELEGATED


@dataclass(frozen=True, slots=True)
class _Keys:
    issuers: Mapping[int, PublicKey]
    notifier: ec.EllipticCurvePublicKey | None


class TrustStore:
    """The keys of one bank, from `trust.json`."""

    def __init__(self, bank: BankId, state: StateDir) -> None:
        self._bank = bank
        self._state = state
        self._trust = state.load("trust", Trust) or Trust()
        self._keys = _read(self._trust)

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The pinned keys of the control plane's witness."""
        return self._trust.witnesses

    @property
    def tenant_vkey(self) -> str | None:
        """The pinned key of the tenant's log."""
        return self._trust.tenant_vkey

    def take(self, trust: Trust) -> None:
        """Keep what the control plane gave; raises `Invalid` for keys that are none.

        What logs are checked with is pinned: no connection replaces it, only an enrolment.
        """
        trust = msgspec.structs.replace(
            trust, witnesses=self._trust.witnesses, tenant_vkey=self._trust.tenant_vkey
        )
        if trust == self._trust:
            return
        keys = _read(trust)
        self._state.save("trust", trust)
        self._trust, self._keys = trust, keys

    def seal(self, letter: Letter) -> SealedLetter:
        """Seal a fresh code; raises `Unavailable("letter.no_key")` on an island."""
        notifier = self._keys.notifier
        if notifier is None:
            raise Unavailable("letter.no_key")
        sealed = letters.seal(letter.code, notifier, self._bank, letter.subject)
        return SealedLetter(letter.kind, letter.subject, sealed)

    def open_pass(self, text: str, now: Instant) -> GrantId:
        """The grant a pass is for; raises `Denied` or `Invalid` with the reason."""
        found = verify_pass(
            text,
            self._keys.issuers,
            audience=self._bank.public_code,
            purpose=Purpose.PICKUP,
            now=now,
        )
        if found.flags & ~KNOWN_FLAGS:
            raise Denied("pass.flags")
        return found.grant


def _read(trust: Trust) -> _Keys:
    issuers = {issuer.kid: _p256(issuer.spki) for issuer in trust.issuers}
    notifier = _p256(trust.notifier_key) if trust.notifier_key is not None else None
    return _Keys(issuers, notifier)


def _p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(spki)
    except ValueError:
        raise Invalid("trust.key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Invalid("trust.key")
    return key
