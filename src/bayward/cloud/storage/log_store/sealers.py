"""Events sealed by other processes, for a program that has a core to spare.

Sealing is most of what an entry of a log costs, and in one process nothing else is done meanwhile.
`Sealers` hands what many clients want sealed to processes of its own, and while these seal for
some clients, the entries of others are committed. They are a help and no part of what is kept: a
process that dies, hangs or answers nonsense is given up and not replaced, and what it was asked
is sealed here, with fresh salts. Nobody hears of it but the program's own log; and since an entry
is appended after it was sealed, no receipt can be lost or given twice.

A few events at a time are sealed here, too: the way there and back takes longer.

What it means for secrecy: fields in clear and their salts, which this process has anyway, are also
in the memory of another one of the same user while they are sealed. It has no keys, no files
and an empty environment, is reached only through a socket without a name, and what it says is
believed as this program believes itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import structlog

from bayward.cloud.storage.log_store.sealer import Lines
from bayward.cloud.storage.log_store.sealer_process import SealerProcess
from bayward.core.errors import Misconfigured
from bayward.ledger.leaf import SALT_BYTES, Value, seal_lines

SEALERS_MAX = 16
WAITING_MAX = 4_096
"""Events that processes are asked for; what is more is sealed here, so who asks has to wait."""
HERE_MAX = 31
"""Events that come at once and are not worth a journey."""
PART_MIN = 32
"""Events of a question; fewer in a commit cost more than they save."""
QUESTIONS = 2
"""That a process is asked and has not answered."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    fields: dict[str, Value]
    lines: asyncio.Future[Lines]


class Sealers:
    """Processes that seal; an asynchronous context manager. With `count` 0 all is sealed here.

    `random` makes the salts. Raises `Misconfigured` for more than `SEALERS_MAX`.
    """

    def __init__(self, count: int, random: Callable[[int], bytes]) -> None:
        if not 0 <= count <= SEALERS_MAX:
            raise Misconfigured("storage.sealers", count=count)
        self._random = random
        self._every = [SealerProcess(self._lost) for _ in range(count)]
        self._at_work: list[SealerProcess] = []
        self._gathered: list[_Waiting] = []
        self._is_due = False  # to be shared out in this turn of the loop

    @property
    def at_work(self) -> tuple[int, ...]:
        """The process ids of those that can be asked."""
        return tuple(one.pid for one in self._at_work)

    async def __aenter__(self) -> Self:
        """Start the processes; raises `OSError`."""
        try:
            for one in self._every:
                self._at_work.append(await one.start())
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them; what they were still asked is sealed here, as is whatever comes later."""
        self._at_work.clear()
        for one in self._every:
            await one.end()

    async def seal(self, fields: Mapping[str, Value]) -> Lines:
        """Seal fields under fresh salts; gives what `ledger.leaf.seal_lines` gives.

        Raises `Malformed` as that does.
        """
        busy = len(self._gathered) + sum([one.busy for one in self._at_work])
        if not self._at_work or busy >= WAITING_MAX:
            return self._seal_here(fields)
        self._soon()
        waiting = _Waiting(dict(fields), asyncio.get_running_loop().create_future())
        self._gathered.append(waiting)
        return await waiting.lines

    def _soon(self) -> None:
        """Share out behind everybody who is woken in the same turn."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._share_out)

    def _share_out(self) -> None:
        """Give each process two questions: it answers one while the other's events are committed.

        What comes when all have them waits for an answer, and a few for more to come.
        """
        self._is_due = False
        is_idle = not any(one.questions for one in self._at_work)
        if not self._at_work or (is_idle and len(self._gathered) <= HERE_MAX):
            part, self._gathered = self._gathered, []
            self._answer_here(part)
            return
        free = sum(QUESTIONS - one.questions for one in self._at_work)
        parts = min(free, len(self._gathered) // PART_MIN)
        for left in range(parts, 0, -1):
            step = -(-len(self._gathered) // left)
            part, self._gathered = self._gathered[:step], self._gathered[step:]
            self._ask(min(self._at_work, key=lambda one: one.questions), part)

    def _ask(self, one: SealerProcess, part: Sequence[_Waiting]) -> None:
        events = [waiting.fields for waiting in part]
        salts = self._random(SALT_BYTES * sum(map(len, events)))
        try:
            one.ask(events, salts, partial(self._told, part))
        except ValueError:  # somebody's field is nothing that a field may be
            self._answer_here(part)

    def _told(self, part: Sequence[_Waiting], found: Sequence[Lines | None]) -> None:
        for one, lines in zip(part, found, strict=True):
            if lines is None:
                self._answer_here([one])  # and finds out why
            elif not one.lines.done():  # its client may have gone
                one.lines.set_result(lines)
        if self._gathered:
            self._soon()

    def _lost(self, one: SealerProcess, why: str) -> None:
        if one in self._at_work:
            self._at_work.remove(one)
            _log.error("sealer.lost", pid=one.pid, why=why, events=one.busy)
        if self._gathered:
            self._soon()

    def _answer_here(self, part: Sequence[_Waiting]) -> None:
        for one in part:
            if one.lines.done():
                continue
            try:
                one.lines.set_result(self._seal_here(one.fields))
            except Exception as error:  # noqa: BLE001 - told to whom it concerns
                one.lines.set_exception(error)

    def _seal_here(self, fields: Mapping[str, Value]) -> Lines:
        return seal_lines(fields, self._random(SALT_BYTES * len(fields)))
