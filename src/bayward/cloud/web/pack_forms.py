"""The custody form in a pack, with what people, doors and places are called when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayward.cloud.custody import pack_form
from bayward.cloud.unit import Work
from bayward.cloud.web import item_lines
from bayward.cloud.web.words import Words
from bayward.core.events import EventType
from bayward.core.ids import TenantId
from bayward.core.item_chain import REPORTS


def rows(work: Work, tenant: TenantId, lines: Sequence[pack_form.Line]) -> list[Mapping[str, str]]:
    """The custody form of one item in a pack, with names as they are now."""
    names = item_lines.names(Words(work, tenant), gone=pack_form.NOT_HERE)
    return [_worded(row) for row in pack_form.rows(lines, names)]


def _worded(row: Mapping[str, str]) -> Mapping[str, str]:
    if row["what"] not in REPORTS | {EventType.CUSTODY_BROKEN}:
        return row
    return {**row, "comments": item_lines.BREAKS.get(row["comments"], row["comments"])}
