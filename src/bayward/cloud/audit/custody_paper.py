"""The custody form of a pack as a page, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from bayward.cloud.audit import sheets
from bayward.ui.i18n import FALLBACK, catalogues

Row = Mapping[str, str]

_FACTS = (
    ("Case number", "case"), ("Exhibit number", "exhibit"), ("Label", "item"),
    ("Description", "description"), ("Kind", "kind"), ("Received from", "received_from"),
    ("Where and why", "where_and_why"),
)  # fmt: skip
_HEADS = (
    "#", "Date and time (UTC)", "What happened", "Entered by", "Released by", "Received by",
    "Seal, state", "Remarks", "Entry",
)  # fmt: skip
_LEGEND = Markup(
    "<p>Who held which item when, by the entries of the log that are in this pack. Each line"
    " names its entry, which the verifiers prove. A name in brackets stands in an entry that"
    " is not in the pack, or was not to be handed over.</p>\n"
    "<p><b>Names of people, doors and places are what the control plane called them when this pack"
    " was asked for, {named_at}. No entry proves them: the id below each name is what the entry"
    " says.</b> What a party outside is called stands in the entry itself.</p>\n"
    "<p><b>Entered by</b> says what was shown for the line. <i>{code}</i>: that person showed a"
    " fresh code of their own for this very line. <i>{witness}</i>: they had shown it for the offer"
    " before it, and the witness one for this line. <i>{session}</i>: somebody had signed in as"
    " that person, perhaps hours before. <i>{bank}</i>: a report of a bank, whose own log says what"
    " was shown there. Who releases an item to somebody here showed their code for the line"
    " <i>Offered</i>; who is outside shows none.</p>\n"
)


def paper(found: Sequence[Row], name: str, named_at: str) -> bytes:
    """The form of each item of the pack `name`, whose names were asked for at `named_at`."""
    words = {one: _signed(one) for one in ("code", "witness", "session", "bank")}
    body = _LEGEND.format(named_at=named_at, **words)
    heads = Markup("").join(Markup("<th>{}</th>").format(head) for head in _HEADS)
    for item in dict.fromkeys(row["item_id"] for row in found):
        its = [row for row in found if row["item_id"] == item]
        facts = Markup("").join(
            Markup("<tr><th>{}</th><td>{}</td></tr>\n").format(head, _fact(its[0], field))
            for head, field in _FACTS
        )
        body += Markup(
            "<h2>Item {label}</h2>\n<table class=facts><tbody>\n{facts}</tbody></table>\n"
            "<table class=lines><thead><tr>{heads}</tr></thead><tbody>\n{lines}</tbody></table>\n"
        ).format(
            label=its[0]["item"],
            facts=facts,
            heads=heads,
            lines=Markup("").join(_line(row) for row in its),
        )
    return sheets.page(f"Chain of custody in {name}", body + sheets.HAND_OVERS, is_wide=True)


def _fact(row: Row, field: str) -> Markup:
    return _who(row, field) if field == "received_from" else Markup("{}").format(row[field] or "–")  # noqa: RUF001 - "not given"


def _line(row: Row) -> Markup:
    is_broken = row["is_broken"] == "yes"
    is_seal_broken = row["is_seal_broken"] == "yes"
    seal = ", ".join(row[name] for name in ("seal", "seal_state") if row[name])
    if row["seal_before"]:
        seal += f", where {row['seal_before']} was"
    mark = "Interrupted: " if is_broken else "Seal: " if is_seal_broken else ""
    cells = Markup("").join(
        Markup("<td>{}</td>").format(cell)
        for cell in (
            row["number"],
            row["time_utc"].removesuffix(" UTC"),
            _over(mark + row["in_words"], row["what"]),
            _entered(row),
            _released(row),
            _who(row, "received_by"),
            seal,
            _remarks(row),
            _over(row["entry"], _bank(row)),
        )
    )
    return Markup("<tr{}>{}</tr>\n").format(
        Markup(' class="broken"') if mark else Markup(""), cells
    )


def _released(row: Row) -> Markup:
    if not row["not_released_by"]:
        return _who(row, "released_by")
    return Markup("<b>Not released</b><br>held by {}").format(_who(row, "not_released_by"))


def _entered(row: Row) -> Markup:
    who = _who(row, "by") + Markup("<small>{}</small>").format(_signed(row["signed"]))
    if not row["witness"]:
        return who
    code = _signed("code") if row["signed"] == "witness" else ""
    return who + Markup("<br>witness: {}<small>{}</small>").format(_who(row, "witness"), code)


def _remarks(row: Row) -> Markup:
    told = [
        Markup("{}: {}").format(head, cell)
        for head, cell in (
            ("Offered to", _who(row, "offered_to")),
            ("Kept at", row["kept_at"]),
            ("Authority", row["authority"]),
            ("Photo, SHA-256", row["photo_sha256"]),
        )
        if cell
    ]
    in_head = {row["description"], row["where_and_why"]}
    if row["comments"] and not (row["what"] == "item.registered" and row["comments"] in in_head):
        told.append(Markup("{}").format(row["comments"]))
    return Markup("<br>").join(told)


def _who(row: Row, field: str) -> Markup:
    name, ref = row[field], row[f"{field}_id"]
    return _over(name, ref if ref != name else "")


def _bank(row: Row) -> str:
    return f"{row['bank_entry']} of {row['bank_log']}" if row["bank_log"] else ""


def _over(text: str, small: str) -> Markup:
    under = Markup("<small>{}</small>").format(small) if small else Markup("")
    return Markup("{}{}").format(text, under)


def _signed(key: str) -> str:
    return catalogues()[FALLBACK].text(f"console.signed.{key}")
