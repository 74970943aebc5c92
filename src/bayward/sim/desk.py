"""What people ask of the control plane, whichever kind it is.

Asking never raises: a phone says no, or nothing, and people live with it.
"""

from __future__ import annotations

from typing import Protocol

from bayward.core.ids import BankId, CompartmentId, PersonId


class Desk(Protocol):
    """The phone of a resident and the console of an administrator."""

    def pass_for(self, person: PersonId, bank: BankId, compartment: CompartmentId) -> str | None:
        """The square picture for his parcel behind that door."""
        ...

    def tap(
        self, person: PersonId, bank: BankId, compartment: CompartmentId, presence: str
    ) -> bool:
        """Order that door open, standing at the kiosk; False: there is nothing to open."""
        ...

    def admit(self, courier: PersonId, name: str, bank: BankId) -> None:
        """Let a courier deposit at a bank."""
        ...

    def is_quiet(self, bank: BankId) -> bool:
        """Nothing at this bank needs anybody."""
        ...

    def blocked(self, bank: BankId) -> list[CompartmentId]:
        """Doors out of service."""
        ...

    def restore(self, bank: BankId, compartment: CompartmentId) -> None:
        """Put a door back into service."""
        ...

    def end_alarms(self, bank: BankId) -> None:
        """One step towards the end of each alarm; the next comes with the next round."""
        ...

    def indulge(self, whim: str, bank: BankId, lot: float) -> None:
        """`resend`, `withdraw`, `drill` or `repair`, of something `lot` (0 to 1) picks."""
        ...
