"""The register of processing (GDPR article 30), read from how the columns are declared.

Each line is one kind of data in one table: nothing can be kept that is not in it, because a column
about a person does not get past the tests without its declaration.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields

from bayward.cloud.privacy.plan import period_of, personal_columns
from bayward.cloud.storage import schema as s
from bayward.cloud.storage.schema.columns import Erase, Period, Personal

_INTRODUCTION = """\
# Personal data

What the control plane's tables keep of people: why, on what ground, how long, and how. It is the
register of processing of GDPR article 30 as far as a program can know it; whoever runs it adds who
he is, and his processors. Made from the schema by `cloud/privacy/register.py`; the console has
the same as a file, with the periods the tenant has chosen (*Privacy*). The fields of the logs are
sealed under the same keys ([0009](../decisions/0009-keys-that-can-be-destroyed.md)). A bank's own
disk keeps ids, tracking numbers, and the names and dwellings of whom parcels may be left for;
whoever is erased goes from there, too ([0018](../decisions/0018-banks-forget-by-order.md)).

*Sealed*: encrypted under a key that is destroyed with the person or party
([0017](../decisions/0017-cells-under-a-persons-key.md)). *Id*: random, says nothing by itself.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of data in one table."""

    table: str
    category: str
    columns: str
    purpose: str
    basis: str
    kept: str
    how: str
    recipients: str


def lines(days: Mapping[str, int] | None = None) -> Iterator[Line]:
    """The register; `days` by kind where a tenant has chosen its own periods."""
    chosen = days or {}
    for name, table in sorted(s.metadata.tables.items()):
        found: dict[tuple[object, ...], Line] = {}
        for column, one in personal_columns(table).items():
            how, kept = _how(one), _kept(period_of(table), one, chosen)
            key = (one.category, one.ground, how, kept)
            named = f"{found[key].columns}, {column}" if key in found else column
            found[key] = Line(
                name,
                one.category,
                named,
                one.ground.purpose,
                one.ground.basis,
                kept,
                how,
                one.ground.recipients,
            )
        yield from found.values()


def csv_text(days: Mapping[str, int]) -> str:
    """A tenant's register as a table for other programs (RFC 4180)."""
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow(field.name for field in fields(Line))
    writer.writerows(map(astuple, lines(days)))
    return told.getvalue()


def page() -> str:
    """`docs/reference/personal-data.md`."""
    rows = [
        f"| `{one.table}` | {one.category} | {_code(one.columns)} | {one.purpose}; {one.basis} |"
        f" {one.kept} | {one.how} |"
        for one in lines()
    ]
    told = {(one.purpose, one.recipients): None for one in lines()}
    return "\n".join([
        _INTRODUCTION,
        "| table | kind | columns | why; ground | kept | how |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        "## Who is told",
        "",
        *(f"- For *{purpose}*: {recipients}." for purpose, recipients in sorted(told)),
        "",
    ])  # fmt: skip


def _how(one: Personal) -> str:
    if one.is_sealed:
        return "sealed"
    return "id" if one.category == "identifier" else f"plain: {one.plain}"


def _kept(period: Period | None, one: Personal, chosen: Mapping[str, int]) -> str:
    erased = "deleted" if one.erase is Erase.DELETE else "blanked"
    if one.of == "tenant":
        return "as long as the row"
    if period is None:
        return f"until erased, then {erased}"
    then = "deleted" if period.then is Erase.DELETE else "blanked"
    count = chosen.get(period.kind, period.days)
    days = "1 day" if count == 1 else f"{count} days"
    return f"{days} from {period.since}, then {then}"


def _code(columns: str) -> str:
    return ", ".join(f"`{one}`" for one in columns.split(", "))
