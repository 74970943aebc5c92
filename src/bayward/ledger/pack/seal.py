"""The seal of a pack: a signed note over the manifest that names everything else.

    demo/tenant/tnt_…/export
    evidence-7x3k…
    9f86d081884c7d65…                       SHA-256 of tagmanifest-sha256.txt, in hex

    — demo/tenant/tnt_… Az3grlgt…

The key is that of the log whose owner made the pack. Its text cannot be taken for a checkpoint:
the first line is not the origin of a log, and the second is no number.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from bayward.ledger.errors import Malformed, Unverified
from bayward.ledger.keys import Signer, VerifierKey
from bayward.ledger.note import decode, open_note, sign, split_note

_SUFFIX = "/export"
_BAG = re.compile(r"evidence-[a-z0-9]{1,64}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LINES = 3


@dataclass(frozen=True, slots=True)
class Seal:
    """Who made a pack, which one it is, and the hash of its tag manifest."""

    maker: str
    bag: str
    digest: str


def make_seal(bag: str, tag_manifest: bytes, signer: Signer) -> bytes:
    """Sign for a pack."""
    digest = hashlib.sha256(tag_manifest).hexdigest()
    text = f"{signer.key.name}{_SUFFIX}\n{bag}\n{digest}\n"
    _parse(text)
    return sign(text, [signer]).encode()


def maker_of(raw: bytes) -> str:
    """Whose key has to be looked up; nothing is verified yet. Raises `Malformed`."""
    return _parse(split_note(decode(raw))[0]).maker


def open_seal(raw: bytes, key: VerifierKey) -> Seal:
    """Verify a seal with its maker's key; raises `Malformed` or `Unverified`."""
    opened = open_note(decode(raw), [key])
    found = _parse(opened.text)
    if found.maker != key.name:
        raise Unverified("seal.maker", f"{found.maker!r} is not {key.name!r}")
    return found


def _parse(text: str) -> Seal:
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or not lines[0].endswith(_SUFFIX):
        raise Malformed("seal.form", "not the seal of a pack")
    if _BAG.fullmatch(lines[1]) is None or _HEX.fullmatch(lines[2]) is None:
        raise Malformed("seal.form", "no name of a bag, or no hash")
    return Seal(lines[0].removesuffix(_SUFFIX), lines[1], lines[2])
