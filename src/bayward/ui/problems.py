"""Which sentence an error gets: its own, or that of its family.

Error codes are `area.what`. Codes a person may meet have a sentence of their own (`[error]`);
the others share the one of their area's family (`[error_family]`), because whoever reads it can
do the same about all of them. A code of an unheard-of area gets the family `unknown`, and
`tests/ui/test_problems.py` fails until the area is listed here.
"""

from __future__ import annotations

from bayward.ui.i18n import Catalogue
from bayward.ui.views.base import Facts

_FAMILIES = {
    "setup": "authority bus code database deployment kek key keyring keys mail seal settings "
    "terminal throttle trusted_time tsa web wiring",
    "storage": "journal letter state storage witness",
    "hardware": "board port",
    "link": "clerk edge hello link tenant_log tls upload",
    "enrolment": "csr device enrol enrolment pins trust",
    "credential": "cose credential grant pass presence ticket totp",
    "input": "base45 cbor email event field form governor http id order password person photo "
    "png scan scope search tracking wall webhook",
    "limit": "directory login rate streams",
    "denied": "action keeper command kiosk owner role sign_in super_admin",
    "moved": "approval bank compartment courier custody deposit erase evidence hold incident item "
    "lockdown log notification parcel seal stock unlock",
    "session": "second_factor session step_up visit",
    "gone": "bnd cmd cmp grt hld inc itm prc prs receipt site ten tenant thing",  # prefixes of ids
}
AREAS = {area: family for family, areas in _FAMILIES.items() for area in areas.split()}
UNKNOWN = "unknown"


def key_of(catalogue: Catalogue, code: str) -> str:
    """The key of the sentence for `code`."""
    own = f"error.{code}"
    if catalogue.find(own) is not None:
        return own
    return f"error_family.{AREAS.get(code.partition('.')[0], UNKNOWN)}"


def sentence(catalogue: Catalogue, code: str, facts: Facts) -> str:
    """What to tell a person about an error."""
    return catalogue.tell(key_of(catalogue, code), facts)
