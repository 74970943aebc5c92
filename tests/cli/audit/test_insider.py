"""What an insider can do with what he has stolen, and who notices (audit case 18).

Each theft is carried out and put before everybody; the table in the threat model is made of
what they said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from attacked_log import EARLIER, HONEST, MONITOR, StoredLog, Verifiers, command
from bayward.ledger.keys import cosigner
from golden_text import assert_golden_blocks
from ledger_bench import IMPOSTOR, LOG, ed25519_key, event, witness

THREATS = Path(__file__).parents[3] / "docs/explanation/threat-model.md"
HEADS = (
    "he has", "and does", "the log alone", "and an older receipt", "a monitor that saw it before",
    "a witness that saw it before", "a newcomer who asks for a witness",
)  # fmt: skip
NOTHING = "nothing"
EDITED = HONEST.with_row(10, event(900).leaf)
OWN_COSIGNER = cosigner("audit.example.com/d/witness", ed25519_key("own cosigner"), 9)
CONTINUED = StoredLog.of([event(n) for n in (*range(25), *range(700, 730))])


@dataclass(frozen=True)
class Theft:
    """What is stolen, what is done with it, and the log that comes of it."""

    has: str
    does: str
    log: StoredLog


SQL, KEY = "every right in the database, no key", "the key of the log, not the database"
BOTH = "the key and the database"
ALL = "everything of ours, our own witness's key too"
THEFTS = {
    "edit": Theft(SQL, "changes an entry", EDITED),
    "recompute": Theft(SQL, "and computes the tree anew", EDITED.recomputed()),
    "forge": Theft(SQL, "and signs it with a key of his own", EDITED.recomputed().signed(IMPOSTOR)),
    "restore": Theft(SQL, "puts yesterday's database back", EARLIER),
    "equivocate": Theft(
        KEY, "shows somebody another log", StoredLog.of([event(n) for n in range(700, 740)])
    ),
    "rewrite": Theft(BOTH, "rewrites the past", EDITED.recomputed().signed()),
    "continue": Theft(BOTH, "goes back, and on from there", CONTINUED),
    "all": Theft(ALL, "rewrites the past", EDITED.recomputed().signed(LOG, OWN_COSIGNER)),
    "witness": Theft(
        "that, and the witness that others ask for",
        "rewrites the past",
        EDITED.recomputed().signed(LOG, witness(9)),
    ),
}
Findings = tuple[str, ...]
"""What each column of the table finds."""


@pytest.fixture(scope="session")
def found(verifiers: Verifiers, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Findings]:
    """Every theft carried out once."""

    def tried(log: StoredLog) -> Findings:
        remembering = dict(verifiers.ask(log, HONEST))
        watched = {MONITOR: remembering.pop(MONITOR)}
        return (
            word(verifiers.ask(log)),
            word(remembering),
            word(watched),
            by_witness(log, tmp_path_factory.mktemp("witness")),
            by_newcomer(log, tmp_path_factory.mktemp("newcomer")),
        )

    return {name: tried(theft.log) for name, theft in THEFTS.items()}


def word(said: Mapping[str, list[str]]) -> str:
    """The word all of them begin with."""
    (first,) = {one[0].partition(" at ")[0] if one else NOTHING for one in said.values()}
    return first


def by_witness(log: StoredLog, folder: Path) -> str:
    """What a witness says that has cosigned the honest log before."""
    memory = ("--name", "example.com/me", "--state", str(folder / "state"), "--key", LOG.key.vkey)
    HONEST.write_files(folder / "before")
    code, said = command("audit", "witness", "pull", str(folder / "before"), *memory)
    assert code == 0, said
    log.write_files(folder / "served")
    return named(command("audit", "witness", "pull", str(folder / "served"), *memory), folder)


def by_newcomer(log: StoredLog, folder: Path) -> str:
    """What a monitor says on its first look, with a policy that asks for the outside witness."""
    policy = folder / "policy.txt"
    policy.write_text(f"log {LOG.key.vkey}\nwitness w {witness().key.vkey}\nquorum w\n")
    log.write_files(folder / "served")
    told = ("--state", str(folder / "state.json"), "--once", "--policy", str(policy))
    return named(command("audit", "monitor", str(folder / "served"), *told), folder)


def named(outcome: tuple[int, str], folder: Path) -> str:
    code, said = outcome
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert code == bool(wrong), said
    return (
        wrong[0].split(f"{folder / 'served'}: ", 1)[1].partition(":")[0].partition(" at ")[0]
        if wrong
        else NOTHING
    )


def test_audit_18_superuser_sql(found: Mapping[str, Findings]) -> None:
    for name in ("edit", "recompute", "forge"):
        assert NOTHING not in found[name][:2], "the signature is not his to give"


def test_audit_18_superuser_sql_with_a_backup(found: Mapping[str, Findings]) -> None:
    """The one thing that needs no key: a whole older state, signed by the log itself."""
    assert found["restore"] == (NOTHING, *["rollback"] * 3, NOTHING)


def test_audit_18_stolen_log_key_only(found: Mapping[str, Findings]) -> None:
    assert found["equivocate"] == (NOTHING, *["fork"] * 3, "not witnessed")


@pytest.mark.parametrize("name", ["rewrite", "continue"])
def test_audit_18_stolen_log_key_and_database(found: Mapping[str, Findings], name: str) -> None:
    assert found[name] == (NOTHING, *["fork"] * 3, "not witnessed")


def test_audit_18_stolen_everything_but_witnesses(found: Mapping[str, Findings]) -> None:
    assert found["all"] == (NOTHING, *["fork"] * 3, "not witnessed")
    assert found["witness"] == (NOTHING, *["fork"] * 3, NOTHING)


def test_audit_18_the_table_of_the_threat_model_is_what_was_found(
    found: Mapping[str, Findings],
) -> None:
    rows = [HEADS, ("---",) * len(HEADS)]
    previous = ""
    for name, theft in THEFTS.items():
        cells = (f"**{one}**" if one != NOTHING else one for one in found[name])
        rows.append(("" if theft.has == previous else theft.has, theft.does, *cells))
        previous = theft.has
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    assert_golden_blocks(THREATS, {"insider": table})
