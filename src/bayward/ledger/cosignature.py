"""What a cosigner signs (c2sp.org/tlog-cosignature), as bytes.

    Ed25519, 0x04      the lines `cosignature/v1` and `time <seconds>`, then the note's text
    ML-DSA-44, 0x06    a structure of label, cosigner, time, origin, range and root

The Ed25519 form does not hold the cosigner's name, so one key must never serve two names. The
ML-DSA form does, is safe against quantum computers, and speaks of origin, size and root only.
Both say: at this time this is the largest consistent tree of this log that I have seen.
"""

from __future__ import annotations

from bayward.ledger.errors import Malformed
from bayward.ledger.strict import MAX_NUMBER, base64_bytes, decimal

TIME_BYTES = 8
_LABEL = b"subtree/v1\n\0"
_OPAQUE_MAX = 255
_ROOT_BYTES = 32


def cosigned_bytes(text: bytes, time: int) -> bytes:
    """What a timestamped Ed25519 cosignature signs."""
    return b"cosignature/v1\ntime %d\n%s" % (time, text)


def subtree_bytes(
    cosigner: str, time: int, origin: str, *, start: int, end: int, root: bytes
) -> bytes:
    """What an ML-DSA-44 cosignature signs; raises `Malformed` for a statement it cannot hold.

    A time may stand only beside a subtree that begins at 0: it says "the largest tree".
    """
    if not (0 <= start <= end <= MAX_NUMBER and 0 <= time <= MAX_NUMBER) or (start and time):
        raise Malformed("cosignature.range", f"[{start}, {end}) at {time}")
    if len(root) != _ROOT_BYTES:
        raise Malformed("cosignature.root", f"{len(root)} bytes")
    return b"".join((
        _LABEL,
        _opaque(cosigner),
        time.to_bytes(TIME_BYTES, "big"),
        _opaque(origin),
        start.to_bytes(8, "big"),
        end.to_bytes(8, "big"),
        root,
    ))  # fmt: skip


def checkpoint_bytes(cosigner: str, time: int, text: bytes) -> bytes:
    """The same for a checkpoint's text; raises `Malformed` when the text is none.

    Only its first three lines are covered: nothing behind them can be cosigned in this form.
    """
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        raise Malformed("cosignature.text", "not UTF-8") from None
    if len(lines) < 4:  # noqa: PLR2004 - origin, size, root, and what follows the last newline
        raise Malformed("cosignature.text", "not a checkpoint")
    size = decimal(lines[1], "cosignature.text")
    root = base64_bytes(lines[2], "cosignature.text")
    return subtree_bytes(cosigner, time, lines[0], start=0, end=size, root=root)


def _opaque(text: str) -> bytes:
    raw = text.encode()
    if not 0 < len(raw) <= _OPAQUE_MAX:
        raise Malformed("cosignature.name", f"{len(raw)} bytes")
    return bytes([len(raw)]) + raw
