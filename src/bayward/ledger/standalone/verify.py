#!/usr/bin/env python3
"""Check a Bayward evidence pack, receipt or exported log. One file, Python 3.8, no network.

    python3 verify.py evidence.zip --policy known-keys.txt
    python3 verify.py receipt.json --key 'demo/tenant/…+1a2b3c4d+…'

A receipt may be a chain: further receipts below it, one a line, of the logs above.

Exit code 0: nothing is wrong; 1: something is, named; 2: the file cannot be read, or the
question was not understood. Nothing of Bayward is needed to run this, and you need not believe
us: read it. It hashes, multiplies points on three curves and polynomials, raises numbers to
powers, and compares; it writes no file but the two that `openssl` is shown for a time stamp, in a
temporary folder.

A key that only came with the document vouches for itself alone, and this is said. To know more,
get the keys from somewhere else (a contract, the operator's web site, an earlier receipt) and
give them with --key, or in a file with --policy: one `log <key>` or `witness <name> <key>` a line,
`group <name> <k> <name>…` and `quorum <name>` to say which witnesses must have seen it, and
`tsa <SHA-256 of a certificate>` for whose time stamps you believe.
"""

from __future__ import annotations

import argparse
import binascii
import hashlib
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import zlib
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Iterable, Iterator, List, Tuple

VERSION = 1
FINDINGS_MAX = 100
MAX_NUMBER = 2**63 - 1

# --- errors and findings: the names are those of every Bayward verifier -------------------------

MALFORMED = "malformed"
UNKNOWN_KEY = "unknown key"
SIGNATURE_INVALID = "signature invalid"
WRONG_ORIGIN = "wrong origin"
PROOF_INVALID = "proof invalid"
ROOT_MISMATCH = "root mismatch"
CHAIN_MISMATCH = "chain mismatch"
FILE_MISSING = "file missing"
FILE_ALTERED = "file altered"
NOT_WITNESSED = "not witnessed"
STAMP_INVALID = "time stamp invalid"
STAMP_REVOKED, LIST_INVALID = "time stamp revoked", "revocation list invalid"

TRUSTED, SELF_ASSERTED, UNKNOWN = "trusted", "self-asserted", "unknown"


class Bad(Exception):
    """What is wrong: `kind` is malformed, range or unverified; `code` says where."""

    def __init__(self, kind: str, code: str, detail: str = "") -> None:
        super().__init__(kind, code, detail)
        self.kind, self.code, self.detail = kind, code, detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class Finding:
    """One fault: its name, where it is (an index or a line), and what was seen."""

    def __init__(self, fault: str, at: int | None = None, detail: str = "") -> None:
        self.fault, self.at, self.detail = fault, at, detail

    def key(self) -> tuple[str, int | None, str]:
        return self.fault, self.at, self.detail

    def __str__(self) -> str:
        where = "" if self.at is None else f" at {self.at}"
        return f"{self.fault}{where}" + (f": {self.detail}" if self.detail else "")


class Outcome:
    """What a verification gives: findings, whose key, what was not examined, what is proven."""

    def __init__(
        self, findings: list[Finding], trust: str, unexamined: list[str], **proven: Any
    ) -> None:
        kept = {one.key(): one for one in findings}
        self.findings = list(kept.values())[:FINDINGS_MAX]
        self.trust, self.unexamined, self.proven = trust, unexamined, proven

    @property
    def ok(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, object]:
        told = [{"fault": f.fault, "at": f.at, "detail": f.detail} for f in self.findings]
        head = {"ok": self.ok, "findings": told, "trust": self.trust}
        return dict(head, unexamined=self.unexamined, **self.proven)


def malformed(code: str, detail: str = "") -> Bad:
    return Bad("malformed", code, detail)


def unverified(code: str, detail: str = "") -> Bad:
    return Bad("unverified", code, detail)


def checkpoint_fault(error: Bad) -> str:
    if error.kind == "malformed":
        return MALFORMED
    if error.code == "checkpoint.origin":
        return WRONG_ORIGIN
    return PROOF_INVALID if error.code.startswith("proof.") else SIGNATURE_INVALID


# --- strict spellings: every value has exactly one ----------------------------------------------


def b64(text: str, code: str) -> bytes:
    try:
        raw = binascii.a2b_base64(text.encode("ascii"))
    except ValueError:
        raise malformed(code, "not base64") from None
    if binascii.b2a_base64(raw, newline=False).decode() != text:
        raise malformed(code, "not the canonical base64 of its bytes")
    return raw


def b64url_text(raw: bytes) -> str:
    padded = binascii.b2a_base64(raw, newline=False).decode()
    return padded.replace("+", "-").replace("/", "_").rstrip("=")


def b64url(text: str, code: str) -> bytes:
    try:
        plain = text.replace("-", "+").replace("_", "/").encode("ascii")
        raw = binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
    except ValueError:
        raise malformed(code, "not base64url") from None
    if b64url_text(raw) != text:
        raise malformed(code, "not the canonical base64url of its bytes")
    return raw


def decimal(text: str, code: str) -> int:
    if re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) is None or int(text) > MAX_NUMBER:
        raise malformed(code, "not a decimal without leading zeros below 2^63")
    return int(text)


