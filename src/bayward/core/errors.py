"""The one tree of errors.

    BaywardError(code, **facts)
    ├── Denied          the rules say no; `code` says which rule
    ├── NotFound        no such thing, or not yours (the two are never told apart)
    ├── Conflict        it exists already, or changed under you, or was used
    ├── Invalid         the input is not of the form it must have
    ├── LimitExceeded   a named limit was reached
    ├── Unavailable     a part that is needed does not answer, or storage is not writable
    └── Misconfigured   the program refuses to start

`code` is stable: it is the key of translations, of the type URI of a problem document, and of
log lines. Text for people is made from `code` and `facts` in `ui`, HTTP status codes in
`cloud.web`, kiosk screens in `edge.kiosk`; nowhere else.
"""

from __future__ import annotations

Fact = str | int | bool | None


class BaywardError(Exception):
    """Base of every error we raise on purpose; never raised itself."""

    def __init__(self, code: str, **facts: Fact) -> None:
        if type(self) is BaywardError:
            raise TypeError("raise one of the subclasses")
        super().__init__(code)
        self.code = code
        self.facts: dict[str, Fact] = facts

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in sorted(self.facts.items()))
        return f"{self.code} ({told})" if told else self.code


class Denied(BaywardError):
    """Raised when a rule forbids what was asked."""


class NotFound(BaywardError):
    """Raised when the thing does not exist for this principal."""


class Conflict(BaywardError):
    """Raised when the state has moved on: used, taken, or duplicate."""


class Invalid(BaywardError):
    """Raised when input is malformed, of the wrong type, or out of range."""


class LimitExceeded(BaywardError):
    """Raised when a limit from the table of limits was reached."""


class Unavailable(BaywardError):
    """Raised when storage, bus or network cannot do what is needed now."""


class Misconfigured(BaywardError):
    """Raised at start when a setting is missing, default or unsafe."""
