"""A `bank.toml` for a wall that is to stand on this machine, written once and kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

from bayward.core.compartment import Size
from bayward.core.errors import Misconfigured
from bayward.core.ids import ID_BYTES, BankId
from bayward.edge.identity import Identity
from bayward.edge.state_dir import StateDir
from bayward.sim.steel import bank_toml, build

Columns = Sequence[tuple[int, Size]]

COLUMNS = "4S,3M,2L"
DOORS_MAX = 1_000  # wire.limits.COMPARTMENTS_MAX
KIOSK_PORT = 8080
ISLAND = "simulated.example"
_COLUMN = re.compile(r"([1-9][0-9]?)(S|M|L|XL)")


def columns_of(text: str) -> Columns:
    """`4S,3M`: from the left, how many doors of which size; raises `Misconfigured`."""
    found = [_COLUMN.fullmatch(one.strip().upper()) for one in text.split(",")]
    columns = [(int(one[1]), Size(one[2])) for one in found if one is not None]
    if len(columns) != len(found) or sum(doors for doors, _ in columns) > DOORS_MAX:
        raise Misconfigured("wall.columns", columns=text[:80])
    return columns


def write(path: Path, columns: Columns, *, url: str, state: Path | None, web: str | None) -> None:
    """Describe a new wall in `path`, which must not exist.

    With the state directory of an enrolled computer it is that bank's, and its control plane is
    at `web`; else it is an island, which nobody can be given a code for.
    Raises `Misconfigured` when it is not enrolled, or the file is there.
    """
    chance = SystemRandom()
    identity = None if state is None else StateDir(state).load("identity", Identity)
    if state is not None and identity is None:
        raise Misconfigured("wall.not_enrolled", state=str(state))
    text = bank_toml(
        build(chance, columns),
        bank=BankId(identity.bank) if identity else BankId.of(chance.randbytes(ID_BYTES)),
        name="Simulated wall",
        site="This machine",
        deployment=identity.deployment if identity else ISLAND,
        port_url=url,
        kiosk_port=KIOSK_PORT,
        cloud={"web": web} if identity and web else None,
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Misconfigured("wall.exists", file=str(path)) from None
