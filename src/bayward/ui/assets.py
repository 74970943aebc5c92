"""Static files under one versioned prefix.

`/static/<version>/css/kit.css`: the version is the hash of all static files together, so that
every file may be cached for ever, and relative addresses inside style sheets and modules keep
working. Both programs that serve pages use `find`; it never leaves the folder.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bayward.ledger import standalone

STATIC = Path(__file__).parent / "static"
STANDALONE = Path(standalone.__file__).parent
PREFIX = "/static/"
_VERIFIER = re.compile(r'<script id="verifier">(.*?)</script>', re.DOTALL)
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".py": "text/x-python; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """What to answer for a static address."""

    body: bytes
    media_type: str
    cache_control: str
    etag: str


class Assets:
    """All static files, read once."""

    def __init__(self, root: Path = STATIC) -> None:
        self._root = root

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Content by path below the folder, and the verifiers that stand alone.

        `js/verifier.js` is cut out of verify.html: the public page and the file that people keep
        check with the same lines.
        """
        found = {
            path.relative_to(self._root).as_posix(): path.read_bytes()
            for path in sorted(self._root.rglob("*"))
            if path.is_file() and path.suffix in _TYPES
        }
        page = (STANDALONE / "verify.html").read_text(encoding="utf-8")
        verifier = "".join(_VERIFIER.findall(page)) + "export default Bayward;\n"
        return found | {
            "verify.py": (STANDALONE / "verify.py").read_bytes(),
            "verify.html": page.encode(),
            "js/verifier.js": verifier.encode(),
        }

    @property
    def verifiers(self) -> dict[str, bytes]:
        """What goes with every evidence pack."""
        return {name: self.files[name] for name in ("verify.py", "verify.html")}

    @cached_property
    def sha256(self) -> dict[str, str]:
        """Fingerprint of each verifier, in hex, for people to compare."""
        return {name: hashlib.sha256(body).hexdigest() for name, body in self.verifiers.items()}

    @cached_property
    def version(self) -> str:
        """Ten hex digits that change when any file does."""
        digest = hashlib.sha256()
        for name, body in self.files.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
        return digest.hexdigest()[:10]

    def url(self, path: str) -> str:
        """The address of a file; raises `KeyError` when there is no such file."""
        if path not in self.files:
            raise KeyError(path)
        return f"{PREFIX}{self.version}/{path}"

    def find(self, url_path: str) -> StaticFile | None:
        """The file behind an address with or without a version; None is a 404.

        An old version gets today's file, to be asked for again: pages in the air during an
        update keep working.
        """
        rest = url_path.removeprefix(PREFIX)
        version, _, path = rest.partition("/")
        is_current = version == self.version
        body = self.files.get(path) or self.files.get(rest)
        if body is None:
            return None
        return StaticFile(
            body=body,
            media_type=_TYPES[Path(rest).suffix],
            cache_control=_FOR_EVER if is_current else _ASK_AGAIN,
            etag=f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        )
