"""The code book of a bank, from its key and the epochs kept beside the log."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from bayward.edge.codes import (
    SALT_BYTES,
    Argon2id,
    CodeBook,
    Epoch,
    Pbkdf2,
    Stretch,
    epoch_from_dict,
)
from bayward.edge.settings_file import CodesTable
from bayward.edge.state_dir import StateDir


class _Epochs(Struct, frozen=True):
    epochs: tuple[dict[str, int | str], ...]


def open_code_book(
    state: StateDir,
    bank_key: bytes,
    settings: CodesTable,
    *,
    random_bytes: Callable[[int], bytes],
    randbelow: Callable[[int], int],
    stretch: Stretch | None = None,
) -> CodeBook:
    """Open the book, beginning an epoch when there is none or another stretch is asked for.

    `stretch` overrides the settings (simulations cannot afford the real one).
    """
    wanted = stretch or (Pbkdf2() if settings.stretch == "pbkdf2" else Argon2id())
    kept = state.load("codes", _Epochs) or _Epochs(())
    epochs = [epoch_from_dict(dict[str, object](one)) for one in kept.epochs]
    if not epochs or epochs[0].stretch != wanted:
        number = epochs[0].number + 1 if epochs else 0
        epochs.insert(0, Epoch(number, random_bytes(SALT_BYTES), wanted))
        told = tuple(_told(epoch) for epoch in epochs)
        state.save("codes", _Epochs(told))
    return CodeBook(bank_key, epochs, length=settings.length, randbelow=randbelow)


def _told(epoch: Epoch) -> dict[str, int | str]:
    return {
        "number": epoch.number,
        "salt": epoch.salt.hex(),
        "stretch": epoch.stretch.label,
    }
