"""Who lives and works at Northgate House. Nobody; the names are made up."""

from __future__ import annotations

from dataclasses import dataclass

TENANT = "Northgate House"
SITE = "Northgate House"
BANK = "Lobby A"
ADMIN_NAME = "Ines Duarte"
ADMIN_EMAIL = "ines@northgate.example"
COURIER_NAME = "Sam Carter"
COURIER_EMAIL = "sam@courier.example"
CARRIER = "UPS"


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody parcels come for."""

    name: str
    unit: str
    email: str
    needs_low: bool = False


RESIDENTS = (
    Resident("Maya Okafor", "4B", "maya@northgate.example"),
    Resident("Jonas Lindqvist", "2A", "jonas@northgate.example"),
    Resident("Teresa Alvarez", "7C", "teresa@northgate.example", needs_low=True),
    Resident("Piotr Zielinski", "1D", "piotr@northgate.example"),
    Resident("Hana Sato", "5A", "hana@northgate.example"),
    Resident("Omar Haddad", "3C", "omar@northgate.example"),
)
MAYA = RESIDENTS[0]
