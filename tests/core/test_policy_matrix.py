"""The whole of the policy as one reviewed file: role, action, scope, state, AAL.

One line per role, action and relation to the thing; one letter per state and strength of
authentication: `A` allow, `2` a second factor is missing, `s` a step-up is missing, `-` denied.
A change of the policy is a change of this file. `make golden` writes it anew.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from bayward.core.clock import Instant
from bayward.core.ids import BankId, CompartmentId, PersonId, SiteId, TenantId
from bayward.core.policy import (
    Aal,
    Action,
    Allow,
    Context,
    Deny,
    Need,
    Principal,
    Resource,
    Step,
    decide,
)
from bayward.core.roles import PLATFORM, Binding, Node, Role
from golden_text import assert_golden

GOLDEN = Path(__file__).parents[1] / "golden" / "policy_matrix.txt"
NOW = Instant(1_800_000_000_000)
TENANT, OTHER_TENANT = (TenantId.of(bytes([1, n]) * 8) for n in range(2))
SITE, OTHER_SITE = (SiteId.of(bytes([2, n]) * 8) for n in range(2))
BANK = BankId.of(b"b" * 16)
CELL = CompartmentId.of(b"c" * 16)
ME, SOMEBODY = (PersonId.of(bytes([9, n]) * 8) for n in range(2))

RELATIONS = {
    "own": Resource(node=Node(TENANT, SITE, BANK, CELL), holder=ME),
    "same-site": Resource(node=Node(TENANT, SITE, BANK, CELL), holder=SOMEBODY),
    "other-site": Resource(node=Node(TENANT, OTHER_SITE, BANK, CELL), holder=SOMEBODY),
    "other-tenant": Resource(node=Node(OTHER_TENANT, SITE, BANK, CELL), holder=SOMEBODY),
    "platform": Resource(node=PLATFORM, holder=ME),
}
STATES = ("normal", "occupied", "lockdown", "way-in")
STRENGTHS = ((Aal.NONE, False), (Aal.ONE, False), (Aal.TWO, False), (Aal.TWO, True))


def letter(
    role: Role, action: Action, thing: Resource, *, state: str, strength: tuple[Aal, bool]
) -> str:
    aal, is_stepped_up = strength
    home = PLATFORM if role is Role.SUPER_ADMIN else Node(TENANT, SITE)
    me = Principal(ME, home.tenant, (Binding(ME, role, home, NOW, None),))
    asked = Resource(
        node=thing.node,
        holder=thing.holder,
        is_occupied=state == "occupied",
        is_way_in_changed=state == "way-in",
    )
    context = Context(
        now=NOW, aal=aal, is_stepped_up=is_stepped_up, is_locked_down=state == "lockdown"
    )
    match decide(me, action, asked, context):
        case Allow():
            return "A"
        case Deny():
            return "-"
        case Need(step):
            return {Step.SECOND_FACTOR: "2", Step.STEP_UP: "s"}[step]


def rendered() -> str:
    states = "  ".join(f"{state:8}" for state in STATES)
    lines = [
        "# AAL 0, 1, 2, 2 with step-up. A allow, 2 second factor, s step-up, - denied.",
        f"# {'role':11} {'action':22} {'relation':12}  {states}".rstrip(),
    ]
    for role, action, (relation, thing) in product(Role, Action, RELATIONS.items()):
        cells = "  ".join(
            "".join(
                letter(role, action, thing, state=state, strength=strength)
                for strength in STRENGTHS
            )
            + " " * 4
            for state in STATES
        )
        lines.append(f"{role:13} {action:22} {relation:12}  {cells}".rstrip())
    return "\n".join(lines) + "\n"


def test_identity_60_the_matrix_is_the_reviewed_one() -> None:
    assert_golden(GOLDEN, rendered())


def test_the_matrix_has_every_cell() -> None:
    lines = [line for line in rendered().splitlines() if not line.startswith("#")]
    assert len(lines) == len(Role) * len(Action) * len(RELATIONS)
