"""Keeping the anchor: enter what has grown, ask the witnesses, and go on when one is away.

The witnesses are those of a policy file (c2sp.org/tlog-policy) with their addresses, which are
submission prefixes (c2sp.org/tlog-witness): `add-checkpoint` is asked for below. A witness that
cannot be reached, or that remembers another log, is said and asked again with the next round;
nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

import httpx
import structlog

from bayward.cloud.audit import anchor
from bayward.cloud.audit.stamping import Stamper
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import SECOND_MS
from bayward.core.errors import BaywardError, Misconfigured
from bayward.ledger.checkpoint import parse_text
from bayward.ledger.errors import LedgerError
from bayward.ledger.keys import VerifierKey
from bayward.ledger.note import split_note
from bayward.ledger.policy import Party, parse_policy
from bayward.ledger.strict import decimal
from bayward.ledger.witness import Request

ENTER_MS = 10 * SECOND_MS
ASK_EVERY = 6  # rounds: once a minute
STAMP_EVERY = 360  # rounds: once an hour
TIMEOUT_S = 15
ANSWER_BYTES_MAX = 64 * 1024
ADD_CHECKPOINT = "add-checkpoint"

_log = structlog.get_logger()

Connect = Callable[[], httpx.AsyncClient]
Answer = tuple[Request, list[str], VerifierKey]
"""What a witness was sent, the lines it gave, and its key."""


class Anchoring:
    """Anchors the logs of one deployment; `connect` makes the client that asks witnesses."""

    def __init__(
        self,
        unit: Unit,
        witnesses: Sequence[Party],
        connect: Connect | None = None,
        stamper: Stamper | None = None,
    ) -> None:
        self._unit = unit
        self._stamper = stamper
        self._witnesses = tuple(witnesses)
        self._connect = connect or (lambda: httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False))

    async def run(self) -> None:
        """Enter every few seconds, ask every minute, stamp every hour, until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(ENTER_MS / SECOND_MS)
            rounds += 1
            try:
                await self.enter()
                if rounds % ASK_EVERY == 0:
                    await self.ask()
                if rounds % STAMP_EVERY == 0:
                    await self.stamp()
            except BaywardError as error:  # the database is busy or full: the next round
                _log.warning("anchor.round", code=error.code)

    async def settle(self) -> None:
        """A round at once, for who is about to show a log: enter, ask, stamp."""
        await self.enter()
        await self.ask()
        await self.stamp()

    async def enter(self) -> int:
        """Enter what has grown; a quiet deployment costs one read."""
        if not await self._unit.read(anchor.grown):
            return 0
        return await self._unit.write(anchor.append_grown)

    async def ask(self) -> None:
        """Have each witness cosign the anchor as it is now, all of them the same checkpoint.

        Their answers are kept together: whoever reads the anchor meanwhile sees the round before.
        """
        head = await self._unit.read(anchor.find)
        if head is None or not head.note or not self._witnesses:
            return
        asked = [self._ask_one(one, head.note) for one in self._witnesses]
        answers = [one for one in await asyncio.gather(*asked) if one is not None]
        if answers:
            await self._unit.write(lambda work: _keep(work, answers))

    async def _ask_one(self, party: Party, note: str) -> Answer | None:
        try:
            return await self._ask(party.key, party.url or "", note)
        except (httpx.HTTPError, BaywardError, LedgerError, ValueError) as error:
            _log.warning("anchor.witness", witness=party.key.name, why=str(error)[:200])
            return None

    async def stamp(self) -> None:
        """Have the time-stamp authority stamp the anchor, when there is one."""
        note = None
        if self._stamper is not None:
            note = await self._unit.read(anchor.to_stamp)
        if self._stamper is None or note is None:
            return
        try:
            token = await self._stamper.stamp(note.encode())
        except BaywardError as error:  # it is away, or its answer does not hold: the next hour
            _log.warning("anchor.stamp", code=error.code)
            return
        await self._unit.write(lambda work: anchor.keep_stamp(work, note, token))

    async def _ask(self, witness: VerifierKey, url: str, note: str) -> Answer | None:
        seen = await self._unit.read(lambda work: anchor.seen_by(work, witness.name))
        if seen is not None and seen.checkpoint == parse_text(split_note(note)[0]):
            return None  # it has signed this one
        old_size = 0 if seen is None else seen.checkpoint.size
        answer = await self._send(url, note, old_size)
        if answer is not None and answer[1].status_code == HTTPStatus.CONFLICT:
            known = decimal(answer[1].text.removesuffix("\n"), "witness.size")
            _log.info("anchor.witness_knows", witness=witness.name, size=known, we=old_size)
            answer = await self._send(url, note, known)
        if answer is None:
            return None
        request, response = answer
        if response.status_code != HTTPStatus.OK:
            raise ValueError(f"{response.status_code}: {response.text[:120]}")
        lines = [f"{line}\n" for line in response.text.removesuffix("\n").split("\n")]
        return request, lines, witness

    async def _send(
        self, url: str, note: str, old_size: int
    ) -> tuple[Request, httpx.Response] | None:
        request = await self._unit.read(lambda work: anchor.request_for(work, note, old_size))
        if request is None:
            return None
        async with self._connect() as client:
            response = await client.post(
                f"{url.rstrip('/')}/{ADD_CHECKPOINT}", content=request.body
            )
        if len(response.content) > ANSWER_BYTES_MAX:
            raise ValueError("its answer is too long")
        return request, response


def _keep(work: Work, answers: Sequence[Answer]) -> None:
    """Keep what holds; one that does not spoils no other."""
    for request, lines, witness in answers:
        try:
            anchor.keep_cosignature(work, request, lines, witness)
        except LedgerError as error:
            _log.warning("anchor.witness", witness=witness.name, why=str(error)[:200])


def policy_text(path: Path | None, logs: Sequence[VerifierKey], url: str) -> str:
    """A policy (c2sp.org/tlog-policy) for the anchor: its keys, and the witnesses it asks.

    It says whom the operator asks. Whom to believe is for the reader to decide.
    """
    lines = [f"log {log.vkey} {url}" for log in logs]
    if path is None:
        return "\n".join([*lines, "quorum none"]) + "\n"
    raw = path.read_bytes()
    parse_policy(raw)
    told = (line.strip() for line in raw.decode(errors="replace").splitlines())
    lines += [one for one in told if one and not one.startswith("#") and one.split()[0] != "log"]
    return "\n".join(lines) + "\n"


def read_witnesses(path: Path | None) -> list[Party]:
    """The witnesses of a policy file; raises `Misconfigured` when one has no address."""
    if path is None:
        return []
    try:
        policy = parse_policy(path.read_bytes())
    except OSError as error:
        raise Misconfigured("settings.unreadable", file=str(path), why=str(error)) from error
    except LedgerError as error:
        raise Misconfigured("settings.value", file=str(path), expected=str(error)) from error
    found = list(policy.witnesses.values())
    if not found or any(one.url is None for one in found):
        raise Misconfigured("settings.value", file=str(path), expected="witnesses with addresses")
    return found
