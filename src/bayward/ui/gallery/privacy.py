"""The page about what is forgotten and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.console import SHELL
from bayward.ui.gallery.world import ago
from bayward.ui.views.base import Choice, FieldProblem
from bayward.ui.views.console_privacy import (
    ErasureRow,
    HoldRow,
    KeysCard,
    PeriodRow,
    PeriodsCard,
    Privacy,
    ToErase,
    ToKeep,
    UntoldRow,
)

KEYS = KeysCard(
    epoch=4, since=ago(1_200_000), people=212, months=14, erased=3, roll_due=ago(-1_300_000)
)
PERIODS = PeriodsCard(
    rows=(
        PeriodRow("session", 1, 1), PeriodRow("link", 7, 7), PeriodRow("parcel", 30, 90),
        PeriodRow("message", 90, 90), PeriodRow("incident", 365, 365),
        PeriodRow("hold", 1_095, 1_095),
    ),
    last=ago(40_000),
    next=ago(-46_400),
)  # fmt: skip
KINDS = tuple(
    Choice(kind, label, kind == "person")
    for kind, label in (("person", "A person"), ("parcel", "A parcel"), ("period", "A period"))
)
BASES = (Choice("objection", "They objected", is_chosen=True),)


def samples() -> Iterator[Sample]:
    """Nothing is held; much is; somebody is about to be erased, or a period to be changed."""
    yield from _standing()
    yield from _forms()


def _standing() -> Iterator[Sample]:
    new = replace(PERIODS, last=None, next=ago(-1_800))
    quiet = KeysCard(epoch=1, since=ago(90_000), people=2, months=1, erased=0, roll_due=None)
    yield Sample(
        "console/privacy-quiet", Privacy(shell=SHELL, keys=quiet, periods=new, hold_kinds=KINDS)
    )
    yield Sample(
        "console/privacy",
        Privacy(
            shell=SHELL,
            keys=KEYS,
            periods=PERIODS,
            hold_kinds=KINDS,
            erasures=(
                ErasureRow(
                    href="/console/people/prs_a", name="Piotr Zielinski",
                    basis="objection", by="Sam Adeyemi",
                    at=ago(7_000), is_yours=False,
                ),
                ErasureRow(
                    href="/console/people/prs_b", name="Hana Sato",
                    basis="no_longer_needed", by="Ines Duarte",
                    at=ago(90_000), is_yours=True, due=ago(-170_000),
                ),
                ErasureRow(
                    href="/console/people/prs_c", name="Omar Haddad",
                    basis="objection", by="Ines Duarte",
                    at=ago(300_000), is_yours=True, due=ago(40_000), problem="erase.parcels",
                ),
                ErasureRow(
                    href="/console/parties/pty_d", name="Ferdinand Aubry, owner", leaves_items=True,
                    basis="objection", by="Sam Adeyemi", at=ago(2_000), is_yours=False,
                ),
            ),
            untold=(
                UntoldRow(
                    bank="bnk_a", name="Northgate lobby", people=2, since=ago(260_000),
                    state="away", away_since=ago(300_000),
                ),
                UntoldRow(
                    bank="bnk_b", name="Harbour, car park", people=1, since=ago(4_000), state="here"
                ),
            ),
            holds=(
                HoldRow(
                    id="hld_a", kind="person", subject="M. Okafor",
                    authority="District court, 12 O 34/27", by="Ines Duarte", at=ago(400_000),
                ),
                HoldRow(
                    id="hld_b", kind="period", subject="", authority="Tax code, section 147",
                    by="Ines Duarte", at=ago(80_000), begins_at=ago(9_000_000),
                    ends_at=ago(8_000_000), until=ago(-9_000_000),
                ),
            ),
        ),
    )  # fmt: skip


def _forms() -> Iterator[Sample]:
    yield Sample(
        "console/privacy-wrong",
        Privacy(
            shell=SHELL,
            keys=KEYS,
            periods=PERIODS,
            hold_kinds=KINDS,
            problems=(FieldProblem("subject", "hold.subject"),),
        ),
    )
    person = ToErase(id="prs_x", name="M. Okafor", bases=BASES)
    yield Sample(
        "console/privacy-erase",
        Privacy(shell=SHELL, keys=KEYS, periods=PERIODS, hold_kinds=KINDS, person=person),
    )
    to_keep = ToKeep(kind="parcel", days="30", least=14, most=1_095)
    yield Sample(
        "console/privacy-period",
        Privacy(shell=SHELL, keys=KEYS, periods=PERIODS, hold_kinds=KINDS, period=to_keep),
    )
    yield Sample(
        "console/privacy-period-wrong",
        Privacy(
            shell=SHELL,
            keys=KEYS,
            periods=PERIODS,
            hold_kinds=KINDS,
            period=replace(to_keep, days="3"),
            problems=(FieldProblem("days", "period.bounds", {"least": 14, "most": 1_095}),),
        ),
    )