def json_object(text: str, members: dict[str, type], code: str) -> dict[str, Any]:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(found)) != len(found):
            raise ValueError("a name appears twice")
        return dict(found)

    def no_constant(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    try:
        found = json.loads(text, object_pairs_hook=pairs, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise malformed(code, f"not JSON: {error}") from None
    if not isinstance(found, dict) or found.keys() != members.keys():
        raise malformed(code, f"not an object with the members {', '.join(members)}")
    for name, kind in members.items():
        if type(found[name]) is not kind:
            raise malformed(code, f"{name} is not a {kind.__name__}")
    return found


def utf8(raw: bytes, code: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise malformed(code, "not UTF-8") from None


def text_list(found: list[Any], most: int, code: str) -> list[str]:
    if len(found) > most or not all(isinstance(one, str) for one in found):
        raise malformed(code, "not a list of texts, or too long a one")
    return found


# --- Ed25519 (RFC 8032), by the one strict rule -------------------------------------------------

Point = Tuple[int, ...]  # in extended coordinates; on P-256, in Jacobian ones
ED_P = 2**255 - 19
ED_L = 2**252 + 27742317777372353535851937790883648493
ED_D = -121665 * pow(121666, -1, ED_P) % ED_P
ED_I = pow(2, (ED_P - 1) // 4, ED_P)
SMALL_ORDER_Y = (
    0,
    1,
    ED_P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)


def ed_add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % ED_P
    f = (a[1] + a[0]) * (b[1] + b[0]) % ED_P
    g = 2 * a[3] * b[3] * ED_D % ED_P
    h = 2 * a[2] * b[2] % ED_P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % ED_P, k * m % ED_P, j * k % ED_P, i * m % ED_P


def ed_double(a: Point) -> Point:
    x, y = a[0] * a[0] % ED_P, a[1] * a[1] % ED_P
    h, g = x + y, x - y
    e = h - (a[0] + a[1]) ** 2 % ED_P
    f = 2 * a[2] * a[2] % ED_P + g
    return e * f % ED_P, g * h % ED_P, f * g % ED_P, e * h % ED_P


@lru_cache(maxsize=64)  # the same keys sign a whole document
def ed_multiples(point: Point) -> list[Point]:
    """What four bits can say of a point: it 0 to 15 times."""
    told: list[Point] = [(0, 1, 1, 0)]
    for _ in range(15):
        told.append(ed_add(told[-1], point))
    return told


def ed_sum(s: int, a: Point, k: int, b: Point) -> Point:
    """a, s times, and b, k times; four bits of both at a time."""
    of_a, of_b = ed_multiples(a), ed_multiples(b)
    total = of_a[0]
    for shift in range(252, -1, -4):
        for _ in range(4):
            total = ed_double(total)
        total = ed_add(ed_add(total, of_a[s >> shift & 15]), of_b[k >> shift & 15])
    return total


def ed_point(encoded: bytes) -> Point | None:
    """The point, or None when these 32 bytes are none."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    xx = (y * y - 1) * pow(ED_D * y * y + 1, -1, ED_P) % ED_P
    x = pow(xx, (ED_P + 3) // 8, ED_P)
    if (x * x - xx) % ED_P:
        x = x * ED_I % ED_P
    if (x * x - xx) % ED_P or (x == 0 and sign):
        return None
    x = ED_P - x if x & 1 != sign else x
    return x, y, 1, x * y % ED_P


ED_BASE = ed_point((4 * pow(5, -1, ED_P) % ED_P).to_bytes(32, "little")) or ()


def ed_sound(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return len(encoded) == 32 and y < ED_P and y not in SMALL_ORDER_Y


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ED_L or not ed_sound(r):
        return False
    key = ed_point(public)
    if key is None:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % ED_L
    minus = (ED_P - key[0], key[1], 1, ED_P - key[3])
    x, y, z, _ = ed_sum(s, ED_BASE, k, minus)
    inverse = pow(z, -1, ED_P)
    x, y = x * inverse % ED_P, y * inverse % ED_P
    return (y | (x & 1) << 255).to_bytes(32, "little") == r


# --- ECDSA (FIPS 186-5), strict DER: P-256 for logs, P-384 too for time stamps --------------------


class Curve:
    """y² = x³ - 3x + b modulo p, with a base point of order n."""

    def __init__(self, p: int, n: int, b: int, x: int, y: int) -> None:
        self.p, self.n, self.b, self.base = p, n, b, (x, y, 1)
        self.width = (p.bit_length() + 7) // 8

    def add(self, a: Point | None, b: Point | None) -> Point | None:
        """Jacobian coordinates; None is the point at infinity."""
        if a is None or b is None:
            return a or b
        x1, y1, z1 = a
        x2, y2, z2 = b
        u1, u2 = x1 * z2 * z2 % self.p, x2 * z1 * z1 % self.p
        s1, s2 = y1 * z2**3 % self.p, y2 * z1**3 % self.p
        if u1 == u2:
            return self.double(a) if s1 == s2 else None
        h, r = u2 - u1, s2 - s1
        hh = h * h % self.p
        hhh, v = h * hh % self.p, u1 * hh % self.p
        x = (r * r - hhh - 2 * v) % self.p
        return x, (r * (v - x) - s1 * hhh) % self.p, h * z1 * z2 % self.p

    def double(self, a: Point) -> Point:
        x, y, z = a
        yy, zz = y * y % self.p, z * z % self.p
        s, m = 4 * x * yy % self.p, 3 * (x - zz) * (x + zz) % self.p
        x2 = (m * m - 2 * s) % self.p
        return x2, (m * (s - x2) - 8 * yy * yy) % self.p, 2 * y * z % self.p

    def point(self, xy: bytes) -> Point:
        """The point of two coordinates; raises `Bad` when it is not on the curve."""
        x, y = (int.from_bytes(one, "big") for one in (xy[: self.width], xy[self.width :]))
        off = (y * y - x**3 + 3 * x - self.b) % self.p
        if len(xy) != 2 * self.width or max(x, y) >= self.p or off:
            raise malformed("key.public", "not on the curve")
        return x, y, 1

    def holds(self, key: Point, digest: bytes, signature: bytes) -> bool:
        pair = der_pair(signature)
        if pair is None or not all(0 < one < self.n for one in pair):
            return False
        r, s = pair
        e = int.from_bytes(digest[: self.width], "big")
        w = pow(s, -1, self.n)
        both = self.add(self.base, key)
        total: Point | None = None
        u1, u2 = e * w % self.n, r * w % self.n
        for bit in range(self.n.bit_length() - 1, -1, -1):
            total = self.double(total) if total else None
            step = (u1 >> bit & 1) + 2 * (u2 >> bit & 1)
            if step:
                total = self.add(total, (self.base, key, both)[step - 1])
        if total is None or total[2] == 0:
            return False
        return (total[0] * pow(total[2], -2, self.p) % self.p - r) % self.n == 0


P256 = Curve(
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
P384 = Curve(
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
        "581A0DB248B0A77AECEC196ACCC52973", 16),
    int("B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875A"
        "C656398D8A2ED19D2A85C8EDD3EC2AEF", 16),
    int("AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A38"
        "5502F25DBF55296C3A545E3872760AB7", 16),
    int("3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C0"
        "0A60B1CE1D7E819D7A431D7C90EA0E5F", 16),
)  # fmt: skip
P256_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def p256_point(spki: bytes) -> Point:
    """The public key of a canonical SPKI; raises `Bad` when it is none on the curve."""
    if len(spki) != len(P256_SPKI) + 64 or not spki.startswith(P256_SPKI):
        raise malformed("key.public", "not a public key on P-256 in canonical DER")
    return P256.point(spki[-64:])


def der_pair(der: bytes) -> tuple[int, int] | None:
    """The two numbers of a signature in its one spelling, else None."""
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] > 127:
        return None
    numbers, at = [], 2
    for _ in range(2):
        body = der[at + 2 : at + 2 + der[at + 1]] if at + 2 <= len(der) else b""
        if not body or der[at] != 2 or len(body) != der[at + 1] or body[0] > 127:
            return None
        if len(body) > 1 and body[0] == 0 and body[1] < 128:
            return None
        numbers.append(int.from_bytes(body, "big"))
        at += 2 + len(body)
    return (numbers[0], numbers[1]) if at == len(der) else None


def p256_holds(spki: bytes, message: bytes, signature: bytes) -> bool:
    return P256.holds(p256_point(spki), hashlib.sha256(message).digest(), signature)


# --- ML-DSA-44 (FIPS 204): the algorithms that verifying needs, by their numbers ----------------

Q = 8380417  # the field of the coefficients; a polynomial is a list of 256 of them
GAMMA1, GAMMA2, TAU, BETA, OMEGA = 2**17, (Q - 1) // 88, 39, 78, 80
MLDSA_KEY_BYTES, MLDSA_BYTES, C_BYTES, Z_BYTES = 1312, 2420, 32, 576
ZETAS = [pow(1753, int(f"{n:08b}"[::-1], 2), Q) for n in range(256)]
Poly = List[int]


def squeezed(shake: Any) -> Iterator[int]:
    """The endless output of a SHAKE, byte by byte."""
    done, size = 0, 1024
    while True:
        yield from shake.digest(size)[done:]
        done, size = size, 2 * size


def unpacked(raw: bytes, width: int) -> Poly:
    """Algorithm 18, SimpleBitUnpack: numbers of `width` bits, the lowest bit first."""
    bits = int.from_bytes(raw, "little")
    return [bits >> width * n & (1 << width) - 1 for n in range(8 * len(raw) // width)]


def hints_of(raw: bytes) -> list[set[int]] | None:
    """Algorithm 21, HintBitUnpack: in one spelling only, in order, none twice, zeros behind."""
    hints, first = [], 0
    for end in raw[OMEGA:]:
        places = raw[first:end]
        if not first <= end <= OMEGA or sorted(set(places)) != list(places):
            return None
        hints.append(set(places))
        first = end
    return None if any(raw[first:OMEGA]) else hints


def ball(seed: bytes) -> Poly:
    """Algorithm 29, SampleInBall: 39 ones or minus ones, the rest zeros."""
    stream, found = squeezed(hashlib.shake_256(seed)), [0] * 256
    signs = int.from_bytes(bytes(next(stream) for _ in range(8)), "little")
    for n in range(256 - TAU, 256):
        place = next(one for one in stream if one <= n)
        found[n], found[place] = found[place], 1 - 2 * (signs & 1)
        signs >>= 1
    return found


def uniform(seed: bytes) -> Poly:
    """Algorithms 30 and 14, RejNTTPoly and CoeffFromThreeBytes."""
    stream = squeezed(hashlib.shake_128(seed))
    found: Poly = []
    while len(found) < 256:
        one = next(stream) | next(stream) << 8 | (next(stream) & 127) << 16
        if one < Q:
            found.append(one)
    return found


def ntt(w: Poly) -> Poly:
    """Algorithm 41: products become products place by place."""
    w, m, length = list(w), 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            m += 1
            for n in range(start, start + length):
                t = ZETAS[m] * w[n + length] % Q
                w[n], w[n + length] = (w[n] + t) % Q, (w[n] - t) % Q
        length //= 2
    return w


def from_ntt(w: Poly) -> Poly:
    """Algorithm 42."""
    w, m, length = list(w), 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            m -= 1
            for n in range(start, start + length):
                a, b = w[n], w[n + length]
                w[n], w[n + length] = (a + b) % Q, ZETAS[m] * (b - a) % Q
        length *= 2
    return [8347681 * one % Q for one in w]  # by the inverse of 256


def high_bits(r: int, *, is_hinted: bool) -> int:
    """Algorithms 36 and 40, Decompose and UseHint."""
    low = r % (2 * GAMMA2)
    if low > GAMMA2:
        low -= 2 * GAMMA2
    high = (r - low) // (2 * GAMMA2)
    if r - low == Q - 1:
        high, low = 0, low - 1
    return (high + (1 if low > 0 else -1)) % 44 if is_hinted else high


def mldsa44_holds(public: bytes, message: bytes, signature: bytes, context: bytes = b"") -> bool:
    """Algorithms 3 and 8, Verify; with 23, 27 and 32, to take key and signature apart."""
    lengths = len(public), len(signature)
    if lengths != (MLDSA_KEY_BYTES, MLDSA_BYTES) or len(context) > 255:
        return False
    hints = hints_of(signature[C_BYTES + 4 * Z_BYTES :])
    z = [GAMMA1 - one for one in unpacked(signature[C_BYTES : C_BYTES + 4 * Z_BYTES], 18)]
    if hints is None or max(map(abs, z)) >= GAMMA1 - BETA:
        return False
    rho, t1 = public[:32], unpacked(public[32:], 10)
    framed = bytes([0, len(context)]) + context + message
    mu = hashlib.shake_256(hashlib.shake_256(public).digest(64) + framed).digest(64)
    c = ntt(ball(signature[:C_BYTES]))
    z_hat = [ntt(z[256 * s : 256 * s + 256]) for s in range(4)]
    again = hashlib.shake_256(mu)
    for r in range(4):
        t = ntt([one << 13 for one in t1[256 * r : 256 * r + 256]])
        sums = [-a * b for a, b in zip(c, t)]
        for s in range(4):
            row = uniform(rho + bytes([s, r]))
            sums = [one + a * b for one, a, b in zip(sums, row, z_hat[s])]
        w = [high_bits(one, is_hinted=n in hints[r]) for n, one in enumerate(from_ntt(sums))]
        again.update(sum(one << 6 * n for n, one in enumerate(w)).to_bytes(192, "little"))
    return again.digest(C_BYTES) == signature[:C_BYTES]


# --- keys, notes, checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature) -------------

NOTE_BYTES_MAX = 128 * 1024
ED25519_KIND, P256_KIND, COSIGN_KIND, MLDSA_KIND = 1, 2, 4, 6
DASH = "\u2014 "


class Key:
    """A verifier key: `<name>+<id>+<base64(kind ‖ public key)>`."""

    def __init__(self, vkey: str) -> None:
        self.vkey = vkey
        self.name, _, rest = vkey.partition("+")
        told_id, _, data = rest.partition("+")
        raw = b64(data, "key.vkey")
        if not raw:
            raise malformed("key.vkey", "no key")
        self.kind, self.public = raw[0], raw[1:]
        check_name(self.name)
        if self.kind == P256_KIND:
            p256_point(self.public)
            self.id = hashlib.sha256(self.public).digest()[:4]
        elif self.kind not in (ED25519_KIND, COSIGN_KIND, MLDSA_KIND):
            raise malformed("key.kind", f"signature type {self.kind} is not supported")
        elif self.kind == MLDSA_KIND and len(self.public) != MLDSA_KEY_BYTES:
            raise malformed("key.public", "not an ML-DSA-44 key")
        elif self.kind != MLDSA_KIND and not ed_sound(self.public):
            raise malformed("key.public", "not a canonical Ed25519 key of full order")
        else:
            head = self.name.encode() + b"\n" + raw[:1]
            self.id = hashlib.sha256(head + self.public).digest()[:4]
        self.is_cosigner = self.kind in (COSIGN_KIND, MLDSA_KIND)
        if self.id.hex() != told_id:
            raise malformed("key.id", f"{told_id!r} is not the id of this key")

    def check(self, text: bytes, blob: bytes) -> int | None:
        """The time of a cosignature, else None; raises `Bad` when it does not hold."""
        time = int.from_bytes(blob[:8], "big") if self.is_cosigner else None
        if time is None:
            method = p256_holds if self.kind == P256_KIND else ed25519_holds
            holds = method(self.public, text, blob)
        elif self.kind == COSIGN_KIND:
            signed = b"cosignature/v1\ntime %d\n%s" % (time, text)
            holds = time <= MAX_NUMBER and ed25519_holds(self.public, signed, blob[8:])
        else:
            try:
                signed = mldsa_message(self.name, time, text)
                holds = time <= MAX_NUMBER and mldsa44_holds(self.public, signed, blob[8:])
            except Bad:
                holds = False
        if not holds:
            raise unverified("note.signature", f"that of {self.name} does not hold")
        return time


def mldsa_message(name: str, time: int, text: bytes) -> bytes:
    """What an ML-DSA witness signs: a checkpoint as a subtree from 0, with its own name."""
    origin, size, root = (text.decode().split("\n") + ["", "", ""])[:3]
    words = [name.encode(), origin.encode()]
    tree = b64(root, "cosignature.text")
    if text.count(b"\n") < 3 or not all(0 < len(one) < 256 for one in words) or len(tree) != 32:
        raise malformed("cosignature.text", "not a checkpoint")
    cosigner, log = (bytes([len(one)]) + one for one in words)
    ends = struct.pack(">QQ", 0, decimal(size, "cosignature.text"))
    return b"subtree/v1\n\0" + cosigner + struct.pack(">Q", time) + log + ends + tree


def check_name(name: str) -> None:
    bad = any(c == "+" or c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)
    if bad or not 0 < len(name) <= 255:
        raise malformed("key.name", ascii(name[:255]))


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    text, found, tail = note.rpartition("\n\n")
    if not found or not tail.endswith("\n"):
        raise malformed("note.form", "no empty line, or no newline at the end")
    text += "\n"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise malformed("note.utf8", "a lone surrogate") from None
    if size > NOTE_BYTES_MAX or any(c < " " and c != "\n" for c in text):
        raise malformed("note.form", "too long, or with a control character")
    lines = tail[:-1].split("\n")
    if len(lines) > 16:
        raise malformed("note.signatures", f"{len(lines)} signatures")
    signatures = []
    for line in lines:
        name, _, data = line[len(DASH) :].partition(" ")
        if not line.startswith(DASH):
            raise malformed("note.line", "not a signature line")
        check_name(name)
        raw = b64(data, "note.base64")
        if len(raw) <= 4:
            raise malformed("note.line", "no signature behind the key id")
        signatures.append((name, raw[:4], raw[4:]))
    return text, signatures


def open_note(note: str, keys: list[Key]) -> tuple[str, dict[tuple[str, bytes], int | None]]:
    """The text and who signed it; the line of a known key that does not hold spoils the note."""
    text, signatures = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    if len(known) != len({key.vkey for key in keys}):
        raise malformed("key.ambiguous", "two keys share name and id")
    signed: dict[tuple[str, bytes], int | None] = {}
    for name, key_id, blob in signatures:
        if (name, key_id) in known:
            time = known[name, key_id].check(text.encode(), blob)
            signed.setdefault((name, key_id), time)
    if not signed:
        raise unverified("note.unsigned", "no signature of a known key")
    return text, signed


class Checkpoint:
    """What a log says of itself: its name, how many entries it has, and their root."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise malformed("checkpoint.form", "not three lines")
        if not lines[0]:
            raise malformed("checkpoint.origin", "empty")
        self.origin, self.size = lines[0], decimal(lines[1], "checkpoint.size")
        self.root = b64(lines[2], "checkpoint.root")
        self.cosigned: dict[str, int] = {}
        self.by: set[str] = set()
        self.seen: set[str] = set()
        self.place = self.origin, self.size, lines[2]
        if len(self.root) != 32 or (self.size == 0 and self.root != hashlib.sha256().digest()):
            raise malformed("checkpoint.root", "not the root of a tree of this size")


def open_checkpoint(note: str, log: Key, witnesses: list[Key]) -> Checkpoint:
    if log.is_cosigner:
        raise unverified("checkpoint.key", "a cosigner's key does not sign for a log")
    text, signed = open_note(note, [log] + witnesses)
    if (log.name, log.id) not in signed:
        raise unverified("checkpoint.unsigned", f"{log.name} has not signed it")
    found = Checkpoint(text)
    if found.origin != log.name:
        raise unverified("checkpoint.origin", f"{found.origin!r} is not {log.name!r}")
    found.cosigned = {name: at for (name, _), at in signed.items() if at is not None}
    found.by = {key.vkey for key in witnesses if (key.name, key.id) in signed}
    found.seen = {key.vkey for key in witnesses if key.is_cosigner and key.vkey in found.by}
    return found


# --- whom the reader trusts, and what he demands (C2SP tlog-policy) -----------------------------


class Demand:
    """How many witnesses must have seen a log: a name, and what the names stand for."""

    def __init__(
        self, quorum: str, witnesses: dict[str, Key], groups: dict[str, tuple[int, list[str]]]
    ) -> None:
        self.quorum, self.witnesses, self.groups = quorum, witnesses, groups

    def is_met(self, seen: set[str]) -> bool:
        met = {name: key.vkey in seen for name, key in self.witnesses.items()}
        for name, (count, members) in self.groups.items():  # each is defined below its members
            met[name] = sum(met[one] for one in members) >= count
        return met[self.quorum]


class Policy:
    """Lines of a policy: of the reader, whom he trusts; in a pack, whose signatures to expect."""

    def __init__(self, text: str) -> None:
        self.keys: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.members: set[str] = set()
        self.authorities: set[str] = set()
        self.quorum: str | None = None
        lines = text.replace("\r\n", "\n").split("\n")
        if len(lines) > 4000:
            raise malformed("policy.length", f"{len(lines)} lines")
        for number, line in enumerate(lines, start=1):
            words = [word for word in re.split("[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                self.take(words)
            except Bad as error:
                raise malformed(error.code, f"line {number}: {error.detail}") from None
        if len(self.keys) > 1000:
            raise malformed("policy.length", f"{len(self.keys)} keys")

    @property
    def demand(self) -> Demand | None:
        if self.quorum is None or self.quorum == "none":
            return None
        return Demand(self.quorum, self.witnesses, self.groups)

    def take(self, words: list[str]) -> None:
        kind, count = words[0], len(words)
        if kind == "log" and count in (2, 3):
            self.key(words[1], is_cosigner=False)
        elif kind == "witness" and count in (3, 4):
            self.witness(words[1], words[2])
        elif kind == "group" and count > 3:
            self.group(words[1], words[2], words[3:])
        elif kind == "quorum" and count == 2:
            if self.quorum is not None:
                raise malformed("policy.quorum", "a second quorum line")
            if words[1] != "none":
                self.check_defined(words[1])
            self.quorum = words[1]
        elif kind == "tsa" and count == 2 and re.fullmatch("[0-9a-f]{64}", words[1]):
            self.authorities.add(words[1])
        elif count == 1 and "+" in kind:
            self.key(kind)
        else:
            raise malformed("policy.line", f"{kind[:40]} is not understood here")

    def key(self, vkey: str, *, is_cosigner: bool | None = None) -> Key | None:
        try:
            key = Key(vkey)
        except Bad as error:
            if error.code == "key.kind":
                return None
            raise
        if is_cosigner is not None and key.is_cosigner != is_cosigner:
            raise malformed("policy.kind", f"{key.name} is not a key of that kind")
        if key.vkey not in [one.vkey for one in self.keys]:
            self.keys.append(key)
        return key

    def witness(self, name: str, vkey: str) -> None:
        key = self.key(vkey, is_cosigner=True)
        if key and any(key.public == one.public for one in self.witnesses.values()):
            raise malformed("policy.duplicate", "two witnesses with one key")
        self.define(name)
        if key:
            self.witnesses[name] = key
        else:
            self.groups[name] = (1, [])  # of a kind we do not know: it never counts

    def group(self, name: str, count: str, members: list[str]) -> None:
        for one in members:
            self.check_defined(one)
            if one in self.members:
                raise malformed("policy.member", "one of them is in a group already")
            self.members.add(one)
        needed = {"all": len(members), "any": 1}.get(count)
        if needed is None and re.fullmatch("[1-9][0-9]{0,3}", count):
            needed = int(count)
        if needed is None or needed > len(members):
            raise malformed("policy.count", f"not a number up to {len(members)}")
        self.define(name)
        self.groups[name] = (needed, members)

    def define(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise malformed("policy.name", "a name that is defined already")

    def check_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise malformed("policy.name", "a name that is not defined above")


# --- the tree (RFC 6962, RFC 9162) --------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def split(low: int, high: int) -> int:
    return low + (1 << ((high - low - 1).bit_length() - 1))


def root_of_path(index: int, size: int, found: bytes, path: list[bytes]) -> bytes:
    """The root to which a leaf hash and its proof lead; raises `Bad`."""
    if not 0 <= index < size <= MAX_NUMBER:
        raise Bad("range", "proof.index", f"index {index} is not in a tree of {size}")
    low, high, sides = 0, size, []
    while high - low > 1:
        middle = split(low, high)
        sides.append(index >= middle)
        low, high = (middle, high) if index >= middle else (low, middle)
    if len(sides) != len(path):
        raise unverified("proof.length", f"{len(path)} hashes instead of {len(sides)}")
    for is_right, other in zip(reversed(sides), path):
        found = node(other, found) if is_right else node(found, other)
    return found


class Frontier:
    """The right edge of a growing tree: its complete subtrees, widest first."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        carry = self.size
        while carry & 1:
            leaf, carry = node(self.peaks.pop(), leaf), carry >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256().digest()
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node(peak, found)
        return found


def range_parts(start: int, end: int, low: int, high: int) -> list[tuple[int, int]]:
    """The widest subtrees before, within and behind [start, end)."""
    if high <= start or low >= end or (start <= low and high <= end):
        return [(low, high)]
    middle = split(low, high)
    return range_parts(start, end, low, middle) + range_parts(start, end, middle, high)


def range_root(proof: dict[str, Any], size: int, leaves: list[bytes]) -> bytes:
    """The root to which a whole range and its two sides lead; raises `Bad`."""
    start: int = proof["from"]
    end: int = proof["to"]
    if not 0 <= start < end <= size <= MAX_NUMBER:
        raise Bad("range", "range.bounds", f"[{start}, {end}) is not in a tree of {size}")
    found = root_at(size, sides(proof, size), start, leaves) if len(leaves) == end - start else None
    if found is None:
        raise unverified("range.length", "more or fewer leaves than the bounds need")
    return found


def sides(proof: dict[str, Any], size: int) -> dict[tuple[int, int], bytes]:
    """The subtrees beside a range; raises `Bad`."""
    parts = range_parts(proof["from"], proof["to"], 0, size)
    before = [part for part in parts if part[1] <= proof["from"]]
    behind = [part for part in parts if part[0] >= proof["to"]]
    if (len(proof["left"]), len(proof["right"])) != (len(before), len(behind)):
        raise unverified("range.length", "more or fewer hashes than the bounds need")
    return dict(zip(before + behind, proof["left"] + proof["right"]))


def root_at(
    size: int, known: dict[tuple[int, int], bytes], start: int, leaves: list[bytes]
) -> bytes | None:
    """The root of the first `size` leaves, as far as these subtrees and leaves tell it."""

    def root(low: int, high: int) -> bytes | None:
        if (low, high) in known:
            return known[low, high]
        is_within = low < start + len(leaves) and start < high
        if high - low == 1:
            return leaves[low - start] if is_within else None
        if not is_within and not any(low <= a and b <= high for a, b in known):
            return None
        middle = split(low, high)
        left = root(low, middle)
        right = None if left is None else root(middle, high)
        return None if left is None or right is None else node(left, right)

    return root(0, size) if size else hashlib.sha256().digest()


# --- entries: salted commitments that are opened field by field (RFC 9901) ----------------------

DIGEST = '"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"'
LEAF = re.compile(r'\{"_sd":\[((?:%s(?:,%s)*)?)\],"v":1\}' % (DIGEST, DIGEST), re.ASCII)
NAME = re.compile(r"[a-z_]{1,64}", re.ASCII)
MEMBER = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
SALT = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)
DIGESTS_MAX = 256


def leaf_digests(leaf: bytes) -> list[str]:
    try:
        found = LEAF.fullmatch(leaf.decode("ascii"))
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise malformed("leaf.form", "not a leaf of version 1")
    digests = found.group(1).strip('"').split('","') if found.group(1) else []
    if len(digests) > DIGESTS_MAX or sorted(set(digests)) != digests:
        raise malformed("leaf.canonical", "too many digests, out of order or repeated")
    return digests


def check_value(value: object, depth: int = 0) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int) and abs(value) <= 2**53 - 1:
        return
    if isinstance(value, list) and depth < 4:
        for item in value:
            check_value(item, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for key, item in value.items():
            if MEMBER.fullmatch(key) is None:
                raise malformed("disclosure.value", "a key outside the profile")
            check_value(item, depth + 1)
    else:
        raise malformed("disclosure.value", "a value outside the profile")


def disclosure_field(text: str) -> tuple[str, object]:
    """Name and value of a disclosure in its one spelling."""
    if len(text) > 8192:
        raise malformed("disclosure.length", f"{len(text)} characters")
    raw = b64url(text, "disclosure.base64")
    try:
        parts = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise malformed("disclosure.json", "not JSON in UTF-8") from None
    if not isinstance(parts, list) or len(parts) != 3:
        raise malformed("disclosure.json", "not [salt, name, value]")
    salt, name, value = parts
    if not isinstance(salt, str) or SALT.fullmatch(salt) is None or not isinstance(name, str):
        raise malformed("disclosure.salt", "no salt, or no name")
    if NAME.fullmatch(name) is None or name in ("_sd", "_sd_alg", "v"):
        raise malformed("disclosure.name", ascii(name))
    check_value(value)
    spelt = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    try:
        if f'["{salt}","{name}",{spelt}]'.encode() != raw:
            raise malformed("disclosure.canonical", "another spelling of the same field")
    except UnicodeEncodeError:
        raise malformed("disclosure.value", "a lone surrogate") from None
    return name, value


def open_leaf(
    leaf: bytes, disclosures: list[str], index: int
) -> tuple[dict[str, Any], list[Finding]]:
    """The fields that are proven, or what is wrong with them."""
    fields: dict[str, object] = {}
    try:
        committed = leaf_digests(leaf)
        for text in disclosures:
            name, value = disclosure_field(text)
            if b64url_text(hashlib.sha256(text.encode()).digest()) not in committed:
                raise unverified("disclosure does not match leaf", f"{name} is not in this leaf")
            if name in fields:
                raise unverified("field disclosed twice", name)
            fields[name] = value
    except Bad as error:
        fault = error.code
        if error.kind == "malformed":
            is_leaf = fault.startswith("leaf.")
            fault = "leaf malformed" if is_leaf else "disclosure malformed"
        return {}, [Finding(fault, index, error.detail)]
    return fields, []


# --- a receipt, and a whole exported log --------------------------------------------------------

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
EXPORTED = "evidence.exported"
VOUCHING = ("bank_log.accepted", "tenant_log.anchored")
LINKS_MAX = 64
KEY_UNEXAMINED, ROLLBACK_UNEXAMINED, STAMP_UNEXAMINED = "key", "rollback", "stamp"
CHAIN_UNEXAMINED, REVOCATION_UNEXAMINED = "chain", "revocation"
LINE_BYTES_MAX = 1024 * 1024
RECEIPT_CHARS_MAX = 1024 * 1024


def trust_of(key: Key, given: list[Key]) -> str:
    if key.vkey in [one.vkey for one in given]:
        return TRUSTED
    return UNKNOWN if logs_of(given) else SELF_ASSERTED


def logs_of(keys: list[Key]) -> list[Key]:
    return [one for one in keys if not one.is_cosigner]


def witnesses_of(keys: list[Key]) -> list[Key]:
    return [one for one in keys if one.is_cosigner]


def parse_proof(text: str) -> tuple[int, list[bytes], str]:
    head, found, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > 2 * NOTE_BYTES_MAX or not found or lines[0] != PROOF_HEADER:
        raise malformed("proof.form", "not a tlog-proof of version 1")
    if len(lines) > 1 and lines[1].startswith("extra "):
        if not b64(lines.pop(1)[6:], "proof.extra"):
            raise malformed("proof.extra", "an empty extra line")
    if len(lines) < 2 or not lines[1].startswith("index "):
        raise malformed("proof.form", "no index line")
    path = [b64(line, "proof.hash") for line in lines[2:]]
    if len(path) > 63 or any(len(one) != 32 for one in path):
        raise malformed("proof.hash", "too many hashes, or one that is not 32 bytes")
    split_note(note)
    return decimal(lines[1][6:], "proof.index"), path, note


def parse_receipt(text: str) -> tuple[Key, int, list[bytes], str, bytes, list[str]]:
    members = {"v": int, "kind": str, "vkey": str, "tlog_proof": str, "leaf": str}
    if len(text) > RECEIPT_CHARS_MAX:
        raise malformed("receipt.length", f"{len(text)} characters")
    told = json_object(text, dict(members, disclosures=list), "receipt.form")
    if told["v"] != 1 or told["kind"] != "bayward-receipt":
        raise malformed("receipt.form", "not a bayward-receipt of version 1")
    key, proof = Key(told["vkey"]), parse_proof(told["tlog_proof"])
    leaf = b64(told["leaf"], "receipt.leaf")
    return (key, *proof, leaf, text_list(told["disclosures"], DIGESTS_MAX, "receipt.disclosures"))


class Receipt:
    """A receipt looked into by the key it brings; whose that is stays open. Raises `Bad`."""

    def __init__(self, text: str, given: list[Key]) -> None:
        told = parse_receipt(text)
        self.key, self.index, path, note, leaf, disclosures = told
        self.signed: Checkpoint | None = None
        self.faults: list[Finding] = []
        # Further keys of the same log: some sign with two, for witnesses that know one kind only.
        others = [one for one in logs_of(given) if one.name == self.key.name]
        others = [one for one in others if one.vkey != self.key.vkey]
        self.trust = trust_of(self.key, given)
        try:
            signed = open_checkpoint(note, self.key, witnesses_of(given) + others)
            if root_of_path(self.index, signed.size, leaf_hash(leaf), path) != signed.root:
                raise unverified("proof.root", "the proof leads to another root")
            self.signed = signed
            if any(one.vkey in signed.by for one in others):
                self.trust = TRUSTED
        except Bad as error:
            self.faults.append(Finding(checkpoint_fault(error), None, str(error)))
        opened, self.wrong = open_leaf(leaf, disclosures, self.index)
        self.fields = opened if self.signed and not self.wrong else {}

    def outcome(
        self, trust: str, seen: set[str], demand: Demand | None, links: Links | None
    ) -> Outcome:
        findings = [Finding(UNKNOWN_KEY, None, self.key.vkey)] if trust == UNKNOWN else []
        findings += self.faults
        if self.signed:
            findings += witness_findings(self.signed, seen, demand)
        findings += self.wrong + (links.findings if links else [])
        proven = {"origin": self.key.name, "index": self.index, "entries": 1}
        signed = self.signed
        proven["size"], proven["root"] = (signed.size, signed.root.hex()) if signed else (0, "")
        proven["cosigned"] = signed.cosigned if signed else {}
        proven["fields"], proven["chain"] = self.fields, links.above if links else []
        unexamined = [KEY_UNEXAMINED] if trust == SELF_ASSERTED else []
        if signed and not seen and not proven["chain"]:
            unexamined.append(CHAIN_UNEXAMINED)
        return Outcome(findings, trust, unexamined, **proven)


def witness_findings(signed: Checkpoint, seen: set[str], demand: Demand | None) -> list[Finding]:
    """Whether as many witnesses as are demanded have seen a checkpoint, or a log above it."""
    if demand is None or demand.is_met(seen):
        return []
    told = f"{signed.origin}: seen by {len(seen)} of your witnesses"
    return [Finding(NOT_WITNESSED, None, told)]


def verify_receipt(text: str, given: list[Key], demand: Demand | None = None) -> Outcome:
    """Check that an entry stands in a log, what its disclosed fields are, and the logs above."""
    first, *rest = lines_of_chain(text)
    try:
        found = Receipt(first, given)
    except Bad as error:
        return Outcome([Finding(MALFORMED, None, str(error))], UNKNOWN, [])
    trust, own = found.trust, found.signed
    if not rest:
        return found.outcome(trust, set(own.seen) if own else set(), demand, None)
    links = Links(list(enumerate(rest, start=2)), {own.place} if own else set(), given)
    seen: set[str] = set()
    if own:
        seen = own.seen | links.seen.get(own.place, set())
        trust = TRUSTED if own.place in links.trusted else trust
    return found.outcome(trust, seen, demand, links)


def lines_of_chain(text: str) -> list[str]:
    """The receipts of a chain, one a line; of a receipt alone, that one as it is."""
    first, _, rest = text.partition("\n")
    if not first.rstrip(" \t\r").endswith("}") or not rest.strip(" \t\r\n"):
        return [text]
    return [line for line in text.split("\n") if line.strip(" \t\r")]


class Links:
    """Receipts of logs above, followed up from the checkpoints of `base`: a log's checkpoint is
    an entry of its parent. A link nobody trusts is no fault; it only says nothing."""

    def __init__(
        self, lines: list[tuple[int, str]], base: set[tuple[str, int, str]], given: list[Key]
    ) -> None:
        self.findings: list[Finding] = []
        self.trusted: set[tuple[str, int, str]] = set()
        self.seen: dict[tuple[str, int, str], set[str]] = {}
        self.keys: set[str] = set()
        self.above: list[dict[str, Any]] = []
        links, known = [], set(base)
        for number, text in lines:
            if number > LINKS_MAX:
                self.findings.append(Finding("too large", number, "too many receipts"))
                break
            link = self.examine(number, text, known, given)
            if link:
                links.append(link)
                known.add(link[2].place)
        for receipt, below, own in reversed(links):
            self.believe(receipt, below, own)
        self.checkpoints = {own.place for _, _, own in links}
        self.above.reverse()

    def examine(
        self, number: int, text: str, known: set[tuple[str, int, str]], given: list[Key]
    ) -> tuple[Receipt, tuple[str, int, str], Checkpoint] | None:
        try:
            found = Receipt(text, given)
        except Bad as error:
            self.findings.append(Finding(MALFORMED, number, f"of a chain: {error}"))
            return None
        wrong = found.faults + found.wrong
        self.findings += [Finding(one.fault, number, f"of a chain: {one}") for one in wrong]
        if wrong or found.signed is None:
            return None
        told = found.fields
        below = told.get("origin"), told.get("log_size"), told.get("log_root")
        kinds = [type(one) for one in below]
        if told.get("type") not in VOUCHING or kinds != [str, int, str]:
            why = "not the record of a checkpoint"
        elif below not in known:
            why = "of a checkpoint that is not below"
        else:
            return found, below, found.signed
        self.findings.append(Finding(CHAIN_MISMATCH, number, why))
        return None

    def believe(self, receipt: Receipt, below: tuple[str, int, str], own: Checkpoint) -> None:
        trust = TRUSTED if own.place in self.trusted else receipt.trust
        if trust == TRUSTED:
            self.trusted.add(below)
            if isinstance(receipt.fields.get("log_key"), str):
                self.keys.add(receipt.fields["log_key"])
        seen = own.seen | self.seen.get(own.place, set())
        self.seen[below] = self.seen.get(below, set()) | seen
        part = {"origin": own.origin, "size": own.size, "trust": trust, "cosigned": own.cosigned}
        self.above.append(part)


class Kept:
    """A document kept from before whose signature holds; of a receipt that holds, its entry."""

    def __init__(self, tree: Checkpoint) -> None:
        self.tree = tree
        self.entry: tuple[int, bytes] | None = None
        self.fields: dict[str, object] = {}

    def is_of_export(self, digest: str) -> bool:
        """Whether it is the receipt of the export of a pack, and so was signed after that."""
        return (self.fields.get("type"), self.fields.get("detail")) == (EXPORTED, digest)

    def take_entry(self, index: int, path: list[bytes], leaf: bytes, shown: list[str]) -> None:
        try:
            if root_of_path(index, self.tree.size, leaf_hash(leaf), path) != self.tree.root:
                return
        except Bad:
            return
        self.entry = index, leaf_hash(leaf)
        fields, wrong = open_leaf(leaf, shown, index)
        self.fields = {} if wrong else fields


def open_older(document: str, keys: list[Key], origins: set[str]) -> Kept:
    """With the first key that does; when none does, the first key's objection counts. Unless it
    says that it is of another log than those of `origins`: nobody here has the key of that."""
    note, receipt = document, None
    if document.lstrip().startswith("{"):
        receipt = parse_receipt(lines_of_chain(document)[0])
        note = receipt[3]
    elif document.startswith(PROOF_HEADER + "\n"):
        note = parse_proof(document)[2]
    objections = []
    for key in keys:
        try:
            found = Kept(open_checkpoint(note, key, []))
        except Bad as error:
            objections.append(error)
            continue
        if receipt:
            _, index, path, _, leaf, shown = receipt
            found.take_entry(index, path, leaf, shown)
        return found
    try:
        origin = Checkpoint(split_note(note)[0]).origin
    except Bad:
        raise objections[0] from None
    if origin in origins:
        raise objections[0]
    raise unverified("checkpoint.origin", f"of {origin}, another log")


def objection_words(number: int, error: Bad) -> str:
    """Why a kept document, one of several from 0, could not be held against anything. The number
    keeps two of them apart whose faults are worded alike."""
    return f"older document {number + 1}: {error.detail or error.code}"


def rollback_words(kept: int, here: int) -> str:
    """What it means to have kept a larger tree; which of the two is younger, nobody here knows."""
    return (
        f"the log had {kept} entries in what you kept, {here} here: set back, unless what you "
        "kept is the younger one; then hold it against a newer export"
    )


def held(number: int, size: int, standing: str) -> dict[str, object]:
    """Of a kept document that contradicts nothing: which one, and what came of it."""
    return {"number": number, "size": size, "standing": standing}


class LogCheck:
    """One pass over an exported log; holds the edge of the tree and nothing behind it."""

    def __init__(
        self, header: bytes, given: list[Key], older: list[str], demand: Demand | None = None
    ) -> None:
        members = {"v": int, "kind": str, "origin": str, "vkey": str, "checkpoint": str}
        told = json_object(log_line(header), members, "export.header")
        if told["v"] != 1 or told["kind"] != "bayward-log":
            raise malformed("export.header", "not a bayward-log of version 1")
        self.key = Key(told["vkey"])
        if told["origin"] != self.key.name:
            raise malformed("export.header", "the key's name is not the origin")
        self.trust = trust_of(self.key, given)
        self.findings: list[Finding] = []
        self.signed: Checkpoint | None = None
        self.older: dict[int, list[bytes]] = {}
        self.kept: list[tuple[int, Checkpoint]] = []
        self.agreed: set[tuple[int, bytes]] = set()
        self.edge, self.next, self.intact = Frontier(), 0, True
        self.last: int | None = None
        if self.trust == UNKNOWN:
            self.find(UNKNOWN_KEY, None, self.key.vkey)
        try:
            self.signed = open_checkpoint(told["checkpoint"], self.key, witnesses_of(given))
            self.findings += witness_findings(self.signed, self.signed.seen, demand)
        except Bad as error:
            self.find(checkpoint_fault(error), None, str(error))
        for number, document in enumerate(older):
            self.remember(number, document, [self.key] + given)

    def find(self, fault: str, at: int | None = None, detail: str = "") -> None:
        self.findings.append(Finding(fault, at, detail))

    def remember(self, number: int, document: str, keys: list[Key]) -> None:
        """Note the root the log had at an earlier size, once its signature is verified."""
        try:
            found = open_older(document, keys, {self.key.name}).tree
        except Bad as error:
            self.find(checkpoint_fault(error), None, objection_words(number, error))
            return
        if found.origin != self.key.name:
            self.find(WRONG_ORIGIN, None, f"older document {number + 1}: of {found.origin}")
        else:
            self.older.setdefault(found.size, []).append(found.root)
            self.kept.append((number, found))

    def take(self, number: int, line: bytes) -> bool:
        """Examine one line; False when there are findings enough."""
        try:
            members = {"index": int, "hash": str, "leaf": str, "disclosures": list}
            told = json_object(log_line(line), members, "export.entry")
            stored = b64(told["hash"], "export.hash")
            if not 0 <= told["index"] <= MAX_NUMBER or len(stored) != 32:
                raise malformed("export.entry", "no index, or no hash")
            leaf = b64(told["leaf"], "export.leaf")
            shown = text_list(told["disclosures"], DIGESTS_MAX, "export.disclosures")
        except Bad as error:
            self.intact = False
            self.next += 1
            self.find(MALFORMED, number, str(error))
        else:
            self.place(told["index"], stored, leaf, shown)
        if len(self.findings) < FINDINGS_MAX:
            return True
        self.intact = False
        return False

    def place(self, index: int, stored: bytes, leaf: bytes, shown: list[str]) -> None:
        if index == self.last:
            self.find("repeated", index)
            return
        if index > self.next:
            self.find("gap", self.next, f"{index} follows")
        elif index < self.next:
            self.find("out of order", index, f"in the place of {self.next}")
        self.intact = self.intact and index == self.next
        self.last, self.next = index, max(self.next, index + 1)
        if leaf_hash(leaf) != stored:
            self.find("body/leaf mismatch", index)
        self.findings += open_leaf(leaf, shown, index)[1]
        if self.intact:
            self.edge.add(stored)
            self.compare_older()

    def compare_older(self) -> None:
        for root in self.older.get(self.edge.size, []):
            if root == self.edge.root():
                self.agreed.add((self.edge.size, root))
            else:
                self.find("fork", self.edge.size, "an older checkpoint has another root")

    def conclude(self) -> Outcome:
        if self.signed and self.intact:
            if self.signed.size != self.next:
                told = f"checkpoint {self.signed.size} vs {self.next} entries"
                self.find("size mismatch", None, told)
            elif self.signed.root != self.edge.root():
                self.find(ROOT_MISMATCH, self.signed.size)
        known = self.signed.size if self.signed else self.next
        for size in sorted(self.older):
            if size > known:
                self.find("rollback", size, rollback_words(size, known))
        unexamined = [KEY_UNEXAMINED] if self.trust == SELF_ASSERTED else []
        unexamined += [] if self.older else [ROLLBACK_UNEXAMINED]
        proven = {"origin": self.key.name, "entries": self.next, "index": None, "fields": {}}
        proven["size"] = self.signed.size if self.signed else 0
        proven["root"] = self.signed.root.hex() if self.signed else ""
        proven["cosigned"] = self.signed.cosigned if self.signed else {}
        proven["held"] = [
            held(number, old.size, "consistent")
            for number, old in self.kept
            if not old.size or (old.size, old.root) in self.agreed
        ]
        return Outcome(self.findings, self.trust, unexamined, **proven)


def log_line(line: bytes) -> str:
    if not line:
        raise malformed("export.line", "the file is empty")
    if len(line) > LINE_BYTES_MAX or not line.endswith(b"\n"):
        raise malformed("export.line", "too long, or without a newline at its end")
    return utf8(line, "export.line")


def verify_log(
    lines: Iterable[bytes], given: list[Key], older: list[str], demand: Demand | None = None
) -> Outcome:
    """Check every entry of an exported log, line by line; memory does not grow with it."""
    stream = iter(lines)
    try:
        check = LogCheck(next(stream, b""), given, older, demand)
    except Bad as error:
        return Outcome([Finding(MALFORMED, 1, str(error))], UNKNOWN, [])
    for number, line in enumerate(stream, start=2):
        if not check.take(number, line):
            break
    return check.conclude()


# --- the archive: read as if an enemy had written it --------------------------------------------

PACK_FILES_MAX = 10_000
PACK_BYTES_MAX = 512 * 1024 * 1024
PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


class Hostile(Exception):
    """Raised with the findings for which nothing was unpacked."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(findings)
        self.findings = findings


def is_path(text: str) -> bool:
    return len(text) <= 200 and PATH.fullmatch(text) is not None


def path_findings(paths: list[str]) -> list[Finding]:
    found, seen = [], set()
    for path in paths:
        if not is_path(path):
            found.append(Finding("unsafe path", None, ascii(path)[1:-1][:200]))
        elif path.lower() in seen:
            found.append(Finding("name appears twice", None, path))
        seen.add(path.lower())
    return found


def read_zip(raw: bytes) -> dict[str, bytes]:
    """The files of a ZIP below its one folder."""
    try:
        entries, start = zip_directory(raw)
        found = path_findings([name[:-1] if name[-1:] == "/" else name for name, _ in entries])
        sizes, links = 0, []
        for name, told in entries:
            kind = told[15] >> 16 & 0o170000 if told[1] >> 8 == 3 else 0
            sizes += told[9]
            if kind not in (0, 0o100000, 0o040000) and is_path(name.rstrip("/")):
                links.append(Finding("unsafe path", None, f"{name}: a link"))
        found += links
        if len(entries) > PACK_FILES_MAX or sizes > PACK_BYTES_MAX:
            found.append(Finding("too large"))
        if found:
            raise Hostile(found)
        files, folders, end = {}, set(), 0
        for name, told in sorted(entries, key=lambda one: one[1][16]):
            if told[16] < end:
                raise malformed("zip.overlap", name)
            body, end = zip_file(raw, name, told, start)
            folder, _, path = name.partition("/")
            folders.add(folder)
            if not name.endswith("/"):
                files[path] = body
        if len(folders) != 1 or "" in files:
            raise malformed("zip.folder", "not one folder")
        return files
    except (Bad, struct.error, zlib.error) as error:
        raise Hostile([Finding(MALFORMED, None, f"zip: {error}")]) from None


def zip_directory(raw: bytes) -> tuple[list[tuple[str, tuple[Any, ...]]], int]:
    magic, disk, first, here, count, length, start, comment = struct.unpack("<4s4H2LH", raw[-22:])
    if magic != b"PK\5\6" or disk or first or comment or here != count:
        raise malformed("zip.end", "no end of directory, or something behind it")
    if start + length + 22 != len(raw):
        raise malformed("zip.end", "the directory is not before its end")
    at, entries = start, []
    for _ in range(count):
        told = struct.unpack_from("<4s6H3L5H2L", raw, at)
        name = raw[at + 46 : at + 46 + told[10]].decode("latin-1")
        if told[0] != b"PK\1\2" or len(name) != told[10]:
            raise malformed("zip.entry", "not a directory entry")
        entries.append((name, told))
        at += 46 + told[10] + told[11] + told[12]
    if at + 22 != len(raw):
        raise malformed("zip.entry", "the directory has another length")
    return entries, start


def zip_file(raw: bytes, name: str, told: tuple[Any, ...], start: int) -> tuple[bytes, int]:
    """One file and where it ends; unpacks no more than the directory told."""
    flags, method, crc, packed, size, offset = told[3], told[4], told[7], told[8], told[9], told[16]
    local = struct.unpack_from("<4s5H3L2H", raw, offset)
    begin = offset + 30
    own_name = raw[begin : begin + local[9]].decode("latin-1")
    begin += local[9] + local[10]
    end = begin + packed
    if local[0] != b"PK\3\4" or own_name != name or local[3] != method:
        raise malformed("zip.local", f"{name} is another file in its own header")
    if flags & ~0x080E or 0xFFFFFFFF in (size, packed) or end > start:
        raise malformed("zip.local", f"{name} is encrypted, or of no known size")
    body = raw[begin:end]
    if method == 8:
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        body = unpack.decompress(body, size + 1)
        if not unpack.eof or unpack.unused_data:
            raise malformed("zip.size", f"{name} is of another size")
    elif method != 0:
        raise malformed("zip.method", name)
    if len(body) != size or zlib.crc32(body) != crc:
        raise malformed("zip.size", f"{name} is of another size, or its sum is wrong")
    return body, end


def read_folder(folder: str) -> dict[str, bytes]:
    """The files of an unpacked pack; links and special files are refused."""
    files: dict[str, bytes] = {}
    found, total = [], 0
    for place, folders, names in os.walk(folder):
        for name in sorted(folders) + sorted(names):
            full = os.path.join(place, name)
            path = os.path.relpath(full, folder).replace(os.sep, "/")
            told = os.lstat(full)
            if stat.S_ISDIR(told.st_mode):
                continue
            if not stat.S_ISREG(told.st_mode):
                found.append(Finding("unsafe path", None, f"{path}: a link"))
                continue
            total += told.st_size
            if total > PACK_BYTES_MAX or len(files) >= PACK_FILES_MAX:
                raise Hostile([Finding("too large")])
            with open(full, "rb") as file:
                files[path] = file.read()
    if found:
        raise Hostile(found)
    return files


# --- the pack -----------------------------------------------------------------------------------

DECLARATION = "bagit.txt"
DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
NOTE, STAMP = TAG_MANIFEST + ".note", TAG_MANIFEST + ".tsr"
POLICY, CHAIN, ANCHOR = "data/policy.txt", "data/chain.txt", "data/anchor.txt"
OF_A_LOG = ("checkpoint", "records.ndjson", "range.json")


def parse_manifest(raw: bytes) -> dict[str, str]:
    lines = raw.decode("latin-1").split("\n")
    listed = {}
    for line in lines[:-1]:
        found = re.fullmatch(r"([0-9a-f]{64})  (.+)", line, re.ASCII)
        if found is None or not is_path(found.group(2)) or found.group(2) in listed:
            raise malformed("manifest.line", "a line that names no file, or one twice")
        listed[found.group(2)] = found.group(1)
    if lines[-1]:
        raise malformed("manifest.line", "no newline at its end")
    return listed


def parse_range(text: str) -> dict[str, Any]:
    members = {"v": int, "origin": str, "from": int, "to": int, "complete": bool}
    told = json_object(text, dict(members, left=list, right=list), "range.form")
    if told["v"] != 1 or told["complete"] is not True:
        raise malformed("range.form", "not a complete range of version 1")
    if not 0 <= told["from"] < told["to"] <= MAX_NUMBER:
        raise malformed("range.bounds", "an empty range, or none")
    for side in ("left", "right"):
        texts = text_list(told[side], 64, "range.hashes")
        told[side] = [b64(one, "range.hashes") for one in texts]
        if any(len(one) != 32 for one in told[side]):
            raise malformed("range.hashes", "a hash that is not 32 bytes")
    return told


def parse_seal(text: str) -> list[str]:
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0].endswith("/export"):
        raise malformed("seal.form", "not the seal of a pack")
    is_bag = re.fullmatch(r"evidence-[a-z0-9]{1,64}", lines[1], re.ASCII)
    if not is_bag or not re.fullmatch(r"[0-9a-f]{64}", lines[2], re.ASCII):
        raise malformed("seal.form", "no name of a bag, or no hash")
    return [lines[0][: -len("/export")], lines[1], lines[2]]


def note_text(raw: bytes) -> str:
    if len(raw) > NOTE_BYTES_MAX:
        raise malformed("note.length", f"{len(raw)} bytes")
    return utf8(raw, "note.utf8")


def lines_of(raw: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", raw)


def is_of_log(path: str) -> bool:
    parts = path.split("/", 2)
    return len(parts) == 3 and parts[0] == "data" and parts[2] in OF_A_LOG


class Shown:
    """What a pack shows of a log; without leaves its range is not proven."""

    def __init__(
        self, key: Key, tree: Checkpoint, proof: dict[str, Any], leaves: list[bytes] | None
    ) -> None:
        self.key, self.tree, self.proof, self.leaves = key, tree, proof, leaves

    def root_at(self, size: int) -> bytes | None:
        if size == self.tree.size:
            return self.tree.root
        if self.leaves is None or size > self.tree.size:
            return None
        return root_at(size, sides(self.proof, self.tree.size), self.proof["from"], self.leaves)

    def leaf_at(self, index: int) -> bytes | None:
        is_here = self.leaves and self.proof["from"] <= index < self.proof["to"]
        return self.leaves[index - self.proof["from"]] if self.leaves and is_here else None


class PackCheck:
    """One pass over the files of a pack."""

    def __init__(
        self,
        files: dict[str, bytes],
        given: list[Key],
        demand: Demand | None = None,
        authorities: Iterable[str] = (),
        older: Iterable[str] = (),
    ) -> None:
        self.files, self.given, self.demand = files, given, demand
        self.authorities, self.older = set(authorities), list(older)
        self.shown: list[Shown] = []
        self.findings: list[Finding] = []
        self.named: dict[str, list[Key]] = {}
        self.links = Links([], set(), given)
        self.stamps: list[dict[str, Any]] = []
        self.held: list[dict[str, object]] = []
        self.standings: list[bool] = []
        self.trusts: list[str] = []
        self.bag = self.maker = ""
        self.logs: list[dict[str, Any]] = []

    def find(self, fault: str, at: int | None = None, detail: str = "") -> None:
        self.findings.append(Finding(fault, at, detail))

    def conclude(self) -> Outcome:
        self.take_bag()
        self.take_policy()
        self.take_chain()
        self.take_seal()
        folders = sorted({path.rpartition("/")[0] for path in self.files if is_of_log(path)})
        if not folders:
            self.find(FILE_MISSING, None, "data/*/checkpoint")
        for folder in folders:
            self.take_log(folder)
        remembers = self.take_older()
        self.take_stamps()
        trust = TRUSTED if self.trusts else UNKNOWN
        for worse in (SELF_ASSERTED, UNKNOWN):
            trust = worse if worse in self.trusts else trust
        unexamined = [KEY_UNEXAMINED] if trust == SELF_ASSERTED else []
        unexamined += [] if remembers else [ROLLBACK_UNEXAMINED]
        if not all(one["known"] for one in self.stamps):
            unexamined.append(STAMP_UNEXAMINED)
        if not all(self.standings):
            unexamined.append(REVOCATION_UNEXAMINED)
        proven = {"bag": self.bag, "maker": self.maker, "digest": self.digest(), "logs": self.logs}
        proven["chain"], proven["stamps"] = self.links.above, self.stamps
        proven["told"], proven["held"] = sorted(self.links.keys), self.held
        return Outcome(self.findings, trust, unexamined, **proven)

    def digest(self) -> str:
        """The hash of everything in the pack, which the receipt of its export names."""
        return hashlib.sha256(self.files.get(TAG_MANIFEST, b"")).hexdigest()

    def take_bag(self) -> None:
        if self.files.get(DECLARATION, DECLARED) != DECLARED:
            self.find(MALFORMED, None, DECLARATION)
        payload = {path for path in self.files if path.startswith("data/")}
        tags = set(self.files) - payload - {TAG_MANIFEST, NOTE, STAMP}
        for name, holds in ((MANIFEST, payload), (TAG_MANIFEST, tags)):
            if name not in self.files:
                self.find(FILE_MISSING, None, name)
                continue
            try:
                listed = parse_manifest(self.files[name])
            except Bad as error:
                self.find(MALFORMED, None, f"{name}: {error.detail}")
                continue
            for path in sorted(holds.union(listed)):
                if path not in holds:
                    self.find(FILE_MISSING, None, path)
                elif path not in listed:
                    self.find("file not listed", None, path)
                elif hashlib.sha256(self.files[path]).hexdigest() != listed[path]:
                    self.find(FILE_ALTERED, None, path)
        if DECLARATION not in self.files:
            self.find(FILE_MISSING, None, DECLARATION)

    def take_policy(self) -> None:
        if POLICY not in self.files:
            self.find(FILE_MISSING, None, POLICY)
            return
        try:
            for key in logs_of(Policy(note_text(self.files[POLICY])).keys):
                self.named.setdefault(key.name, []).append(key)
        except Bad as error:
            self.named = {}
            self.find(MALFORMED, None, f"{POLICY}: {error}")

    def take_seal(self) -> None:
        if NOTE not in self.files:
            self.find(FILE_MISSING, None, NOTE)
            return
        try:
            note = note_text(self.files[NOTE])
            key, trust = self.key(parse_seal(split_note(note)[0])[0])
            if key is None:
                return
            text, _ = open_note(note, [key])
            self.maker, self.bag, digest = parse_seal(text)
        except Bad as error:
            self.find(checkpoint_fault(error), None, f"{NOTE}: {error}")
            return
        self.trust(key, trust)
        if self.digest() != digest:
            self.find(FILE_ALTERED, None, TAG_MANIFEST)

    def take_chain(self) -> None:
        """Links from the checkpoints of the pack up; the stamped one is that of a link."""
        here: set[tuple[str, int, str]] = set()
        for path, raw in self.files.items():
            if is_of_log(path) and path.endswith("/checkpoint"):
                try:
                    here.add(Checkpoint(split_note(note_text(raw))[0]).place)
                except Bad:
                    continue
        lines = enumerate(lines_of(self.files.get(CHAIN, b"")), start=1)
        texts = [(number, line.decode("utf-8", "replace")) for number, line in lines]
        self.links = Links(texts, here, self.given)
        self.findings += self.links.findings
        if ANCHOR in self.files:
            try:
                told = Checkpoint(split_note(note_text(self.files[ANCHOR]))[0])
            except Bad as error:
                self.find(MALFORMED, None, f"{ANCHOR}: {error}")
                return
            if told.place not in self.links.checkpoints:
                self.find(CHAIN_MISMATCH, None, f"{ANCHOR}: of no link in {CHAIN}")

    def take_stamps(self) -> None:
        """The time stamps beside files; whose clocks they are is for the reader to decide."""
        listed, issuers = self.revoked(), set()
        for path in sorted(self.files):
            if not path.endswith(".tsr"):
                continue
            try:
                told, own = open_stamp(self.files[path], self.files.get(path[:-4], b""))
            except Bad as error:
                self.find(STAMP_INVALID, None, f"{path}: {error}")
                continue
            is_known = told["fingerprint"] in self.authorities
            self.stamps.append(dict(told, path=path[:-4], known=is_known))
            issuers.add(own["issuer"])
            if listed:
                self.standings.append(self.is_good(listed, own, told["time"], path))
            else:
                self.standings.append(False)
            if self.authorities and not is_known:
                self.find(UNKNOWN_KEY, None, f"{path}: certificate {told['fingerprint']}")

        if listed and issuers and listed["issuer"] not in issuers:
            self.find(LIST_INVALID, None, f"{LIST}: of another issuer")

    def revoked(self) -> dict[str, Any] | None:
        """The list of revoked certificates, when there is one."""
        if LIST not in self.files:
            return None
        if ISSUER not in self.files:
            self.find(FILE_MISSING, None, ISSUER)
            return None
        try:
            return revoked_list(self.files[LIST])
        except Bad as error:
            self.find(LIST_INVALID, None, f"{LIST}: {error}")
            return None

    def is_good(self, listed: dict[str, Any], own: dict[str, Any], time: str, path: str) -> bool:
        """Whether a list says of a certificate that it was good; what is wrong is noted."""
        if listed["issuer"] != own["issuer"]:
            return False
        try:
            told = standing(listed, self.files[ISSUER], own, time)
        except Bad as error:
            self.find(LIST_INVALID, None, f"{LIST}: {error}")
            return False
        if told == "revoked":
            self.find(STAMP_REVOKED, None, path)
        return told in ("good", "revoked")

    def take_older(self) -> bool:
        """Hold what the reader kept against the logs; whether all of it was compared with all."""
        compared, is_missed = set(), False
        keys = [one.key for one in self.shown] + self.given
        wanted = {one.tree.origin for one in self.shown}
        for number, document in enumerate(self.older if self.shown else []):
            try:
                kept = open_older(document, keys, wanted)
            except Bad as error:
                self.find(checkpoint_fault(error), None, objection_words(number, error))
                continue
            old, entry = kept.tree, kept.entry
            logs = [one for one in self.shown if one.tree.origin == old.origin]
            if not logs:
                self.find(WRONG_ORIGIN, None, f"older document {number + 1}: of {old.origin}")
            for log in logs:
                root = log.root_at(old.size)
                if old.size > log.tree.size and kept.is_of_export(self.digest()):
                    is_missed = True
                    self.held.append(held(number, old.size, "younger"))
                elif old.size > log.tree.size:
                    self.find("rollback", old.size, rollback_words(old.size, log.tree.size))
                elif root is None:
                    is_missed = True
                    self.held.append(held(number, old.size, "not compared"))
                elif root != old.root:
                    self.find("fork", old.size, "an older checkpoint has another root")
                else:
                    compared.add(old.origin)
                    self.held.append(held(number, old.size, "consistent"))
                if entry and log.leaf_at(entry[0]) not in (None, entry[1]):
                    self.find("fork", entry[0], "an older receipt has another entry")
        return bool(self.older and wanted) and compared == wanted and not is_missed

    def take_log(self, folder: str) -> None:
        note, records, bounds = (f"{folder}/{name}" for name in OF_A_LOG)
        missing = [path for path in (note, records, bounds) if path not in self.files]
        for path in missing:
            self.find(FILE_MISSING, None, path)
        if missing:
            return
        try:
            proof = parse_range(note_text(self.files[bounds]))
        except Bad as error:
            self.find(MALFORMED, None, f"{bounds}: {error}")
            return
        leaves, closed = self.take_records(records, proof)
        signed = self.take_checkpoint(note, proof, closed)
        if signed is None:
            return
        key, tree = signed
        try:
            if leaves is not None and range_root(proof, tree.size, leaves) != tree.root:
                leaves = None
                self.find(ROOT_MISMATCH, None, "the range and its sides lead to another root")
        except Bad as error:
            leaves = None
            self.find(PROOF_INVALID, None, str(error))
        self.shown.append(Shown(key, tree, proof, leaves))

    def take_checkpoint(
        self, path: str, proof: dict[str, Any], closed: int
    ) -> tuple[Key, Checkpoint] | None:
        key, trust = self.key(proof["origin"])
        if key is None:
            return None
        try:
            tree = open_checkpoint(note_text(self.files[path]), key, witnesses_of(self.given))
        except Bad as error:
            self.find(checkpoint_fault(error), None, f"{path}: {error}")
            return None
        if tree.place in self.links.trusted:
            trust = TRUSTED
        self.trust(key, trust)
        seen = tree.seen | self.links.seen.get(tree.place, set())
        self.findings += witness_findings(tree, seen, self.demand)
        part = {"origin": tree.origin, "size": tree.size, "from": proof["from"]}
        part.update(to=proof["to"], trust=trust, cosigned=tree.cosigned, vkey=key.vkey)
        part["closed"] = closed
        self.logs.append(part)
        return key, tree

    def take_records(self, path: str, proof: dict[str, Any]) -> tuple[list[bytes] | None, int]:
        """The leaf hashes, and how many show no field; None: not one row within the bounds."""
        leaves, expected, is_whole, closed = [], proof["from"], True, 0
        for number, line in enumerate(lines_of(self.files[path]), start=1):
            try:
                members = {"index": int, "leaf": str, "disclosures": list, "withheld": int}
                told = json_object(log_line(line), members, "record.form")
                if not 0 <= told["index"] <= MAX_NUMBER:
                    raise malformed("record.index", "no index")
                leaf = b64(told["leaf"], "record.leaf")
                shown = text_list(told["disclosures"], DIGESTS_MAX, "record.disclosures")
            except Bad as error:
                self.find(MALFORMED, number, f"{path}: {error}")
                return None, closed
            index = told["index"]
            if index != expected:
                is_whole = False
                ahead = index > expected
                self.find("gap" if ahead else "out of order", expected if ahead else index, path)
            expected = max(expected, index + 1)
            faults = open_leaf(leaf, shown, index)[1]
            self.findings += faults
            if not faults and told["withheld"] != len(leaf_digests(leaf)) - len(shown):
                self.find("withheld count mismatch", index)
            leaves.append(leaf_hash(leaf))
            closed += not shown
            if len(self.findings) >= FINDINGS_MAX:
                return None, closed
        if is_whole and expected != proof["to"]:
            is_whole = False
            self.find("size mismatch", None, f"{path}: {len(leaves)} records")
        return leaves if is_whole else None, closed

    def key(self, name: str) -> tuple[Key | None, str]:
        """The key of this name: one the reader gave, or that a log above told, or the pack's."""
        given = {one.vkey for one in logs_of(self.given)}
        named = self.named.get(name, [])
        for key in named:
            if key.vkey in given or key.vkey in self.links.keys:
                return key, TRUSTED
        if not named:
            self.find(UNKNOWN_KEY, None, f"{name} has no key in {POLICY}")
            return None, UNKNOWN
        return named[0], UNKNOWN if given else SELF_ASSERTED

    def trust(self, key: Key, trust: str) -> None:
        self.trusts.append(trust)
        if trust == UNKNOWN:
            self.find(UNKNOWN_KEY, None, key.vkey)


def verify_files(
    files: dict[str, bytes],
    given: list[Key],
    demand: Demand | None = None,
    authorities: Iterable[str] = (),
    older: Iterable[str] = (),
) -> Outcome:
    unsafe = path_findings(sorted(files))
    if unsafe:
        return Outcome(unsafe, UNKNOWN, [])
    return PackCheck(files, given, demand, authorities, older).conclude()


def add_receipt(
    outcome: Outcome, text: str, given: list[Key], demand: Demand | None = None
) -> None:
    """Hold the receipt of the export against the pack it was made for."""
    told_keys = []  # that trusted logs above told of logs below
    for vkey in outcome.proven.get("told", []):
        try:
            told_keys.append(Key(vkey))
        except Bad:
            continue
    receipt = verify_receipt(text, given + logs_of(told_keys), demand)
    for one in receipt.findings:
        outcome.findings.append(Finding(one.fault, one.at, f"receipt of the export: {one}"))
    fields = receipt.proven.get("fields", {})
    told = fields.get("type"), fields.get("detail")
    if receipt.ok and told != (EXPORTED, outcome.proven.get("digest")):
        outcome.findings.append(Finding(CHAIN_MISMATCH, None, "the receipt is of another export"))
    outcome.proven["recorded"] = receipt.ok and outcome.ok


# --- time stamps (RFC 3161), as far as they speak for themselves --------------------------------

HASH_OF = {bytes.fromhex("60864801650304020" + n): name
           for n, name in (("1", "sha256"), ("2", "sha384"), ("3", "sha512"))}  # fmt: skip
RSA_WITH = {bytes.fromhex("2a864886f70d01010" + n): name
            for n, name in (("b", "sha256"), ("c", "sha384"), ("d", "sha512"))}  # fmt: skip
ECDSA_WITH = {bytes.fromhex("2a8648ce3d04030" + n): name
              for n, name in (("2", "sha256"), ("3", "sha384"), ("4", "sha512"))}  # fmt: skip
RSA_KEY, RSA_PSS, MGF1 = (bytes.fromhex("2a864886f70d0101" + end) for end in ("01", "0a", "08"))
EC_KEY = bytes.fromhex("2a8648ce3d0201")
CURVES = {bytes.fromhex("2a8648ce3d030107"): P256, bytes.fromhex("2b81040022"): P384}
SIGNED_DATA, TST_INFO = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE, MESSAGE_DIGEST = (bytes.fromhex("2a864886f70d0109" + end) for end in ("03", "04"))
CERTIFICATE_1, CERTIFICATE_2 = (bytes.fromhex("2a864886f70d01091002" + end) for end in ("0c", "2f"))
USAGE, STAMPING_ALONE = bytes.fromhex("551d25"), bytes.fromhex("300a06082b06010505070308")
COMMON_NAME = bytes.fromhex("550403")


class Der:
    """One value: its tag, its body, the bytes it is made of. Every length in its shortest form."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) < 2 or raw[0] & 31 == 31:
            raise malformed("der.tag", "no value, or a tag of several bytes")
        start, length = 2, raw[1]
        if length >= 128:
            start += length - 128
            told = raw[2:start]
            length = int.from_bytes(told, "big")
            if len(told) != start - 2 or not told or not told[0] or length < 128 or len(told) > 4:
                raise malformed("der.length", "a length in another than the shortest form")
        if start + length > len(raw):
            raise malformed("der.length", "longer than its bytes")
        self.tag, self.body = raw[0], raw[start : start + length]
        self.whole = raw[: start + length]

    def parts(self) -> list[Der]:
        if not self.tag & 0x20:
            raise malformed("der.form", "not made of values")
        found, rest = [], self.body
        while rest:
            found.append(Der(rest))
            rest = rest[len(found[-1].whole) :]
        return found

    def of(self, tag: int) -> Der:
        if self.tag != tag:
            raise malformed("der.tag", f"{self.tag:#04x} instead of {tag:#04x}")
        return self


def der(raw: bytes) -> Der:
    found = Der(raw)
    if len(found.whole) != len(raw):
        raise malformed("der.length", "something behind the value")
    return found


def hash_of(algorithm: Der) -> str:
    kind = algorithm.of(0x30).parts()[0].of(6).body
    if kind not in HASH_OF:
        raise unverified("stamp.hash", "a hash that is not read here")
    return HASH_OF[kind]


def is_kind(value: Der, kind: bytes) -> None:
    if value.of(6).body != kind:
        raise malformed("stamp.form", "another kind of document")


def read_stamp(token: bytes, data: bytes) -> dict[str, Any]:
    return open_stamp(token, data)[0]


def open_stamp(token: bytes, data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an authority's response over `data` says, and its certificate; raises `Bad`.

    Checked is all that follows from the token: granted, over these bytes, signed by the
    certificate it names, which is in it, is for time stamping alone, and was valid then. Whether
    that certificate is to be believed is the reader's decision.
    """
    if len(token) > 64 * 1024:
        raise malformed("stamp.length", f"{len(token)} bytes")
    try:
        content, certificates, signer = stamp_parts(token)
        time = stamp_time(content, data)
        whole, own = stamp_signer(content, certificates, signer)
        if not own["start"] <= time <= own["end"]:
            raise unverified("stamp.expired", "its certificate was not valid at that time")
    except (LookupError, ValueError):
        raise malformed("stamp.form", "a part is missing, or one too many") from None
    fingerprint = hashlib.sha256(whole).hexdigest()
    return {"time": time, "fingerprint": fingerprint, "signer": own["name"]}, own


def stamp_parts(token: bytes) -> tuple[bytes, list[Der], Der]:
    """The signed content, the certificates, the one signer."""
    status, *granted = der(token).of(0x30).parts()
    if status.of(0x30).parts()[0].of(2).body not in (b"\0", b"\1"):
        raise unverified("stamp.status", "it was not granted")
    (wrapped,) = granted
    kind, explicit = wrapped.of(0x30).parts()
    is_kind(kind, SIGNED_DATA)
    (data,) = explicit.of(0xA0).parts()
    _, _, inner, *rest = data.of(0x30).parts()
    kind, explicit = inner.of(0x30).parts()
    is_kind(kind, TST_INFO)
    (content,) = explicit.of(0xA0).parts()
    certificates = [one for part in rest if part.tag == 0xA0 for one in part.parts()]
    (signer,) = rest[-1].of(0x31).parts()
    return content.of(4).body, certificates, signer.of(0x30)


def stamp_time(content: bytes, data: bytes) -> str:
    """The time, as `YYYYMMDDHHMMSS` in UTC, if it is told of these bytes."""
    version, _, imprint, _, at, *_ = der(content).of(0x30).parts()
    if version.of(2).body != b"\1":
        raise malformed("stamp.version", "not version 1")
    algorithm, digest = imprint.of(0x30).parts()
    name = hash_of(algorithm)
    if digest.of(4).body != hashlib.new(name, data).digest():
        raise unverified("stamp.imprint", "it is over other bytes")
    return moment(at.of(0x18))


def moment(value: Der) -> str:
    if value.tag == 0x17 and re.fullmatch(rb"[0-9]{12}Z", value.body):
        return ("19" if value.body[:1] >= b"5" else "20") + value.body[:-1].decode()
    found = re.fullmatch(rb"([0-9]{14})(\.[0-9]+)?Z", value.of(0x18).body)
    if found is None:
        raise malformed("stamp.time", "not a time in UTC")
    return found.group(1).decode()


def stamp_signer(
    content: bytes, certificates: list[Der], signer: Der
) -> tuple[bytes, dict[str, Any]]:
    """The certificate by whose key the content is signed, and its parts."""
    _, who, algorithm, attributes, method, signature = signer.parts()[:6]
    issuer, serial = who.of(0x30).parts()
    name, told = hash_of(algorithm), {}
    for one in attributes.of(0xA0).parts():
        kind, values = one.of(0x30).parts()
        (value,) = values.of(0x31).parts()
        if kind.of(6).body in told:
            raise malformed("stamp.attribute", "one of them twice")
        told[kind.body] = value
    if CONTENT_TYPE not in told or told[CONTENT_TYPE].whole != b"\6\x0b" + TST_INFO:
        raise unverified("stamp.attribute", "it signs another kind of content")
    digest = told[MESSAGE_DIGEST].of(4).body if MESSAGE_DIGEST in told else b""
    if digest != hashlib.new(name, content).digest():
        raise unverified("stamp.digest", "it signs another content")
    for one in certificates:
        if one.tag != 0x30:
            continue
        found = certificate(one)
        if (found["issuer"], found["serial"]) != (issuer.whole, serial.body):
            continue
        if is_named(told, one.whole):
            signed = b"\x31" + attributes.whole[1:]
            if not stamp_holds(found["key"], method, name, signed, signature.of(4).body):
                raise unverified("stamp.signature", "the signature does not hold")
            used = [x.parts() for x in found["extensions"] if x.parts()[0].body == USAGE]
            alone = len(used) == 1 and [x.whole for x in used[0][1:2]] == [b"\1\1\xff"]
            if not alone or [x.body for x in used[0][2:]] != [STAMPING_ALONE]:
                told_why = "its certificate is not one for time stamping alone"
                raise unverified("stamp.usage", told_why)
            return one.whole, found
    raise unverified("stamp.certificate", "the certificate it names is not in it")


def is_named(told: dict[bytes, Der], whole: bytes) -> bool:
    """Whether the signer meant this certificate, and no other with the same issuer and number."""
    newer = CERTIFICATE_2 in told
    if not newer and CERTIFICATE_1 not in told:
        raise unverified("stamp.certificate", "it does not say by which certificate")
    listed = told[CERTIFICATE_2 if newer else CERTIFICATE_1].of(0x30).parts()[0]
    parts = listed.of(0x30).parts()[0].of(0x30).parts()
    name = "sha256" if newer else "sha1"
    if newer and parts[0].tag == 0x30:
        name = hash_of(parts.pop(0))
    return parts[0].of(4).body == hashlib.new(name, whole).digest()


def certificate(whole: Der) -> dict[str, Any]:
    parts = whole.parts()[0].of(0x30).parts()
    if parts[0].tag == 0xA0:
        parts = parts[1:]
    serial, _, issuer, validity, subject, key, *more = parts
    start, end = validity.of(0x30).parts()
    extensions: list[Der] = []
    for one in more:
        if one.tag == 0xA3:
            (found,) = one.parts()
            extensions += found.of(0x30).parts()
    name = "?"
    for many in subject.of(0x30).parts():
        for one in many.parts():
            pair = one.parts()
            if len(pair) == 2 and pair[0].body == COMMON_NAME:
                name = pair[1].body.decode("utf-8", "replace")
    return {
        "whole": whole,
        "subject": subject.whole,
        "serial": serial.of(2).body,
        "issuer": issuer.whole,
        "start": moment(start),
        "end": moment(end),
        "key": key.of(0x30),
        "extensions": extensions,
        "name": name,
    }


def stamp_holds(key: Der, method: Der, name: str, signed: bytes, signature: bytes) -> bool:
    kind, *rest = method.of(0x30).parts()
    way = kind.of(6).body
    algorithm, bits = key.parts()
    body = bits.of(3).body
    if body[0]:
        raise malformed("stamp.key", "no whole bytes")
    digest = hashlib.new(name, signed).digest()
    owner = algorithm.of(0x30).parts()
    if owner[0].body == EC_KEY:
        if ECDSA_WITH.get(way) != name or owner[1].body not in CURVES or body[1] != 4:
            raise unverified("stamp.method", "a way of signing that is not read here")
        curve = CURVES[owner[1].body]
        return curve.holds(curve.point(body[2:]), digest, signature)
    if owner[0].body not in (RSA_KEY, RSA_PSS):
        raise unverified("stamp.method", "a kind of key that is not read here")
    n, e = (int.from_bytes(x.of(2).body, "big") for x in der(body[1:]).of(0x30).parts())
    if not 2048 <= n.bit_length() <= 8192 or not n & e & 1 or not 2 < e < 2**32:
        raise malformed("stamp.key", "not an RSA key of 2048 to 8192 bits")
    width = (n.bit_length() + 7) // 8
    if len(signature) != width or int.from_bytes(signature, "big") >= n:
        return False
    block = pow(int.from_bytes(signature, "big"), e, n).to_bytes(width, "big")
    if way == RSA_KEY or RSA_WITH.get(way) == name:
        oid = next(oid for oid, one in HASH_OF.items() if one == name)
        info = b"\x06\x09" + oid + b"\x05\x00"
        info = bytes([0x30, len(info)]) + info + bytes([4, len(digest)]) + digest
        info = bytes([0x30, len(info)]) + info
        return block == b"\0\1" + b"\xff" * (width - len(info) - 3) + b"\0" + info
    if way != RSA_PSS or len(rest) != 1:
        raise unverified("stamp.method", "a way of signing that is not read here")
    told = {one.tag: one.parts()[0] for one in rest[0].of(0x30).parts()}
    mask, salt = told[0xA1].of(0x30).parts(), told[0xA2].of(2).body
    is_kind(mask[0], MGF1)
    if {hash_of(told[0xA0]), hash_of(mask[1])} != {name} or len(salt) != 1 or salt[0] > 127:
        raise unverified("stamp.method", "several hashes in one signature")
    return pss_holds(block, n.bit_length() - 1, name, digest, salt[0])


def pss_holds(block: bytes, bits: int, name: str, digest: bytes, salt: int) -> bool:
    """EMSA-PSS-VERIFY (RFC 8017 §9.1.2)."""
    size = len(digest)
    width = (bits + 7) // 8
    if block[: len(block) - width].strip(b"\0"):
        return False
    block = block[len(block) - width :]
    if width < size + salt + 2 or block[-1] != 0xBC:
        return False
    masked, told = block[: width - size - 1], block[width - size - 1 : -1]
    if masked[0] >> (8 - (8 * width - bits)):
        return False
    mask = b"".join(
        hashlib.new(name, told + n.to_bytes(4, "big")).digest()
        for n in range(len(masked) // size + 1)
    )
    data = bytearray(a ^ b for a, b in zip(masked, mask))
    data[0] &= 0xFF >> (8 * width - bits)
    zeros = width - size - salt - 2
    if any(data[:zeros]) or data[zeros] != 1:
        return False
    made = hashlib.new(name, bytes(8) + digest + bytes(data[zeros + 1 :])).digest()
    return made == told


# --- was the authority's certificate revoked? (RFC 5280 §5, RFC 3161 §4) -------------------------

LIST, ISSUER, REASON = "data/tsa.crl", "data/tsa.cer", bytes.fromhex("551d15")
HARMLESS = (0, 3, 4, 5)  # unspecified, affiliationChanged, superseded, cessationOfOperation


def revoked_list(raw: bytes) -> dict[str, Any]:
    """A list of revoked certificates, taken apart and not yet believed; raises `Bad`."""
    if len(raw) > 512 * 1024:
        raise malformed("revocation.length", f"{len(raw)} bytes")
    try:
        whole = der(raw)
        parts = whole.parts()[0].of(0x30).parts()
        _, issuer, since, *rest = parts[1:] if parts[0].tag == 2 else parts
        until = rest.pop(0) if rest and rest[0].tag in (0x17, 0x18) else since
        revoked = rest.pop(0).parts() if rest and rest[0].tag == 0x30 else []
        extensions: list[Der] = []
        if rest:
            (told,) = rest.pop(0).of(0xA0).parts()
            extensions = told.of(0x30).parts()
        if rest:
            raise malformed("revocation.form", "something behind the extensions")
        is_read = not any(
            x.whole == b"\1\1\xff" for one in extensions for x in one.of(0x30).parts()
        )
        moment(since)
        found = {"whole": whole, "issuer": issuer.of(0x30).whole, "until": moment(until)}
        return dict(found, revoked=revoked, is_read=is_read)
    except (LookupError, ValueError):
        raise malformed("revocation.form", "a part is missing, or one too many") from None


def standing(listed: dict[str, Any], issuer: bytes, own: dict[str, Any], time: str) -> str:
    """What a list says of a certificate whose key has stamped at a time: "good", "revoked",
    "old" (good by a list that was not current any more) or "unread". Whose list it is follows from
    the certificate: the key that has signed it must have signed the list. Raises `Bad`.
    """
    try:
        above = certificate(der(issuer))
        is_named = own["issuer"] == above["subject"] == listed["issuer"]
        signed = (own["whole"], listed["whole"]) if is_named else ()
        if is_named and all(is_signed_by(one, above["key"]) for one in signed):
            return standing_of(listed, own["serial"], time)
    except Bad as error:
        if error.code in ("stamp.method", "stamp.hash"):
            return "unread"
        raise
    except (LookupError, ValueError):
        raise malformed("revocation.form", "a part is missing, or one too many") from None
    why = "revocation.signature" if is_named else "revocation.issuer"
    raise unverified(why, "not of who issued the certificate")


def standing_of(listed: dict[str, Any], serial: bytes, time: str) -> str:
    if not listed["is_read"]:
        return "unread"
    for one in listed["revoked"]:
        number, at, *more = one.of(0x30).parts()
        if number.of(2).body != serial:
            continue
        told = [part.of(0x30).parts() for many in more for part in many.of(0x30).parts()]
        said = [(part[0].of(6).body, part[1:][-1].of(4).body) for part in told]
        found = [value for kind, value in said if kind == REASON][:1]
        reasons = [der(value).of(10).body for value in found]
        if [len(one) for one in reasons] not in ([], [1]):
            raise malformed("revocation.form", "a reason that is none")
        reason = reasons[0][0] if reasons else None
        if reason not in HARMLESS or moment(at) <= time:
            return "revoked"
    return "good" if time <= listed["until"] else "old"


def is_signed_by(whole: Der, key: Der) -> bool:
    """Whether a key has signed a certificate or a list (RFC 5280 §4.1, §5.1)."""
    told, method, bits = whole.of(0x30).parts()
    kind = method.of(0x30).parts()[0].of(6).body
    name = RSA_WITH.get(kind) or ECDSA_WITH.get(kind)
    if kind == RSA_PSS:
        inner = {one.tag: one.parts()[0] for one in method.parts()[1].of(0x30).parts()}
        name = hash_of(inner[0xA0])
    if name is None:
        raise unverified("stamp.method", "a way of signing that is not read here")
    body = bits.of(3).body
    return body[0] == 0 and stamp_holds(key, method, name, told.whole, body[1:])


def check_stamps(outcome: Outcome, files: dict[str, bytes], ca: str, at: str | None) -> None:
    """Have `openssl ts -verify` follow every .tsr to a root; without openssl nothing is decided."""
    openssl = shutil.which("openssl")
    stamps = sorted(path for path in files if path.endswith(".tsr"))
    if openssl is None or not stamps:
        return
    for path in stamps:
        with tempfile.TemporaryDirectory() as folder:
            for name, raw in (("t", files[path]), ("d", files.get(path[:-4], b""))):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(raw)
            asked = [openssl, "ts", "-verify", "-in", "t", "-data", "d"]
            asked += ["-CAfile", os.path.abspath(ca)] + (["-attime", at] if at else [])
            done = subprocess.run(asked, cwd=folder, capture_output=True, check=False)
        if done.returncode != 0:
            outcome.findings.append(Finding(STAMP_INVALID, None, f"{path}: by openssl"))
    outcome.unexamined[:] = [one for one in outcome.unexamined if one != STAMP_UNEXAMINED]


# --- in words -----------------------------------------------------------------------------------

WORDS = {
    KEY_UNEXAMINED: "whether the keys are who they say: they came with the document. Compare "
    "them with keys you got elsewhere, and give those with --key or --policy.",
    ROLLBACK_UNEXAMINED: "whether the log said something else to others, or went on and was cut "
    "back: only an older receipt, a witness or a time stamp can tell.",
    CHAIN_UNEXAMINED: "what the logs above and their witnesses say of it: this is a receipt alone. "
    "Ask for its chain (a file .jsonl) at the deployment whose name opens the log's, where you got "
    "it.",
    STAMP_UNEXAMINED: "whose clock a time stamp is: its certificate came with it. Compare the "
    "fingerprint with one you know and give `tsa <fingerprint>` in --policy; or give --tsa-ca FILE "
    "(the authority's root certificate) on a machine that has openssl, which follows it to the "
    "root.",
    REVOCATION_UNEXAMINED: "whether the certificate of a time stamp had been revoked by then: no "
    "list of that time, or none that is read here, is in the pack.",
}
ALWAYS_OPEN = (
    "whether what was recorded was true when it was recorded, and what was never recorded."
)


def time_text(seconds: int) -> str:
    try:
        at = datetime.fromtimestamp(seconds, tz=timezone.utc)
    except (OverflowError, ValueError, OSError):
        return str(seconds)
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def plain(value: object) -> str:
    """Text that cannot play tricks with the reader's terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def held_words(told: list[dict[str, Any]], names: list[str]) -> list[str]:
    """What came of the documents that were kept from before and contradict nothing."""
    words = {
        "consistent": "{size} entries then, consistent",
        "not compared": "{size} entries then, not compared: this does not tell what was then",
        "younger": "younger than this pack, which it names; it tells nothing of what was before",
    }
    return [
        f"OLDER     {plain(names[one['number']])}: {words[one['standing']].format(**one)}"
        for one in told
    ]


def in_words(outcome: Outcome, given: list[Key], older: list[str]) -> str:
    """What is proven, by whose key, what is not, and what is wrong."""
    told = outcome.proven
    lines = []
    if "bag" in told:
        lines.append(f"PACK      {told['bag'] or '?'}, sealed by {told['maker'] or 'nobody known'}")
        lines.append(f"          tag manifest sha256 {told['digest']}")
        for log in told["logs"]:
            lines.append(f"LOG       {plain(log['origin'])}, {log['size']} entries then")
            if outcome.ok:
                lines.append(f"          entries {log['from']} to {log['to'] - 1} are all here")
                if log["closed"]:
                    lines.append(
                        f"          of them {log['closed']} show no field, and tell no more"
                    )
            lines.append(f"KEY       {log['vkey']}: {key_words(log['trust'])}")
            lines += [f"WITNESS   {n} at {time_text(t)}" for n, t in log["cosigned"].items()]
        if not told["chain"]:
            lines.append("ABOVE     nothing: no other log in this pack has recorded it")
        lines += above_words(told["chain"])
        if told.get("recorded"):
            lines.append("EXPORT    logged: its receipt names this pack")
        for one in told["stamps"]:
            known = "that you know" if one["known"] else "whom it calls itself"
            lines.append(f"STAMP     {one['path']} was there at {stamp_text(one['time'])}, says")
            lines.append(f"          {plain(one['signer'])}, {known}")
            lines.append(f"          certificate sha256 {one['fingerprint']}")
    elif told:
        size = f", {told['size']} entries then" if told["root"] else ""
        lines.append(f"LOG       {plain(told['origin'])}{size}")
        if told["index"] is not None and told["root"]:
            lines.append(f"ENTRY     number {told['index']} of that log")
            for name, value in told["fields"].items():
                is_time = name in ("time", "not_after") and isinstance(value, int)
                more = f" ({time_text(value // 1000)})" if is_time else ""
                lines.append(f"          {name:<12} {plain(value)}{more}")
        elif told["index"] is None and outcome.ok:
            lines.append(f"          {told['entries']} entries read, from the first to the last")
        lines.append(f"KEY       {key_words(outcome.trust)}")
        lines += [f"WITNESS   {n} at {time_text(t)}" for n, t in told["cosigned"].items()]
        lines += above_words(told.get("chain", []))
    lines += held_words(told.get("held", []), older)
    lines += [f"GIVEN     {key.vkey} (by you)" for key in given]
    lines += [f"NOT KNOWN {WORDS[one]}" for one in outcome.unexamined]
    lines.append(f"NOT KNOWN {ALWAYS_OPEN}")
    lines += [f"WRONG     {plain(str(one))}" for one in outcome.findings]
    lines.append("VERIFIES" if outcome.ok else "DOES NOT VERIFY")
    return "\n".join(lines)


def above_words(chain: list[dict[str, Any]]) -> list[str]:
    lines = []
    for one in chain:
        lines.append(f"ABOVE     recorded in {plain(one['origin'])}, which had {one['size']} then")
        lines.append(f"          its key: {key_words(one['trust'])}")
        lines += [f"WITNESS   {n} at {time_text(t)}" for n, t in one["cosigned"].items()]
    return lines


def stamp_text(time: str) -> str:
    return f"{time[:4]}-{time[4:6]}-{time[6:8]} {time[8:10]}:{time[10:12]}:{time[12:]} UTC"


def key_words(trust: str) -> str:
    return {
        TRUSTED: "one you gave, or vouched for by one you gave",
        SELF_ASSERTED: "self-asserted: it came with the document and vouches only for itself",
    }.get(trust, "NOT one of those you gave")


# --- the command --------------------------------------------------------------------------------


def read_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read(RECEIPT_CHARS_MAX + 1)
    except UnicodeDecodeError:
        raise Unfit(f"{path}: not text in UTF-8") from None


NOT_OLDER = "--older is for a log or a pack: a receipt tells nothing of what the log was before"
RECEIPT, LOG = b'"bayward-receipt"', b'"bayward-log"'
NEITHER = (
    "cannot be read: neither an evidence pack (ZIP or folder), nor a receipt or a chain of them "
    '(JSON that begins with "kind": "bayward-receipt"), nor an exported log ("kind":"bayward-log")'
)


class Unfit(Exception):
    """A file of no kind that is known here, or an option that says nothing about its kind."""


def examine(
    asked: argparse.Namespace, given: list[Key], demand: Demand | None, authorities: set[str]
) -> Outcome:
    """Find out what the file is, and check it."""
    files = None
    try:
        if os.path.isdir(asked.file):
            files = read_folder(asked.file)
        else:
            with open(asked.file, "rb") as file:
                head = file.read(200)
                file.seek(0)
                if head.startswith(b"PK"):
                    files = read_zip(file.read())
                elif asked.receipt or asked.tsa_ca:
                    raise Unfit("--receipt and --tsa-ca are for a pack")
                elif RECEIPT in head:
                    if asked.older:  # what is given and not looked at must not seem to be fine
                        raise Unfit(NOT_OLDER)
                    text = utf8(file.read(4 * RECEIPT_CHARS_MAX), "receipt.utf8")
                    return verify_receipt(text, given, demand)
                elif LOG in head:
                    older = [read_text(path) for path in asked.older]
                    lines = iter(lambda: file.readline(LINE_BYTES_MAX + 1), b"")
                    return verify_log(lines, given, older, demand)
                else:
                    raise Unfit(f"{asked.file}: {NEITHER if head else 'the file is empty'}")
    except Hostile as hostile:
        return Outcome(hostile.findings, UNKNOWN, [])
    except Bad as error:
        return Outcome([Finding(MALFORMED, None, str(error))], UNKNOWN, [])
    outcome = verify_files(files, given, demand, authorities, map(read_text, asked.older))
    if asked.receipt:
        add_receipt(outcome, read_text(asked.receipt), given, demand)
    if asked.tsa_ca:
        check_stamps(outcome, files, asked.tsa_ca, asked.at)
    return outcome


def key_of(text: str) -> Key:
    try:
        return Key(text)
    except Bad as error:
        told = f"not a key, which is name+id+base64: {error.detail or error.code}"
        raise Unfit(f"--key {text[:80]!r}: {told}") from None


def policy_of(path: str | None) -> Policy:
    try:
        return Policy(read_text(path) if path else "")
    except Bad as error:
        raise Unfit(f"--policy {path}: {error.detail or error.code}") from None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("file", help="evidence pack (ZIP or folder), receipt, or exported log")
    parser.add_argument("--policy", metavar="FILE", help="keys you trust, and quorum")
    parser.add_argument("--key", action="append", default=[], help="a key you trust")
    parser.add_argument("--older", action="append", default=[], metavar="FILE",
                        help="for a log, a pack: a receipt or checkpoint you kept")  # fmt: skip
    parser.add_argument("--receipt", metavar="FILE", help="for a pack: the receipt of its export")
    parser.add_argument("--tsa-ca", metavar="PEM", help="root of the time-stamp authority")
    parser.add_argument("--at", metavar="SECONDS", help="judge its certificates as of this time")
    parser.add_argument("--json", action="store_true", help="the outcome for machines")
    asked = parser.parse_args(arguments)
    try:
        given = [key_of(text) for text in asked.key]
        policy = policy_of(asked.policy)
        known = {key.vkey for key in given}
        given += [key for key in policy.keys if key.vkey not in known]
        outcome = examine(asked, given, policy.demand, policy.authorities)
    except OSError as error:
        sys.stderr.write(f"verify.py: {error.filename}: {error.strerror}\n")
        return 2
    except (Bad, Unfit) as error:
        sys.stderr.write(f"verify.py: {error}\n")
        return 2
    told = json.dumps(outcome.as_json()) if asked.json else in_words(outcome, given, asked.older)
    sys.stdout.buffer.write((told + "\n").encode("utf-8", "replace"))
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
