"""Look for secrets in files, the way a thief of the disk would."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

HASHES = (hashlib.sha256, hashlib.sha1, hashlib.md5)


def secrets_in(files: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """Where one of them stands: as it is, or as the plain hash of it, in the usual spellings."""
    patterns = {secret: _pattern(secret.encode()) for secret in secrets}
    found = []
    for file in files:
        content = file.read_bytes()
        found += [file.name for pattern in patterns.values() if pattern.search(content)]
    return found


def _pattern(secret: bytes) -> re.Pattern[bytes]:
    """Digits count only where the number ends: times and ids are full of other digits."""
    digests = [make(secret, usedforsecurity=False).digest() for make in HASHES]
    spellings = [base64.b64encode(secret).rstrip(b"=")]
    for digest in digests:
        spellings += [digest, digest.hex().encode(), base64.b64encode(digest).rstrip(b"=")]
        spellings += [base64.urlsafe_b64encode(digest).rstrip(b"=")]
    told = b"|".join(re.escape(one) for one in spellings)
    return re.compile(rb"(?<!\d)" + re.escape(secret) + rb"(?!\d)|" + told)
