"""Staff: the first administrator, signing in, the second factor, the step-up.

| request | fields | → |
|---|---|---|
| GET/POST /setup/{token} | `name`, `email`, `password` | `SetUpPassword` → `SetUpTotp` |
| POST /setup/{token}/totp | `code` | 303 /console, or `SetUpTotp` with a problem |
| GET/POST /sign-in | `email`, `password` | `StaffSignIn` / 303 /sign-in/totp |
| GET/POST /sign-in/totp | `code` | `Totp` / 303 /console |
| GET/POST /step-up | `code`, `next` | `StepUp` / 303 `next` |
| POST /sign-out | | 303 /sign-in |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bayward.ui.views.base import FieldProblem, Problem, Say, View


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpPassword(View):
    """First step of an account: `url` is /setup/{token}; `role` is what the account may do."""

    template: ClassVar[str] = "auth/set_up_password.html"
    url: str
    tenant: str
    role: str = "super_admin"
    name: str = ""
    email: str = ""
    password_chars_min: int = 15
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpTotp(View):
    """Second step: scan, then prove it with a code. The secret is shown once."""

    template: ClassVar[str] = "auth/set_up_totp.html"
    url: str  # /setup/{token}/totp
    email: str
    otpauth_url: str  # drawn as QR by the renderer
    secret: str  # base32 for typing
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSignIn(View):
    """E-mail and password. One text whatever is wrong."""

    template: ClassVar[str] = "auth/sign_in.html"
    email: str = ""
    next: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp(View):
    """Six digits from the authenticator app."""

    template: ClassVar[str] = "auth/totp.html"
    email: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp(View):
    """A fresh factor for one action; `consequence` says what will happen, in full.

    `consequence` is a key of `[consequence]`, e.g. `Say("release_lockdown", {"bank": "Lobby A"})`.
    `fields` are handed back unchanged, so that a form survives the question.
    """

    template: ClassVar[str] = "auth/step_up.html"
    email: str
    consequence: Say
    next: str
    cancel: str = "/console"
    fields: tuple[tuple[str, str], ...] = ()
    problem: Problem | None = None
