"""From one log to the next: why a checkpoint can be believed by who knows only a later one.

A log's checkpoint is an entry of its parent: a bank's of its tenant's log, a tenant's of the
anchor log, which witnesses outside have cosigned. A link is the receipt of such an entry. It opens
the fields `origin`, `log_size` and `log_root`, which must be those of the checkpoint below, and
its own checkpoint is what the next link speaks of. Whoever trusts the key of a link knows that the
checkpoints below stood in that log, whoever signed them; and a witness that has cosigned a
checkpoint has seen all those below. A link may also open `log_key`: the key the log below had.

A chain is text, one receipt a line: the receipt of any entry, and above it the links.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from bayward.ledger.checkpoint import Checkpoint
from bayward.ledger.errors import LedgerError, Unverified
from bayward.ledger.keys import VerifierKey
from bayward.ledger.known import Demand
from bayward.ledger.receipt import Receipt, lines_of_chain
from bayward.ledger.strict import base64_text
from bayward.ledger.verdict import Above, Fault, Finding, Trust, Verdict
from bayward.ledger.verify import (
    OpenReceipt,
    open_receipt,
    receipt_verdict,
    seen_by,
    verify_receipt,
)

VOUCHING = ("bank_log.accepted", "tenant_log.anchored")
"""Types of the entries that hold a checkpoint of a log below."""
LINKS_MAX = 64

Place = tuple[str, int, str]
"""Which checkpoint: origin, size, root in base64."""


def chain_text(receipts: Sequence[Receipt]) -> str:
    """Receipts as the lines of a chain, the lowest first."""
    lines = [json.dumps(json.loads(one.text), ensure_ascii=False) for one in receipts]
    return "".join(f"{line}\n" for line in lines)


def place_of(checkpoint: Checkpoint) -> Place:
    """The place of a checkpoint."""
    return checkpoint.origin, checkpoint.size, base64_text(checkpoint.root)


@dataclass(slots=True)
class Links:
    """What links say, once they are examined, of the checkpoints below."""

    findings: list[Finding] = field(default_factory=list)
    trusted: set[Place] = field(default_factory=set)
    """They stand in a log whose key the reader gave, or in one that stands in such a log."""
    seen: dict[Place, frozenset[VerifierKey]] = field(default_factory=dict)
    """The witnesses that cosigned a log above."""
    keys: set[str] = field(default_factory=set)
    """Keys that logs above, trusted ones, told of logs below."""
    above: list[Above] = field(default_factory=list)
    checkpoints: set[Place] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Link:
    opened: OpenReceipt
    below: Place
    own: Place


def examine_links(
    lines: Iterable[tuple[int, str]],
    base: Collection[Place],
    trusted: Collection[VerifierKey],
) -> Links:
    """Follow numbered links up from the checkpoints of `base`.

    The keys of the links are their own: that one of them counts follows from the reader's keys,
    or from a log above it. A link nobody trusts is no fault; it only says nothing.
    """
    found, links = Links(), list[_Link]()
    known = set(base)
    for number, text in lines:
        if number > LINKS_MAX:
            found.findings.append(Finding(Fault.TOO_LARGE, number, "too many receipts"))
            break
        link = _examined(number, text, known, trusted, found.findings)
        if link is not None:
            links.append(link)
            known.add(link.own)
    for link in reversed(links):
        _believe(link, trusted, found)
    found.checkpoints = {link.own for link in links}
    found.above.reverse()
    return found


def _examined(
    number: int,
    text: str,
    known: Collection[Place],
    trusted: Collection[VerifierKey],
    findings: list[Finding],
) -> _Link | None:
    """The link, if it is one of a checkpoint that is known; else what is wrong is noted."""
    try:
        opened = open_receipt(text, trusted)
    except LedgerError as error:
        findings.append(Finding(Fault.MALFORMED, number, f"of a chain: {error}"))
        return None
    wrong = (*opened.of_checkpoint, *opened.of_fields)
    findings += [Finding(one.fault, number, f"of a chain: {one}") for one in wrong]
    if wrong or opened.signed is None:
        return None
    told = opened.fields
    origin, size, root = (told.get(name) for name in ("origin", "log_size", "log_root"))
    is_record = told.get("type") in VOUCHING and isinstance(origin, str)
    if not is_record or type(size) is not int or not isinstance(root, str):
        findings.append(Finding(Fault.CHAIN_MISMATCH, number, "not the record of a checkpoint"))
        return None
    below = (str(origin), size, root)
    if below not in known:
        findings.append(Finding(Fault.CHAIN_MISMATCH, number, "of a checkpoint that is not below"))
        return None
    return _Link(opened, below, place_of(opened.signed.checkpoint))


def _believe(link: _Link, trusted: Collection[VerifierKey], found: Links) -> None:
    """Note what follows from a link; those above it are noted already."""
    signed = link.opened.signed
    assert signed is not None, "a link is verified"
    trust = link.opened.trust(trusted)
    if link.own in found.trusted:
        trust = Trust.TRUSTED
    if trust is Trust.TRUSTED:
        found.trusted.add(link.below)
        told = link.opened.fields.get("log_key")
        if isinstance(told, str):
            found.keys.add(told)
    seen = seen_by(signed, trusted) | found.seen.get(link.own, frozenset())
    found.seen[link.below] = found.seen.get(link.below, frozenset()) | seen
    tree = signed.checkpoint
    found.above.append(Above(tree.origin, tree.size, trust, signed.cosignatures))


def verify_link(below: Checkpoint, link: Receipt, key: VerifierKey) -> None:
    """Prove that the log of this key has recorded a checkpoint; raises `Unverified`."""
    place = place_of(below)
    links = examine_links([(1, link.text)], {place}, [key])
    if links.findings:
        raise Unverified("chain.link", str(links.findings[0]))
    if place not in links.trusted:
        raise Unverified("chain.key", f"{link.key.name} signed it by another key")


def verify_chained(
    text: str, trusted: Collection[VerifierKey] = (), demand: Demand | None = None
) -> Verdict:
    """Verify a receipt alone, or with the links above it; `at` is the line of a link."""
    first, *rest = lines_of_chain(text)
    if not rest:
        return verify_receipt(text, trusted, demand)
    try:
        found = open_receipt(first, trusted)
    except LedgerError as error:
        return Verdict((Finding(Fault.MALFORMED, None, str(error)),), Trust.UNKNOWN)
    own = None if found.signed is None else place_of(found.signed.checkpoint)
    base = set() if own is None else {own}
    links = examine_links(enumerate(rest, start=2), base, trusted)
    trust, seen = found.trust(trusted), seen_by(found.signed, trusted)
    if own is not None:
        seen |= links.seen.get(own, frozenset())
        if own in links.trusted:
            trust = Trust.TRUSTED
    above = (tuple(links.findings), tuple(links.above))
    return receipt_verdict(found, trust, seen, demand, above)
