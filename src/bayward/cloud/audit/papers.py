"""The papers of a pack, for people: what it is, how to check it, and forms to sign.

Everything here is made from the records and adds nothing to them. What somebody has to know or
to swear is left for him to fill in: a program cannot certify itself.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bayward.cloud.audit import case, pack_custody, paper_words, sheets
from bayward.cloud.audit.custody_paper import Row
from bayward.cloud.audit.evidence_store import Evidence
from bayward.cloud.audit.paper_words import Above
from bayward.cloud.audit.sheets import harmless, time_text
from bayward.core.events import Event
from bayward.ledger.leaf import Value

ENTRY_FIELDS = (
    "time", "type", "compartment", "parcel", "actor", "recipient", "method", "result", "reason",
)  # fmt: skip
_ROWS_MAX = 2_000  # of the printed report; the file has them all


def digest(raw: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry of a range, with the fields that are shown."""

    index: int
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Papers:
    """What the papers are made of; `verifiers` are verify.py and verify.html."""

    asked: Evidence
    order: Event
    vkey: str
    shown: Sequence[Shown]
    verifiers: Mapping[str, bytes]
    above: Above
    custody: Sequence[Row] = ()

    def files(self) -> dict[str, bytes]:
        """All of them, by path."""
        words = self._words()
        data = {
            "data/entries.csv": self._entries(),
            "data/report.html": self._report(),
            "data/certification-902.html": self._certification(),
            **pack_custody.files(self.custody, self.asked),
        }
        data["data/case.jsonld"] = case.graph(
            self.asked.name,
            at=self.asked.asked_at,
            authority=words["authority"],
            handed_to=words["handed_to"],
            reason=words["reason"],
            files={path: digest(body) for path, body in data.items()},
            custody=self.custody,
        )
        told = {
            "README.txt": paper_words.README.format(**words).encode(),
            "VERIFY.txt": paper_words.VERIFY.format(**words).encode(),
        }
        return {**data, **told, **self.verifiers}

    def info(self) -> list[tuple[str, str]]:
        """What bag-info.txt says."""
        words = self._words()
        return [
            ("Source-Organization", "Bayward"),
            ("Bagging-Date", words["asked"][:10]),
            ("External-Description", f"Entries {words['first']} to {words['last']} of a log"),
            ("Legal-Authority", words["authority"]),
            ("Recipient", words["handed_to"]),
            ("Reason", words["reason"]),
        ]

    def _words(self) -> dict[str, str]:
        asked = self.asked
        return {
            "name": asked.name,
            "origin": asked.origin,
            "first": str(asked.first),
            "last": str(asked.until - 1),
            "size": str(asked.size),
            "asked": time_text(asked.asked_at),
            "authority": _line(self.order.authority),
            "handed_to": _line(self.order.handed_to),
            "reason": _line(self.order.reason),
            "hidden": ", ".join(sorted(asked.hidden)) or "none",
            "only": self._only(),
            "above": self.above.paragraph,
            "py": digest(self.verifiers.get("verify.py", b"")),
            "html": digest(self.verifiers.get("verify.html", b"")),
        }

    def _only(self) -> str:
        """About which item the open entries are, and how many are closed."""
        item = self.asked.item
        if item is None:
            return "everything"
        closed = sum(not one.fields for one in self.shown)
        return paper_words.ONLY.format(
            label=item.label, item=item, closed=closed, count=len(self.shown)
        )

    def _opened(self) -> Sequence[Shown]:
        """The entries that the report prints."""
        return [one for one in self.shown if one.fields or self.asked.item is None]

    def _entries(self) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["entry", *ENTRY_FIELDS])
        for one in self.shown:
            cells = [_cell(name, one.fields.get(name)) for name in ENTRY_FIELDS]
            writer.writerow([one.index, *map(harmless, cells)])
        return out.getvalue().encode()

    def _report(self) -> bytes:
        words = self._words()
        head = _table([
            ("Pack", words["name"]), ("Log", words["origin"]), ("Its key", self.vkey),
            ("Entries", f"{words['first']} to {words['last']} of {words['size']}, all of them"),
            ("Asked for", words["asked"]), ("Authority", words["authority"]),
            ("Handed to", words["handed_to"]), ("Reason", words["reason"]),
            ("Logs above", self.above.words),
            ("About", words["only"]), ("Fields kept back", words["hidden"]),
            ("verify.py, SHA-256", words["py"]), ("verify.html, SHA-256", words["html"]),
        ])  # fmt: skip
        opened = self._opened()
        cells = Markup("").join(Markup("<th>{}</th>").format(n) for n in ("#", *ENTRY_FIELDS))
        rows = Markup("").join(
            Markup("<tr><td>{}</td>{}</tr>\n").format(
                one.index,
                Markup("").join(
                    Markup("<td>{}</td>").format(_cell(name, one.fields.get(name)))
                    for name in ENTRY_FIELDS
                ),
            )
            for one in opened[:_ROWS_MAX]
        )
        more = len(opened) - _ROWS_MAX
        note = f"{more} further entries are in entries.csv." if more > 0 else ""
        body = head + Markup(
            "<h2>Entries</h2>\n<p>Times are those of the clock of the computer that wrote them."
            " {note}</p>\n<table><thead><tr>{cells}</tr></thead><tbody>\n{rows}</tbody></table>\n"
            "{hand_overs}"
        ).format(note=note, cells=cells, rows=rows, hand_overs=sheets.HAND_OVERS)
        return sheets.page(f"Report on {words['name']}", body)

    def _certification(self) -> bytes:
        words = self._words()
        body = Markup(
            "<p>A form under Federal Rules of Evidence 902(13) and 902(14), to be completed by a "
            "qualified person. It is a template and no legal advice; have counsel adapt it. "
            "Nothing in it is certified until that person has filled it in and signed.</p>\n"
            "<p>I, {line}, declare:</p>\n<ol>\n"
            "<li>I am employed as {line} by {line}. My training and experience with the system "
            "described below are: {line}</li>\n"
            "<li>The system is the Bayward access log. It records each interaction with a bank of "
            "lockers at the time it happens, in the regular course of operation, by a process "
            "that I describe as follows: {line}</li>\n"
            "<li>902(13): The records in the pack <code>{name}</code>, entries {first} to {last} "
            "of the log <code>{origin}</code>, were generated by that process. To my knowledge the "
            "process produces an accurate result, because: {line}</li>\n"
            "<li>902(14): The pack was copied from that log. I checked it on {line} with the "
            "program <code>verify.py</code> of SHA-256 <code>{py}</code>, which compares hash "
            "values of every file and every entry with the signed root of the log. The result "
            "was: {line}</li>\n"
            "<li>The SHA-256 of tagmanifest-sha256.txt that I computed is: {line}</li>\n</ol>\n"
            "<p>I declare under penalty of perjury under the laws of the United States of America "
            "that the foregoing is true and correct (28 U.S.C. § 1746).</p>\n"
            "<p>Executed on {line}</p>\n<p>Signature {line}</p>\n"
        ).format(line=Markup('<span class="line"></span>'), **words)
        return sheets.page("Certification of records of an electronic process", body)


def _table(rows: Sequence[tuple[str, str]]) -> Markup:
    cells = (Markup("<tr><th>{}</th><td><code>{}</code></td></tr>\n").format(*row) for row in rows)
    return Markup("<table><tbody>\n{}</tbody></table>\n").format(Markup("").join(cells))


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    return time_text(value) if name == "time" and isinstance(value, int) else str(value)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
