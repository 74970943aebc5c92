"""The desk at a mirror: it reads the folded logs and places orders, and that is all."""

from __future__ import annotations

from bayward.core.clock import DAY_MS, after
from bayward.core.commands import (
    SCOPE_BANK,
    AdmitCourier,
    BlockCompartment,
    EngageLockdown,
    OpenForGrant,
    ReleaseLockdown,
    RestoreCompartment,
    RevokeGrant,
    RotateCode,
)
from bayward.core.compartment import CompartmentState
from bayward.core.grants import Grant
from bayward.core.ids import BankId, CompartmentId, PersonId
from bayward.sim.mirror import KEY_ID, Mirror
from bayward.sim.office import ADMITTED_MS, picked
from bayward.wire.passes import Pass, Purpose, sign_pass


class Counter:
    """`sim.desk.Desk` over a mirror; `actor` is the administrator."""

    def __init__(self, mirror: Mirror, actor: PersonId) -> None:
        self._mirror = mirror
        self._actor = actor

    def pass_for(self, person: PersonId, bank: BankId, compartment: CompartmentId) -> str | None:
        """The square picture for his parcel behind that door."""
        grant = self._grant(person, bank, compartment)
        if grant is None or not self._mirror.is_up:
            return None
        now = self._mirror.clock.now()
        claims = Pass(
            audience=bank.public_code,
            grant=grant.id,
            purpose=Purpose.PICKUP,
            not_before=after(now, -DAY_MS),
            not_after=after(now, DAY_MS),
        )
        return sign_pass(claims, key_id=KEY_ID, key=self._mirror.issuer)

    def tap(
        self, person: PersonId, bank: BankId, compartment: CompartmentId, presence: str
    ) -> bool:
        """Order that door open."""
        grant = self._grant(person, bank, compartment)
        if grant is None or not self._mirror.is_up:
            return False
        self._mirror.place(bank, OpenForGrant(grant.id, presence, person))
        return True

    def admit(self, courier: PersonId, name: str, bank: BankId) -> None:
        """Let a courier deposit at a bank."""
        until = after(self._mirror.clock.now(), ADMITTED_MS)
        self._mirror.place(bank, AdmitCourier(courier, name, "UPS", until))

    def is_quiet(self, bank: BankId) -> bool:
        """Nothing is locked down and nothing blocked."""
        return not self._mirror.logs[bank].state.lockdowns and not self.blocked(bank)

    def blocked(self, bank: BankId) -> list[CompartmentId]:
        """Doors out of service."""
        spaces = self._mirror.logs[bank].state.spaces
        return [key for key, one in spaces.items() if one.state is CompartmentState.BLOCKED]

    def restore(self, bank: BankId, compartment: CompartmentId) -> None:
        """Put a door back into service."""
        self._mirror.place(bank, RestoreCompartment(compartment, self._actor))

    def end_alarms(self, bank: BankId) -> None:
        """Release what is locked down."""
        for scope in sorted(self._mirror.logs[bank].state.lockdowns):
            self._mirror.place(bank, ReleaseLockdown(scope, self._actor, "looked, all shut"))

    def indulge(self, whim: str, bank: BankId, lot: float) -> None:
        """Make something of the day."""
        state = self._mirror.logs[bank].state
        live = [grant for grant in state.grants.values() if grant.is_live]
        if whim == "drill":
            self._mirror.place(bank, EngageLockdown(SCOPE_BANK, self._actor, "a drill"))
        elif whim == "repair":
            door = picked(list(state.layout), lot)
            self._mirror.place(bank, BlockCompartment(door, self._actor, "repair"))
        elif live and whim == "resend":
            self._mirror.place(bank, RotateCode(picked(live, lot).id))
        elif live:
            self._mirror.place(bank, RevokeGrant(picked(live, lot).id, "withdrawn"))

    def _grant(self, person: PersonId, bank: BankId, compartment: CompartmentId) -> Grant | None:
        grants = self._mirror.logs[bank].state.grants.values()
        mine = [one for one in grants if one.recipient == person and one.is_live]
        return next((one for one in mine if one.compartment == compartment), None)
