"""Edwards25519 in integers (RFC 8032 §5.1), to build signatures no library would make.

A public key or an R may have a part of small order. The eight points of small order are the
multiples of one, so whether the small parts cancel out is arithmetic modulo 8, and each case
here is labelled by algebra, not by asking a verifier.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    cross = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, -1, P)
    return x % P, y % P


def times(scalar: int, point: Point) -> Point:
    found = IDENTITY
    while scalar:
        if scalar & 1:
            found = add(found, point)
        point, scalar = add(point, point), scalar >> 1
    return found


def x_of(y: int, odd: int) -> int:
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = pow(u * pow(v, -1, P), (P + 3) // 8, P)
    if (x * x * v - u) % P:
        x = x * SQRT_M1 % P
    assert (x * x * v - u) % P == 0
    return x if x % 2 == odd else P - x


def encode(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE: Point = (x_of(4 * pow(5, -1, P) % P, 0), 4 * pow(5, -1, P) % P)
EIGHTH: Point = (
    x_of(0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7, 0),
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)
SMALL: list[Point] = [times(i, EIGHTH) for i in range(8)]


@dataclass(frozen=True)
class Place:
    """An encoded point: scalar·BASE + small·EIGHTH."""

    encoded: bytes
    scalar: int
    small: int
    canonical: bool


@dataclass(frozen=True)
class Case:
    key: bytes
    signature: bytes
    message: bytes
    accept: bool


def other_spellings(point: Point) -> list[bytes]:
    """Encodings that decode to this point by a careless reader, but are not its own."""
    x, y = point
    spellings = [y | (x & 1) << 255]
    if y < 19:
        spellings.append(y + P | (x & 1) << 255)
    if x == 0:
        spellings += [one | 1 << 255 for one in list(spellings)]
    return [one.to_bytes(32, "little") for one in spellings[1:]]


def places(scalar: int) -> list[Place]:
    """Every point of small order in every spelling, and scalar·BASE plus each of them."""
    found: list[Place] = []
    for small, point in enumerate(SMALL):
        found.append(Place(encode(point), 0, small, True))
        found += [Place(raw, 0, small, False) for raw in other_spellings(point)]
        found.append(Place(encode(add(times(scalar, BASE), point)), scalar, small, True))
    return found


def challenge(place_r: Place, place_a: Place, message: bytes) -> int:
    """Reduced by the order, as all implementations do; on small parts that makes a difference."""
    raw = hashlib.sha512(place_r.encoded + place_a.encoded + message).digest()
    return int.from_bytes(raw, "little") % L


def edge_cases() -> list[Case]:
    """All pairs of places; for each, a signature that holds without the cofactor and, where
    there is one, a signature that holds only with it. Then honest ones, bent."""
    cases: list[Case] = []
    for a in places(0x42424242424242424242):
        for r in places(0x13371337133713371337):
            seen: set[bool] = set()
            for attempt in range(8):
                message = b"edge %d" % attempt
                k = challenge(r, a, message)
                holds = (r.small + k * a.small) % 8 == 0
                if holds in seen:
                    continue
                seen.add(holds)
                s = (r.scalar + k * a.scalar) % L
                sound = all(place.canonical and place.scalar for place in (a, r))
                signature = r.encoded + s.to_bytes(32, "little")
                cases.append(Case(a.encoded, signature, message, holds and sound))
    honest = next(case for case in cases if case.accept)
    s = int.from_bytes(honest.signature[32:], "little")
    for bent in (s + L, s + 2 * L, L - s, 0, 2**256 - 1):
        signature = honest.signature[:32] + bent.to_bytes(32, "little")
        cases.append(Case(honest.key, signature, honest.message, False))
    return cases
