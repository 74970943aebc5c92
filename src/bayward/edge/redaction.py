"""Finding in a journal what names somebody who was erased.

It is read with a connection of its own, so that doors do not wait while a log of years is looked
through. Ids are looked for as they stand in the column: a disclosure is base64url of JSON, and the
field's name says where in it the id begins, so SQLite compares and we open only what fits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bayward.core.events import Event
from bayward.core.ids import PersonId
from bayward.core.whose import ABOUT, whose
from bayward.edge import journal_schema
from bayward.edge.journal_reader import event_of, join, split
from bayward.ledger.leaf import SALT_CHARS, Disclosure
from bayward.ledger.strict import base64url_text

NAMING = tuple(sorted({name for names in ABOUT.values() for name in names}))
"""Fields that hold somebody's id."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is to be left of an entry: its disclosures as one column, and how it reads then."""

    place: int
    disclosures: str
    event: Event


def find(path: Path, person: PersonId) -> list[Rest]:
    """Entries that name somebody or hold what is his; raises `sqlite3.Error`."""
    fits = " OR ".join("instr(disclosures, ?)" for _ in NAMING)
    query = f"SELECT place, leaf, disclosures FROM entry WHERE {fits} ORDER BY place"  # noqa: S608 - only question marks are put in
    needles = tuple(_needle(name, person) for name in NAMING)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return list(_found(connection.execute(query, needles), person))


def let_go(path: Path, person: PersonId) -> int:
    """Take somebody out of the log of an older epoch, which nobody writes any more.

    Gives how many entries named him; raises `sqlite3.Error`, or `Unavailable`.
    """
    found = find(path, person)
    with closing(journal_schema.connect(path)) as connection:
        journal_schema.prepare(connection)
        if found:
            connection.execute("BEGIN IMMEDIATE")
            journal_schema.let_go(connection, {one.place: one.disclosures for one in found})
            connection.execute("DELETE FROM snapshot")
            connection.execute("COMMIT")
        journal_schema.scrub(connection)
    return len(found)


def _found(rows: Iterator[tuple[int, bytes, str]], person: PersonId) -> Iterator[Rest]:
    for place, leaf, column in rows:
        disclosures = split(column)
        fields = {one.name: one.value for one in map(Disclosure.parse, disclosures)}
        owners = whose(fields)
        kept = [
            text for text, name in zip(disclosures, fields, strict=True) if owners[name] != person
        ]
        if len(kept) < len(disclosures):
            yield Rest(place, join(kept), event_of(leaf, kept))


def _needle(name: str, person: PersonId) -> str:
    """The part of an id that looks the same in every disclosure of this field."""
    before = len('["') + SALT_CHARS + len(f'","{name}","')
    skipped = -before % 3  # base64 turns three bytes into four characters
    whole = (len(person) - skipped) // 3 * 3
    return base64url_text(person[skipped : skipped + whole].encode())
