"""The demo: the steel around the kiosk, an inbox, and the way the data takes.

| request | fields | → |
|---|---|---|
| GET  / | | `Demo` |
| POST /do/{tool} | `door` for doors and tools that need one | 204; the change comes by /live |
| GET  /live | | text/event-stream: `Renderer.live(view)` unnamed; `event: lit` with module names, |
|   | | space separated, as data travels |

Tools: `pull` `push` `put` `take` `crowbar` `cable` `power` `week`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bayward.core.clock import Instant
from bayward.ui.views.base import View


class Leaf(StrEnum):
    """The door itself, as a camera would see it."""

    CLOSED = "closed"
    RELEASED = "released"  # unlocked, not yet pulled
    OPEN = "open"
    BENT = "bent"  # the crowbar was here


@dataclass(frozen=True, slots=True, kw_only=True)
class SteelDoor:
    """One door of the steel wall."""

    number: str
    units: int
    leaf: Leaf = Leaf.CLOSED
    has_parcel: bool = False  # seen only when open


@dataclass(frozen=True, slots=True, kw_only=True)
class SteelColumn:
    """One column of doors, or the kiosk."""

    doors: tuple[SteelDoor, ...] = ()
    is_kiosk: bool = False
    units_wide: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in the inbox: what a phone got."""

    ref: str
    to: str
    subject: str
    text: str
    at: Instant
    link: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A box of the strip: one module of the program and what it does, in a few words."""

    name: str
    does: str
    place: str  # edge, link, cloud


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo(View):
    """The whole world on one page."""

    template: ClassVar[str] = "demo/demo.html"
    live_template: ClassVar[str] = "demo/demo_live.html"
    bank: str
    columns: tuple[SteelColumn, ...]
    kiosk_url: str
    phone_url: str
    console_url: str
    now: Instant
    letters: tuple[Letter, ...] = ()
    modules: tuple[Module, ...] = ()
    is_cable_cut: bool = False
    is_power_cut: bool = False
    is_locked_down: bool = False
    courier_code: str = ""  # a code to try the courier's side with
    authenticator: str = ""  # what the administrator's authenticator app shows now
    log_size: int = 0
    log_root: str = ""
    is_log_verified: bool | None = None
