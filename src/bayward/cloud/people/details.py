"""What can be said about somebody, checked and brought into one spelling."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bayward.core.errors import Invalid
from bayward.core.ids import SiteId

NAME_CHARS_MAX = 120  # fits a line of a label, and every name in the Unicode CLDR samples
EMAIL_CHARS_MAX = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
UNIT_CHARS_MAX = 20  # what stands on a door bell
PHONE = re.compile(r"\+?[0-9 ()/-]{5,24}")
LANGUAGE = re.compile(r"[a-z]{2}")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What can be said about somebody; raises `Invalid` on anything malformed."""

    name: str
    email: str | None = None
    phone: str | None = None
    unit: str = ""
    site: SiteId | None = None
    language: str = "en"
    needs_low: bool = False

    def __post_init__(self) -> None:
        _text("name", self.name, NAME_CHARS_MAX, is_required=True)
        _text("unit", self.unit, UNIT_CHARS_MAX)
        if self.email:
            _text("email", self.email, EMAIL_CHARS_MAX)
            if not EMAIL.fullmatch(self.email.strip()):
                raise Invalid("person.email", field="email")
        if self.phone and not PHONE.fullmatch(self.phone):
            raise Invalid("person.phone", field="phone")
        if not LANGUAGE.fullmatch(self.language):
            raise Invalid("person.language", field="language")


def _text(field: str, value: str, chars_max: int, *, is_required: bool = False) -> None:
    if is_required and not value.strip():
        raise Invalid("field.empty", field=field)
    if len(value) > chars_max:
        raise Invalid("field.too_long", field=field, limit=chars_max)
    if any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} for char in value):
        raise Invalid("field.characters", field=field)
