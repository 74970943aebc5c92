"""The public page that checks a receipt in the browser.

| request | fields | → |
|---|---|---|
| GET /verify | | `Verify` |
| GET /verify/{checkpoint name} | | `Verify` with `known` filled |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import View


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLog:
    """A log this server vouches for: its origin and verifier key (C2SP vkey), newest checkpoint."""

    origin: str
    vkey: str
    name: str  # "Lobby A, Northgate House"
    size: int
    root: str  # base64
    at: Instant
    witnesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A verifier in one file, to take along; `kind` is program or page, `sha256` in hex."""

    kind: str
    name: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify(View):
    """Paste, drop or choose a receipt; the check runs in the browser, in plain words."""

    template: ClassVar[str] = "verify/verify.html"
    known: tuple[KnownLog, ...] = ()
    tools: tuple[Tool, ...] = ()  # check it without us
