"""A log as static files somewhere: over HTTP, or in a directory (c2sp.org/tlog-tiles).

Nothing that comes from here is believed: checkpoints are opened with a key, hashes are read
through `ledger.proven`, entries are hashed. What cannot be fetched is `Unreachable`, which is
no finding about the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from bayward.ledger.merkle import HASH_BYTES
from bayward.ledger.note import NOTE_BYTES_MAX, decode
from bayward.ledger.tiles import ENTRY_BYTES_MAX, TILE_WIDTH, Bundle, Tile, decode_bundle

TIMEOUT_S = 20
TILE_BYTES_MAX = TILE_WIDTH * HASH_BYTES
BUNDLE_BYTES_MAX = TILE_WIDTH * (ENTRY_BYTES_MAX + 2)
TRIES_MAX = 20  # when told to come again: reading a whole log is more than a page's share
WAIT_S_MAX = 30
_NOT_FOUND = 404
_TOO_MANY = 429
_SIGN_IN = (401, 403)
_OK = 200


class Unreachable(Exception):
    """Raised when something cannot be fetched; says what and why."""


class RemoteLog:
    """A log below a prefix: `https://…/log/<origin>`, or a directory with the same files."""

    def __init__(
        self,
        prefix: str,
        token: str | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """`token` is sent as `Authorization: Bearer`, to that server only.

        `pause` waits some seconds when the server asks for it.
        """
        self.prefix = prefix.rstrip("/")
        self._pause = pause or threading.Event().wait
        self._client: httpx.Client | None = None
        if self.prefix.startswith(("http://", "https://")):
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            self._client = httpx.Client(
                timeout=TIMEOUT_S, headers=headers, follow_redirects=False, trust_env=False
            )

    def __enter__(self) -> Self:
        """Use it as a context, so that its connections are closed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def checkpoint(self) -> str:
        """The signed checkpoint, as it is; `ledger.errors.Malformed` when it is no text."""
        return decode(self.fetch("checkpoint", NOTE_BYTES_MAX))

    def read_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
        """Tiles, unproven (`ledger.proven.TileSource`)."""
        return [self._read_tile(tile) for tile in tiles]

    def entries(self, bundle: Bundle) -> list[bytes]:
        """Entries of a bundle, unproven; `ledger.errors.Malformed` when it is none."""
        found = self._fetch(bundle.path, BUNDLE_BYTES_MAX)
        if found is not None:
            return decode_bundle(found, bundle.width)
        whole = self.fetch(_whole(bundle.path), BUNDLE_BYTES_MAX)
        return decode_bundle(whole, TILE_WIDTH)[: bundle.width]

    def fetch(self, path: str, limit: int) -> bytes:
        """Bytes below the prefix, at most `limit`; raises `Unreachable`."""
        found = self._fetch(path, limit)
        if found is None:
            raise Unreachable(f"{self.prefix}/{path}: not found")
        return found

    def _read_tile(self, tile: Tile) -> bytes:
        """A tile; one that has become full since may be gone under its partial name."""
        found = self._fetch(tile.path, TILE_BYTES_MAX)
        if found is None:
            found = self.fetch(_whole(tile.path), TILE_BYTES_MAX)[: tile.width * HASH_BYTES]
        return found

    def _fetch(self, path: str, limit: int) -> bytes | None:
        where = f"{self.prefix}/{path}"
        if self._client is None:
            return _from_file(Path(where), limit)
        try:
            for _ in range(TRIES_MAX):
                with self._client.stream("GET", where) as response:
                    if response.status_code != _TOO_MANY:
                        return _body(response, where, limit)
                    wait_s = response.headers.get("retry-after", "")
                self._pause(min(WAIT_S_MAX, int(wait_s) if wait_s.isdecimal() else 1))
            raise Unreachable(f"{where}: too busy")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{where}: {str(error) or type(error).__name__}") from error


def _body(response: httpx.Response, where: str, limit: int) -> bytes | None:
    if response.status_code == _NOT_FOUND:
        return None
    if response.status_code in _SIGN_IN:
        raise Unreachable(
            f"{where}: not without a session (HTTP {response.status_code}). Its tenant "
            "reads this log: give --token-file FILE, with a token of somebody who may read it "
            "(how to get one: docs/how-to/watch-the-logs.md)"
        )
    if response.status_code != _OK:
        raise Unreachable(f"{where}: HTTP {response.status_code}")
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > limit:
            raise Unreachable(f"{where}: more than {limit} bytes")
    return body


def _whole(path: str) -> str:
    return path.partition(".p/")[0]


def _from_file(path: Path, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            body = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unreachable(f"{path}: {error.strerror}") from error
    if len(body) > limit:
        raise Unreachable(f"{path}: more than {limit} bytes")
    return body
