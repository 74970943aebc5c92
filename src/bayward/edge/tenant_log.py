"""The bank as a witness of its tenant's log: what it remembers, and what it doubts.

What is shown is judged by `wire.tenant_log`. What holds is remembered durably, so that every bank
is a memory outside the control plane. What does not hold is kept as a file and written into the
bank's own log, once for each kind of doubt; the bank goes on working, and goes on saying so until
it is shown a log that continues what it remembers, or is enrolled again. Not being shown anything
is a doubt too, after `WITHHELD_MS` with the link up; time without a link does not count.

Judged in the event loop, given out in the clerk's thread: each attribute is swapped whole.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from bayward.core.clock import HOUR_MS, MINUTE_MS, Clock, Instant
from bayward.core.events import TEXT_CHARS_MAX, Event, EventType
from bayward.edge.state_dir import StateDir
from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey, parse_vkey
from bayward.wire import tenant_log as rules
from bayward.wire.messages import TenantLog
from bayward.wire.tenant_log import Doubted, Seen

FILE = "tenant-log"
EVIDENCE = "tenant-log-evidence-{number}.json"
EVIDENCE_MAX = 20  # files of a few kilobytes; a control plane that lies daily fills no card
WITHHELD_MS = 2 * HOUR_MS  # eight questions without a good answer
GAP_MS_MAX = MINUTE_MS  # a link that lives is looked at more often; more was a link that was down

WORDS = {
    rules.ROLLBACK: "The control plane shows an older state of its log than this bank has seen: "
    "its database was set back, or somebody took entries away.",
    rules.FORK: "The control plane shows another history than this bank has seen.",
    rules.SIGNATURE: "The control plane shows a log that is not signed by the key this bank was "
    "given at enrolment.",
    rules.NOT_IN_IT: "What the control plane acknowledged of this bank is not in the log it shows, "
    "or is told otherwise there.",
    rules.WITHHELD: "The control plane does not prove any more that this bank's entries are in its "
    "log.",
}

_log = structlog.get_logger("edge.tenant_log")


class Doubt(msgspec.Struct, frozen=True):
    """What does not hold: a reason of `wire.tenant_log`, and the two notes that show it."""

    reason: str
    known: str
    offered: str
    since: Instant


class Memory(msgspec.Struct, frozen=True):
    """What is kept; `note` is the newest checkpoint that held, "" before the first."""

    note: str = ""
    checked_at: Instant = Instant(0)
    doubt: Doubt | None = None


class TenantWatch:
    """See the top of this file; `vkey` was pinned at enrolment, without it nothing is watched."""

    def __init__(self, vkey: str | None, state: StateDir, clock: Clock) -> None:
        self._key = _key(vkey)
        self._state = state
        self._clock = clock
        self._memory = state.load(FILE, Memory) or Memory()
        self._seen = self._opened(self._memory.note)
        self._is_told = self._memory.doubt is None  # after a start it is said again
        self._silent_ms = 0
        self._looked_ms: int | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint of the tenant's log that held."""
        return None if self._seen is None else self._seen.checkpoint

    @property
    def doubt(self) -> Doubt | None:
        """What does not hold now."""
        return self._memory.doubt

    async def judge(
        self, shown: TenantLog, acked: int, own: Callable[[int], Awaitable[Checkpoint | None]]
    ) -> None:
        """Judge an answer; `own` gives our own log at a size, None when it has none of that size.

        Raises `Unavailable` when what was found cannot be kept.
        """
        if self._key is None:
            return
        size = rules.claimed_size(shown)
        ours = None if size is None else await own(size)
        self._silent_ms = 0
        try:
            seen = rules.check_tenant_log(shown, self._key, self._seen, ours, acked)
        except Doubted as doubted:
            self._remember(doubted.seen)
            self._doubt(doubted.code, doubted.why, shown)
        else:
            if self._memory.doubt is not None:
                _log.warning("tenant log proven again", doubted=self._memory.doubt.reason)
            self._remember(seen, is_proven=True)

    def still_connected(self) -> None:
        """The link is up now; called again and again while it is."""
        now = self._clock.monotonic_ms()
        if self._looked_ms is not None:
            self._silent_ms += min(now - self._looked_ms, GAP_MS_MAX)
        self._looked_ms = now
        is_late = self._key is not None and self._silent_ms >= WITHHELD_MS
        if is_late and self._memory.doubt is None:
            self._doubt(rules.WITHHELD, f"not shown for {WITHHELD_MS // HOUR_MS} h", None)

    def due(self, time: Instant) -> Event | None:
        """What the bank's log must be told of, if it has not been."""
        doubt = self._memory.doubt
        if doubt is None or self._is_told or self._key is None:
            return None
        return Event(
            type=EventType.TENANT_LOG_DOUBTED,
            time=time,
            origin=self._key.name,
            reason=doubt.reason,
            known=_fitting(doubt.known),
            offered=_fitting(doubt.offered),
        )

    def told(self) -> None:
        """It is durable."""
        self._is_told = True

    def health(self) -> dict[str, object] | None:
        """For the health document; None where nothing is watched."""
        if self._key is None:
            return None
        doubt = self._memory.doubt
        return {
            "size": 0 if self._seen is None else self._seen.checkpoint.size,
            "checked_at": self._memory.checked_at or None,
            "code": "" if doubt is None else doubt.reason,
            "words": "" if doubt is None else WORDS[doubt.reason],
        }

    def _remember(self, seen: Seen | None, *, is_proven: bool = False) -> None:
        """Durable before it is used: a checkpoint that was seen is never forgotten again."""
        memory = self._memory
        if seen is not None:
            memory = msgspec.structs.replace(memory, note=seen.note)
        if is_proven:
            memory = msgspec.structs.replace(memory, checked_at=self._clock.now(), doubt=None)
        if memory != self._memory:
            self._state.save(FILE, memory)
            self._memory = memory
        if seen is not None:
            self._seen = seen

    def _doubt(self, reason: str, why: str, shown: TenantLog | None) -> None:
        before = self._memory.doubt
        if before is not None and before.reason == reason:
            return
        offered = "" if shown is None else self._short(shown.checkpoint)
        known = "" if self._seen is None else self._seen.note
        doubt = Doubt(reason, known, offered, self._clock.now())
        _log.error("tenant log doubted", reason=reason, why=why, words=WORDS[reason])
        self._keep_evidence(doubt, why, shown)
        memory = msgspec.structs.replace(self._memory, doubt=doubt)
        self._state.save(FILE, memory)
        self._memory, self._is_told = memory, False

    def _keep_evidence(self, doubt: Doubt, why: str, shown: TenantLog | None) -> None:
        """As `cloud.audit.contradictions` gives it out, with all that was shown."""
        assert self._key is not None, "only what is watched is doubted"
        told = {
            "v": 1,
            "kind": "bayward-contradiction",
            "origin": self._key.name,
            "vkey": self._key.vkey,
            "refused": doubt.reason,
            "why": why,
            "at": doubt.since,
            "known": doubt.known,
            "offered": "" if shown is None else shown.checkpoint,
            "shown": None if shown is None else msgspec.to_builtins(shown, str_keys=True),
        }
        raw = json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n"
        for number in range(1, EVIDENCE_MAX + 1):
            name = EVIDENCE.format(number=number)
            if not (self._state.path / name).exists():
                self._state.write(name, raw)
                return

    def _short(self, note: str) -> str:
        """The offered note for an entry of the log: without other signatures, if it is signed."""
        found = self._opened(note)
        return "" if found is None else found.note

    def _opened(self, note: str) -> Seen | None:
        if self._key is None or not note:
            return None
        try:
            return rules.open_seen(note, self._key)
        except LedgerError:
            return None


def _fitting(note: str) -> str | None:
    """A note for an entry of the log; one with a very long name is in the evidence file only."""
    return note if 0 < len(note) <= TEXT_CHARS_MAX else None


def _key(vkey: str | None) -> VerifierKey | None:
    if vkey is None:
        return None
    try:
        return parse_vkey(vkey)
    except LedgerError as error:
        _log.warning("tenant key unreadable", why=str(error))
        return None
