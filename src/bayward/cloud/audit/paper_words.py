"""The words of a pack's README and VERIFY, and what they say of the logs above."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

WIDTH = 96


@dataclass(frozen=True, slots=True)
class Above:
    """How far the chain of a pack reaches: `origin` is the uppermost log, "" when there is none.

    `witnesses` are the names under its checkpoint; `is_anchored` says that it is the anchor.
    """

    origin: str = ""
    is_anchored: bool = False
    witnesses: tuple[str, ...] = ()
    is_stamped: bool = False

    @property
    def words(self) -> str:
        """The same for people, in one paragraph."""
        if not self.is_anchored:
            held = f"only the log {self.origin} had recorded it" if self.origin else "no log had"
            return (
                "NOT ANCHORED. When this pack was made, the operator's log of logs did not hold "
                f"the checkpoint of these entries yet; {held}. No witness outside has seen it. "
                "A pack that is asked for again later will say more."
            )
        told = (
            f"data/chain.txt leads from the checkpoint of these entries up to {self.origin}, the "
            "operator's log of logs. "
        )
        if self.witnesses:
            told += f"Its checkpoint was cosigned by: {', '.join(self.witnesses)}."
        else:
            told += (
                "NO WITNESS outside has cosigned that one: none is named, or none had answered "
                "when the pack was made."
            )
        if self.is_stamped:
            told += " data/anchor.txt is the same checkpoint as a time-stamp authority stamped it."
        return told

    @property
    def paragraph(self) -> str:
        """The same, broken into lines."""
        return textwrap.fill(self.words, WIDTH)


ONLY = (
    "only item {label} ({item}).\n{closed} of the {count} entries are closed: every field of theirs"
    " is kept back, and they are here\nso that none is missing. That they are about something else"
    " is the control plane's word."
)
README = """\
{name}

This folder is an evidence pack: every entry from number {first} to number {last} of the log

    {origin}

as the log stood at {size} entries, together with the proof that none of them is missing or was
changed. Asked for on {asked} by what is called: {authority}
For: {handed_to}
Reason: {reason}
About: {only}
Fields kept back: {hidden}

{above}

Of a bank's log, data/bank/times.csv says for each entry when it was written by its own clock, how
good that clock was (S synchronised, I informative, U unknown), and between which two times from
outside it must lie (milliseconds since 1970); data/bank/cosignatures.ndjson proves them.

Every entry is here; of an entry only those fields are open that were to be handed over. The
number of closed fields is told with each ("withheld"); some may have been erased by law.

  data/bank/ or data/tenant/   the entries, the signed checkpoint, the proof of completeness
  data/chain.txt               receipts, one a line: each log's checkpoint in the log above it
  data/anchor.txt, .tsr        the uppermost checkpoint as a time-stamp authority stamped it
  data/tsa.crl, .cer           if it was to be had: what that authority's issuer had revoked by then
  data/policy.txt              the keys of the logs; compare them with keys you got elsewhere
  data/report.html             the entries to read and to print
  data/entries.csv             the same as a table
  data/custody.csv, .html      if items are in it: who held which when, by which entries. Names are
                               what the control plane called people then; ids are in the entries
  data/certification-902.html  a form for a qualified person (FRE 902(13), 902(14))
  data/case.jsonld             the pack and the hand-overs in it in the words of CASE/UCO 1.4
  verify.py, verify.html       two programs that check it; VERIFY.txt says how

What is not in it: photographs (of those that were taken by people the log holds hashes only).
"""
VERIFY = """\
How to check this pack, in two minutes

With a browser, offline:  open verify.html and drop the ZIP on it.
With Python 3.8 or newer: python3 verify.py {name}.zip

Both say what is proven, by whose key, and what is not. They came with the pack; if you doubt
them, take them from the maker's release page, where their SHA-256 are published:

  verify.py    {py}
  verify.html  {html}

Keys that came with the pack vouch only for themselves. Compare the lines of data/policy.txt
with keys you got by another way, put those into a file, one "log <key>" a line, and run

  python3 verify.py {name}.zip --policy known-keys.txt

The key of the uppermost log is enough: it vouches for those below. What witnesses must have seen
is said in the same file, in the lines of a C2SP tlog-policy:

  witness a <key>
  witness b <key>
  group both all a b
  quorum both

The receipt of this export (.json, or .jsonl with the logs above it) is handed over beside the
pack. It must name this pack:

  python3 verify.py {name}.zip --receipt {name}.receipt.json

A receipt or checkpoint of one of these logs that you kept from before shows whether the log was
set back or rewritten since, wherever this pack tells what the log was then:

  python3 verify.py {name}.zip --older receipt.json

A file that ends in .tsr is an RFC 3161 time stamp over the file before it. Both programs check
that it is over these bytes, is signed by the certificate in it, and that this was made for time
stamping and valid then. Whether you believe that certificate is for you to decide: compare its
fingerprint and give it with a line "tsa <fingerprint>" in the same file, or follow it to the
authority's root certificate in ca.pem:

  openssl ts -verify -in tagmanifest-sha256.txt.tsr -data tagmanifest-sha256.txt -CAfile ca.pem

Where there is data/tsa.crl, it is what the certificate's issuer (data/tsa.cer) had revoked by
then, as it was fetched for this pack, and both programs check it.

The seal of the pack, tagmanifest-sha256.txt.note, is a C2SP signed note over the SHA-256 of
tagmanifest-sha256.txt, which names every other file but the .tsr. Also: any BagIt 1.0 tool.
"""
