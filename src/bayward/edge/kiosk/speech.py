"""The screen read aloud through the loudspeaker of the edge computer.

Browsers on small machines come without voices, and a person who cannot see the screen cannot
bring one. `espeak-ng` is a program of its own; where it is not installed there is no button.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

PROGRAM = "espeak-ng"
TEXT_CHARS_MAX = 2_000  # the longest screen has 600
WORDS_PER_MINUTE = 150  # unhurried


class Speaker:
    """Says one text at a time; a new one interrupts the old."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._speaking: asyncio.subprocess.Process | None = None

    @classmethod
    def find(cls) -> Speaker | None:
        """The speaker of this machine, if it has one."""
        found = shutil.which(PROGRAM)
        return cls(Path(found)) if found else None

    async def say(self, text: str, language: str) -> None:
        """Begin to speak; raises `OSError` when the program cannot be started."""
        await self.hush()
        self._speaking = await asyncio.create_subprocess_exec(
            *(self._program, "-v", language, "-s", str(WORDS_PER_MINUTE), "--stdin"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        pipe = self._speaking.stdin
        if pipe is not None:
            pipe.write(text[:TEXT_CHARS_MAX].encode())
            pipe.close()

    async def hush(self) -> None:
        """Be quiet now."""
        speaking, self._speaking = self._speaking, None
        if speaking is not None:
            if speaking.returncode is None:
                speaking.kill()
            await speaking.wait()
