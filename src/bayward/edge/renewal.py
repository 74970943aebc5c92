"""Keeping this bank's certificate young: a new one for the same key, long before it ends.

Asked for where the bank enrolled, over a connection that needs no certificate of ours, so that it
also works after the cable was cut until the old one had ended. The link takes the new one with
its next connection; there is no need to break one that works.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog
from cryptography import x509

from bayward.core.clock import HOUR_MS, SECOND_MS, Clock, Instant
from bayward.core.errors import BaywardError, Denied, Misconfigured, Unavailable
from bayward.edge.enrol import exchange, request_certificate
from bayward.edge.identity import Identity, check_certificate
from bayward.edge.keys import KeyStore
from bayward.edge.state_dir import StateDir
from bayward.wire.enrolment import RenewAnswer, RenewRequest
from bayward.wire.trust import client_context

LOOK_MS = HOUR_MS  # also how long to wait after a failure
LIFE_THIRDS_LEFT = 2  # renewed with this much of its life left: two months to notice failures

log = structlog.get_logger("edge.renewal")


class Renewal:
    """The certificate of one bank; `pins` are those of the control plane."""

    def __init__(
        self,
        state: StateDir,
        identity: Identity,
        keys: KeyStore,
        *,
        pins: frozenset[str],
        clock: Clock,
    ) -> None:
        self._state = state
        self._identity = identity
        self._keys = keys
        self._pins = pins
        self._clock = clock

    async def run(self) -> None:
        """Look every hour, for as long as the bank runs."""
        while True:
            if self.is_due():
                try:
                    await asyncio.to_thread(self.renew)
                except BaywardError as error:
                    log.warning("not renewed", code=str(error), ends=self.until())
                else:
                    log.info("renewed", ends=self.until())
            await asyncio.sleep(LOOK_MS / SECOND_MS)

    def until(self) -> Instant | None:
        """When the present certificate ends; None when there is none to read."""
        life = self._life()
        return None if life is None else life[1]

    def is_due(self) -> bool:
        """Whether a third of the certificate's life is over, or it cannot be read."""
        life = self._life()
        if life is None:
            return True
        begins, ends = life
        return (ends - self._clock.now()) * 3 < (ends - begins) * LIFE_THIRDS_LEFT

    def health(self) -> dict[str, object]:
        """For the health document: when it ends, and whether it has."""
        until = self.until()
        return {"until": until, "has_ended": until is None or self._clock.now() >= until}

    def renew(self) -> None:
        """Ask for a new one and keep it; blocks.

        Raises `Denied` when the control plane refuses or is another one, `Unavailable` without a
        network, `Misconfigured` when enrolment left no address or no root.
        """
        if not self._identity.enrol_url:
            raise Misconfigured("enrol.no_address", expected="enrol once more")
        try:
            anchor = x509.load_pem_x509_certificate(self._state.anchor.read_bytes())
        except (OSError, ValueError) as error:
            raise Misconfigured("tls.identity", why=type(error).__name__) from error
        request = RenewRequest(
            bank=self._identity.bank, csr=request_certificate(self._keys.device_key)
        )
        raw = exchange(
            client_context([anchor], self._pins, None),
            "POST",
            f"{self._identity.enrol_url}/renew",
            msgspec.json.encode(request, enc_hook=str),
        )
        try:
            chain = msgspec.json.decode(raw, type=RenewAnswer).certificate
        except msgspec.DecodeError as error:
            raise Unavailable("enrol.answer", why=str(error)[:200]) from error
        root = self._state.anchor.read_text(encoding="ascii")
        check_certificate(chain, root, anchor, self._keys.device_key.public_key())
        if _life_of(chain.encode())[1] < (self.until() or 0):
            raise Denied("enrol.shorter")
        self._state.write(self._state.certificate.name, chain.encode())

    def _life(self) -> tuple[Instant, Instant] | None:
        try:
            return _life_of(self._state.certificate.read_bytes())
        except (OSError, ValueError):
            return None


def _life_of(pem: bytes) -> tuple[Instant, Instant]:
    leaf = x509.load_pem_x509_certificates(pem)[0]
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    return Instant(int(begins.timestamp()) * SECOND_MS), Instant(int(ends.timestamp()) * SECOND_MS)
