"""Samples of the demo's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.world import NOW, ago
from bayward.ui.views import demo

COLUMNS = ((12, 10), (8, 15), (12, 10), (0, 0), (8, 15), (5, 24), (12, 10))
MODULES = (
    demo.Module(name="kiosk", does="asks", place="edge"),
    demo.Module(name="controller", does="decides", place="edge"),
    demo.Module(name="journal", does="makes it durable", place="edge"),
    demo.Module(name="governor", does="caps", place="edge"),
    demo.Module(name="hardware", does="pulses, reads", place="edge"),
    demo.Module(name="link", does="carries up", place="link"),
    demo.Module(name="ingest", does="checks the root", place="cloud"),
    demo.Module(name="reactions", does="what follows", place="cloud"),
    demo.Module(name="audit", does="tenant log", place="cloud"),
    demo.Module(name="notify", does="tells people", place="cloud"),
)


def columns(leaves: dict[str, demo.Leaf]) -> tuple[demo.SteelColumn, ...]:
    """57 doors; `leaves` are those that are not closed."""
    built, number = [], 0
    for doors, units in COLUMNS:
        if not doors:
            built.append(demo.SteelColumn(is_kiosk=True, units_wide=2))
            continue
        numbers = [f"{number + place:02d}" for place in range(1, doors + 1)]
        number += doors
        built.append(
            demo.SteelColumn(
                doors=tuple(
                    demo.SteelDoor(
                        number=one,
                        units=units,
                        leaf=leaves.get(one, demo.Leaf.CLOSED),
                        has_parcel=one in {"14", "31", "42"},
                    )
                    for one in numbers
                )
            )
        )
    return tuple(built)


LETTERS = (
    demo.Letter(
        ref="2",
        to="Mary Okafor",
        subject="A parcel is waiting in Lobby A, door 14",
        text="Your parcel is in Lobby A, door 14 (waist height). Collect it by Fri 27 Nov.",
        at=ago(40),
        link="http://127.0.0.1:8001/p/x#c=48219037",
        code="48219037",
    ),
    demo.Letter(
        ref="1",
        to="Ines Duarte",
        subject="Your account at Northgate House",
        text="You are now super administrator at Northgate House.",
        at=ago(400),
        link="http://127.0.0.1:8001/setup/x",
    ),
)


def samples() -> Iterator[Sample]:
    """Before, during, after the crowbar."""
    page = demo.Demo(
        bank="Lobby A",
        columns=columns({}),
        kiosk_url="about:blank",
        phone_url="http://127.0.0.1:8001/me",
        console_url="http://127.0.0.1:8001/console",
        now=NOW,
        modules=MODULES,
        courier_code="58204417",
        log_size=3,
        log_root="q2Zk0cV9u6mXbT7fYH1sR3nJ5wLpE8aQdGvCtN4oMiU=",
    )
    yield Sample("demo/first", page)
    busy = {"14": demo.Leaf.OPEN, "23": demo.Leaf.OPEN, "42": demo.Leaf.RELEASED}
    yield Sample(
        "demo/busy",
        replace(page, columns=columns(busy), letters=LETTERS, log_size=41, is_log_verified=True),
    )
    forced = {"31": demo.Leaf.BENT}
    yield Sample(
        "demo/crowbar-cable-cut",
        replace(
            page,
            columns=columns(forced),
            letters=LETTERS,
            is_cable_cut=True,
            is_locked_down=True,
            is_log_verified=True,
            log_size=52,
        ),
    )
    yield Sample("demo/dark", replace(page, is_power_cut=True, is_log_verified=False))
