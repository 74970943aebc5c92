"""The time stamps of a pack: `X.tsr` beside `X`, and the list of revoked certificates with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bayward.ledger.errors import LedgerError
from bayward.ledger.pack.certificates import Certificate
from bayward.ledger.pack.revocation import RevokedList, Standing, read_list, standing
from bayward.ledger.pack.stamp import Stamp, open_stamp
from bayward.ledger.verdict import Fault, Finding, Unexamined

STAMPS = ".tsr"
LIST, ISSUER = "data/tsa.crl", "data/tsa.cer"
"""What the issuer of an authority's certificate has revoked, and that issuer's certificate."""
_OPEN = frozenset({Standing.OLD, Standing.UNREAD})


@dataclass(frozen=True, slots=True)
class Stamped:
    """A file and the time stamp over it; `is_known`: the reader gave its certificate.

    `standing` is what the list in the pack says of that certificate at the time of the stamp.
    """

    path: str
    stamp: Stamp
    is_known: bool
    standing: Standing = Standing.UNREAD


def examine_stamps(
    files: Mapping[str, bytes], authorities: Collection[str]
) -> tuple[list[Stamped], list[Finding]]:
    """The stamps that hold, and what is wrong; whose clocks they are is for the reader to decide.

    `authorities` are SHA-256, in hex, of certificates he knows; empty: he knows none.
    """
    stamps, findings, issuers = list[Stamped](), list[Finding](), set[bytes]()
    listed = _list(files, findings)
    for path in sorted(files):
        if not path.endswith(STAMPS):
            continue
        try:
            data = files.get(path[: -len(STAMPS)], b"")
            stamp, certificate = open_stamp(files[path], data)
        except LedgerError as error:
            findings.append(Finding(Fault.STAMP_INVALID, None, f"{path}: {error}"))
            continue
        told = _standing(files, listed, certificate, stamp.time, findings)
        is_known = stamp.fingerprint in authorities
        stamps.append(Stamped(path.removesuffix(STAMPS), stamp, is_known, told))
        issuers.add(certificate.issuer)
        if authorities and not is_known:
            detail = f"{path}: certificate {stamp.fingerprint}"
            findings.append(Finding(Fault.UNKNOWN_KEY, None, detail))
        if told is Standing.REVOKED:
            findings.append(Finding(Fault.STAMP_REVOKED, None, path))
    if listed is not None and issuers and listed.issuer not in issuers:
        findings.append(Finding(Fault.LIST_INVALID, None, f"{LIST}: of another issuer"))
    return stamps, findings


def unexamined_of(stamps: Sequence[Stamped]) -> list[Unexamined]:
    """What stays open about time stamps."""
    found = []
    if not all(one.is_known for one in stamps):
        found.append(Unexamined.STAMP)
    if any(one.standing in _OPEN for one in stamps):
        found.append(Unexamined.REVOCATION)
    return found


def _list(files: Mapping[str, bytes], findings: list[Finding]) -> RevokedList | None:
    """The list of revoked certificates, when there is one."""
    if LIST not in files:
        return None
    if ISSUER not in files:
        findings.append(Finding(Fault.FILE_MISSING, None, ISSUER))
        return None
    try:
        return read_list(files[LIST])
    except LedgerError as error:
        findings.append(Finding(Fault.LIST_INVALID, None, f"{LIST}: {error}"))
        return None


def _standing(
    files: Mapping[str, bytes],
    listed: RevokedList | None,
    certificate: Certificate,
    time: str,
    findings: list[Finding],
) -> Standing:
    """What the list says of a certificate; one of another issuer's says nothing."""
    if listed is None or listed.issuer != certificate.issuer:
        return Standing.UNREAD
    try:
        return standing(listed, files[ISSUER], certificate, time)
    except LedgerError as error:
        findings.append(Finding(Fault.LIST_INVALID, None, f"{LIST}: {error}"))
        return Standing.UNREAD
