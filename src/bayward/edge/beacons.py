"""The control plane's cosignatures, verified, kept, and written into the bank's own log.

A cosignature proves to the bank that its log was seen, and when. Written into the log as
`beacon.seen` it proves to everybody that what stands below it was written later: nobody can know
a signature before it is made. The bank's own clock has no part in it.

A beacon never causes a commit or an upload of its own. It is held until something happens and is
written above that, in the same commit, at most once in `BEACON_MS_MIN`. A beacon that was logged
as it arrives would be uploaded, be cosigned, and be the next beacon, for ever.

Beside the cosignature stands the tenant's log as it was last proven to this bank
(`edge.tenant_log`): two banks that were shown two logs have both written it down.

Taken in the event loop, given out in the clerk's thread: each attribute is swapped whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import structlog

from bayward.core.clock import MINUTE_MS, SECOND_MS, Instant
from bayward.core.events import Event, EventType
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.ledger.sandwich import Cosigned, open_cosigned
from bayward.ledger.strict import base64_text

BEACON_MS_MIN = MINUTE_MS  # a busy bank's log grows by one entry in a hundred or so

_log = structlog.get_logger("edge.beacons")


class Seen(msgspec.Struct, frozen=True):
    """What is kept of the last acknowledgement; `witness_note` is the tenant's checkpoint."""

    cosigned: str
    witness_note: str | None = None


Keep = Callable[[Seen], None]


class Beacons:
    """Beacons of one log, whose key is `own`; `keep` makes what was seen durable."""

    def __init__(
        self,
        own: VerifierKey,
        *,
        monotonic_ms: Callable[[], int],
        keep: Keep,
        kept: Seen | None,
        vkeys: Sequence[str] = (),
        above: Callable[[], Checkpoint | None] = lambda: None,
    ) -> None:
        self._own = own
        self._above = above
        self._monotonic_ms = monotonic_ms
        self._keep = keep
        self._witnesses: tuple[VerifierKey, ...] = ()
        self._newest: Cosigned | None = None
        self._logged: tuple[tuple[int, int], int] | None = None  # size and time of it, and when
        self._kept_ms: int | None = None
        self.trust(vkeys)
        if kept is not None:
            self._newest = self._opened(kept.cosigned)

    @property
    def newest(self) -> Cosigned | None:
        """The newest verified cosignature."""
        return self._newest

    def trust(self, vkeys: Sequence[str]) -> None:
        """Whose cosignatures count: keys that are pinned (`edge.host`)."""
        try:
            keys = tuple(parse_vkey(one) for one in vkeys)
        except LedgerError as error:
            _log.warning("witness key unreadable", why=str(error))
            return
        self._witnesses = tuple(key for key in keys if key.is_cosigner)

    def take(self, note: str, witness_note: str | None) -> Cosigned | None:
        """A cosignature has arrived; what does not verify, or is older, changes nothing."""
        found = self._opened(note)
        newest = self._newest
        if found is None:
            return None
        if newest is not None and _age(found) <= _age(newest):
            return None
        self._newest = found
        now = self._monotonic_ms()
        if self._kept_ms is None or now - self._kept_ms >= BEACON_MS_MIN:
            self._kept_ms = now  # a card is not written once more for each upload
            self._keep(Seen(note, witness_note))
        return found

    def due(self, time: Instant) -> Event | None:
        """The beacon to write above what is about to be written, if one is due."""
        newest, logged = self._newest, self._logged
        if newest is None:
            return None
        if logged is not None:
            age, at = logged
            if _age(newest) <= age or self._monotonic_ms() - at < BEACON_MS_MIN:
                return None
        above = self._above()
        return Event(
            type=EventType.BEACON_SEEN,
            time=time,
            origin=newest.checkpoint.origin,
            log_size=newest.checkpoint.size,
            cosigned_at=newest.time * SECOND_MS,
            detail=newest.digest,
            above_size=None if above is None else above.size,
            above_root=None if above is None else base64_text(above.root),
        )

    def logged(self, beacon: Event) -> None:
        """It is durable."""
        age = beacon.log_size or 0, (beacon.cosigned_at or 0) // SECOND_MS
        self._logged = (age, self._monotonic_ms())

    def _opened(self, note: str) -> Cosigned | None:
        if not self._witnesses:
            return None
        try:
            return open_cosigned(note, self._own, self._witnesses)
        except LedgerError as error:
            _log.warning("cosignature refused", why=str(error))
            return None


def _age(cosigned: Cosigned) -> tuple[int, int]:
    """What makes one newer than another: a quiet bank's log is cosigned again at the same size."""
    return cosigned.checkpoint.size, cosigned.time
