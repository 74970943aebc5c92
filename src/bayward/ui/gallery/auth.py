"""Samples of the pages before the console."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.views import auth
from bayward.ui.views.base import FieldProblem, Problem, Say

EMAIL = "ines@northgate.example"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - the example of every TOTP text
OTPAUTH = f"otpauth://totp/Bayward:{EMAIL}?secret={SECRET}&issuer=Bayward"


def samples() -> Iterator[Sample]:
    """All of this file."""
    first = auth.SetUpPassword(url="/setup/x", tenant="Northgate House")
    yield Sample("auth/set-up-password", first)
    yield Sample(
        "auth/set-up-password-wrong",
        replace(
            first,
            name="Ines Duarte",
            email=EMAIL,
            problems=(FieldProblem("password", "password.short", {"limit": 15}),),
        ),
    )
    yield Sample(
        "auth/set-up-totp",
        auth.SetUpTotp(url="/setup/x/totp", email=EMAIL, otpauth_url=OTPAUTH, secret=SECRET),
    )
    yield Sample("auth/sign-in", auth.StaffSignIn())
    yield Sample(
        "auth/sign-in-wrong", auth.StaffSignIn(email=EMAIL, problem=Problem("sign_in.refused"))
    )
    yield Sample("auth/totp", auth.Totp(email=EMAIL))
    yield Sample("auth/totp-wrong", auth.Totp(email=EMAIL, problem=Problem("totp.wrong")))
    yield Sample(
        "auth/step-up",
        auth.StepUp(
            email=EMAIL,
            consequence=Say("release_lockdown", {"bank": "Lobby A", "doors": 57}),
            next="/console/incidents/inc_5x8n",
            fields=(("reason", "checked door 31, lock replaced"),),
        ),
    )
    knife = (
        ("Item", "Kitchen knife, blade 21 cm, wooden handle, brown stains near the tip"),
        ("Case", "26-1187"), ("Exhibit", "A1"), ("Label", "ITM-5N3B6R7T2W"),
        ("Seal in the record", "S-004417"), ("Seal number you give", "L-7"),
        ("The seal is", "another one, put on outside"),
    )  # fmt: skip
    yield Sample(
        "auth/step-up-item",
        auth.StepUp(
            email=EMAIL,
            consequence=Say("item_return", {"item": "A1"}, knife),
            next="/console/items/itm_5x8n/return",
        ),
    )
