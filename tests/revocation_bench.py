"""Lists of revoked certificates, right and wrong, and packs that hold one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bayward.ledger.known import read_known
from bayward.ledger.pack import bag
from bayward.ledger.pack.stamped import ISSUER, LIST
from bayward.ledger.pack.verify import ANCHOR as ANCHOR_FILE
from bayward.ledger.pack.verify import verify_zip
from pack_bench import ANCHOR, PackBench, by_library, policy, resealed, told_here, zipped
from page_bench import Page
from stamp_bench import AT, DAY, Key, Token, ec_key

BENCH = PackBench()
FILES = BENCH.files()
NOTE = BENCH.chain[1].proof.checkpoint.encode()
KNOWN = policy(logs=[ANCHOR.key])
SERIAL = 4711
ROOT = ec.derive_private_key(20_261_201, ec.SECP256R1())
Told = tuple[list[str], bool]
"""Faults, and whether revocation stays open."""
Judge = Callable[[dict[str, bytes]], Told]
Reason = x509.ReasonFlags


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issued(root: Key = ROOT, issuer: str = "Root", key: Key | None = None) -> bytes:
    """An authority's certificate, by a root."""
    builder = x509.CertificateBuilder(
        issuer_name=name(issuer),
        subject_name=name("Stamps"),
        public_key=(key or ec_key()).public_key(),
        serial_number=SERIAL,
        not_valid_before=AT - 30 * DAY,
        not_valid_after=AT + 30 * DAY,
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    made = builder.add_extension(usage, critical=True).sign(
        root, hash_for(root), ecdsa_deterministic=same_again(root)
    )
    return made.public_bytes(Encoding.DER)


def own(root: Key = ROOT, issuer: str = "Root") -> bytes:
    """A root's certificate."""
    builder = x509.CertificateBuilder(
        issuer_name=name(issuer),
        subject_name=name(issuer),
        public_key=root.public_key(),
        serial_number=1,
        not_valid_before=AT - 90 * DAY,
        not_valid_after=AT + 90 * DAY,
    )
    made = builder.sign(root, hash_for(root), ecdsa_deterministic=same_again(root))
    return made.public_bytes(Encoding.DER)


def hash_for(key: Key) -> hashes.SHA256 | hashes.SHA384:
    wide = isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256
    return hashes.SHA384() if wide else hashes.SHA256()


def same_again(key: Key) -> bool | None:
    """Whether to ask for signatures that are the same each time; RSA's are anyway."""
    return True if isinstance(key, ec.EllipticCurvePrivateKey) else None


def listed(
    *revoked: tuple[int, dt.datetime, Reason | None],
    root: Key = ROOT,
    issuer: str = "Root",
    since: dt.datetime = AT - DAY,
    until: dt.datetime = AT + DAY,
    is_part: bool = False,
    is_pss: bool = False,
) -> bytes:
    """A list of revoked certificates."""
    builder = x509.CertificateRevocationListBuilder(name(issuer), since, until)
    for serial, at, reason in revoked:
        one = x509.RevokedCertificateBuilder(serial, at)
        if reason is not None:
            one = one.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(one.build())
    builder = builder.add_extension(x509.CRLNumber(7), critical=False)
    if is_part:
        part = x509.IssuingDistributionPoint(
            full_name=None,
            relative_name=None,
            only_contains_user_certs=True,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        builder = builder.add_extension(part, critical=True)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if is_pss else None
    made = builder.sign(root, hash_for(root), rsa_padding=pss, ecdsa_deterministic=same_again(root))
    return made.public_bytes(Encoding.DER)


def pack(
    crl: bytes | None, issuer: bytes | None = None, token: Token | None = None
) -> dict[str, bytes]:
    """A pack with two stamps, and what came with them."""
    stamp = token or Token(certificates=(issued(),))
    more = {ANCHOR_FILE: NOTE, f"{ANCHOR_FILE}.tsr": stamp.over(NOTE)}
    if crl is not None:
        more[LIST] = crl
    if crl is not None or issuer is not None:
        more[ISSUER] = own() if issuer is None else issuer
    made = resealed({**FILES, **more})
    made[bag.STAMP] = stamp.over(made[bag.TAG_MANIFEST])
    return made


def judge_by(page: Page, folder: Path) -> Judge:
    """What all three find in a pack, and whether they say that revocation stays open."""

    def judge(files: dict[str, bytes]) -> tuple[list[str], bool]:
        raw, known = zipped(files), read_known(KNOWN)
        verdict = verify_zip(raw, known.keys, known.demand)
        (folder / "p.zip").write_bytes(raw)
        (folder / "policy").write_text(KNOWN)
        told = told_here(folder / "p.zip", "--policy", str(folder / "policy"))
        shown = page.ask("verify", file=raw, keys=[], older=[], policy=KNOWN)
        said = by_library(verdict)[0]
        assert [(one["fault"], one["at"]) for one in told["findings"]] == said
        assert [(one["fault"], one["at"]) for one in shown["findings"]] == said
        still_open = [one.name.lower() for one in verdict.unexamined]
        assert told["unexamined"] == shown["unexamined"] == still_open
        return [fault for fault, _ in said], "revocation" in still_open

    return judge


GOOD: Told = ([], False)
OPEN: Told = ([], True)
REVOKED = (["time stamp revoked"] * 2, False)
INVALID = (["revocation list invalid"], True)
BEFORE, LATER = AT - DAY / 2, AT + DAY / 2
