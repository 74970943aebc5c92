"""The program of a sealing process: fields come in, leaves and what opens them go out.

    python -I -m bayward.cloud.storage.log_store.sealer       with a socket as standard input

Each message stands behind its length (u32). What comes in is written by `marshal`: it is quick,
keeps the types that fields may have as they are, and refuses all others. It must never be read from
somebody who is not trusted; here whoever started the process is on the other side, and nobody
else can be. What goes out is MessagePack, read by form (`Answer`).

The process holds no keys and opens no files. It ends when the socket does, so it does not outlive
who started it, however that ended.
"""

from __future__ import annotations

import marshal
import signal
import socket
from collections.abc import Sequence

import msgspec

from bayward.ledger.errors import LedgerError
from bayward.ledger.leaf import SALT_BYTES, Value, seal_each, seal_lines

LENGTH_BYTES = 4
PLAIN = 2
"""Version of `marshal`: the last that does not look for objects that are there twice."""

Lines = tuple[bytes, bytes]
"""A leaf and what opens it, disclosure by disclosure (`ledger.leaf.seal_lines`)."""
Answer = tuple[int, list[Lines | None]]
"""Number of the question; for each event its lines, or None when it cannot be sealed."""

_write = msgspec.msgpack.Encoder().encode


def framed(message: bytes) -> bytes:
    """A message as it goes through the socket."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def question(number: int, salts: bytes, events: Sequence[dict[str, Value]]) -> bytes:
    """A message that asks for events to be sealed, `SALT_BYTES` of the salts for each field.

    Raises `ValueError` for what no field may be.
    """
    return framed(marshal.dumps((number, salts, list(events)), PLAIN))


def answer(message: bytes) -> bytes:
    """The answer to a question, with its length."""
    number, salts, events = marshal.loads(message)  # noqa: S302 - of who started this process
    try:
        return framed(_write((number, seal_each(events, salts))))
    except LedgerError:
        return framed(_write((number, _one_by_one(events, salts))))


def _one_by_one(events: Sequence[dict[str, Value]], salts: bytes) -> list[Lines | None]:
    """Those that can be sealed; who asked finds out what is wrong with the others."""
    at, found = 0, list[Lines | None]()
    for fields in events:
        end = at + SALT_BYTES * len(fields)
        try:
            found.append(seal_lines(fields, salts[at:end]))
        except LedgerError:
            found.append(None)
        at = end
    return found


def serve(channel: socket.socket) -> None:
    """Answer until the other side is gone."""
    with channel, channel.makefile("rb") as asked:
        try:
            while len(head := asked.read(LENGTH_BYTES)) == LENGTH_BYTES:
                size = int.from_bytes(head, "big")
                message = asked.read(size)
                if len(message) < size:
                    return
                channel.sendall(answer(message))
        except ConnectionError:
            return


def main() -> None:
    """The process. An interrupt from the keyboard is for who started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=0))


if __name__ == "__main__":
    main()
