"""One of each message, for the tests of the link."""

from __future__ import annotations

from bayward.core import commands
from bayward.core.clock import Instant
from bayward.core.commands import SCOPE_BANK, Order
from bayward.core.ids import CommandId, CompartmentId, GrantId, PersonId, TenantId
from bayward.wire import messages as m
from bayward.wire.orders import order_to_wire

NOW = Instant(1_800_000_000_000)
EPOCH = "0123456789abcdefghjkmnpqrs"
HASH = bytes(range(32))
PERSON = PersonId.of(bytes(16))
GRANT = GrantId.of(bytes([255] * 16))
COMPARTMENT = CompartmentId.of(bytes(range(16)))
COMMAND = CommandId.of(bytes([7] * 16))
TENANT = TenantId.of(bytes([9] * 16))
HEX = "0" * 63 + "f"

ORDERS: tuple[Order, ...] = (
    commands.AdmitCourier(PERSON, "Ada ✓", "DHL", NOW),
    commands.AdmitCourier(PERSON, "Ada", "custody", NOW, "evidence,medicine"),
    commands.DismissCourier(PERSON),
    commands.OpenForGrant(GRANT, "4711", PERSON),
    commands.RotateCode(GRANT),
    commands.RevokeGrant(GRANT, "moved out"),
    commands.EngageLockdown(SCOPE_BANK, PERSON, "drill"),
    commands.EngageLockdown(str(COMPARTMENT), PERSON, ""),
    commands.ReleaseLockdown(SCOPE_BANK, PERSON, "drill over"),
    commands.BlockCompartment(COMPARTMENT, PERSON, "hinge"),
    commands.RestoreCompartment(COMPARTMENT, PERSON),
    commands.RestoreCompartment(COMPARTMENT, PERSON, second=PERSON),
    commands.ForgetPerson(PERSON),
)

HELLO = m.Hello(
    protocols=[1],
    firmware="0.1.0",
    boot=3,
    origin="example.org/bank/x/1",
    size=7,
    checkpoint="a\nb\n",
    epoch=EPOCH,
    layout_hash=HEX,
    directory_revision=0,
    now=NOW,
)
WELCOME = m.Welcome(
    acked=7,
    root=HASH,
    now=NOW,
    tenant=TENANT,
    issuers=[m.Issuer(kid=1, spki=b"spki")],
    notifier_key=b"key",
    needs_layout=True,
    witness_note="note",
)
UPLOAD = m.Upload(
    old_size=7,
    checkpoint="a\nb\n",
    proof=[HASH],
    entries=[m.Entry(leaf='{"_sd":[],"v":1}', disclosures=["abc"])],
    letters=[m.Letter(id=1, kind=m.LetterKind.PICKUP, subject=GRANT, sealed=b"\x00\xff")],
)
READINGS = m.Readings(
    doors=[
        m.DoorReading(compartment=COMPARTMENT, state=m.DoorState.CLOSED, age_ms=3, occupied=True),
        m.DoorReading(
            compartment=COMPARTMENT, state=m.DoorState.UNKNOWN, age_ms=3, why="bus_silent"
        ),
    ],
    is_siren_on=False,
    lockdowns=[SCOPE_BANK],
    pending=0,
)
DIRECTORY = m.Directory(
    revision=2,
    total=1,
    first=0,
    recipients=[m.Recipient(person=PERSON, unit="4b", name="Ada", needs_low=False)],
)
REQUESTS: tuple[m.Message, ...] = (
    HELLO,
    UPLOAD,
    m.Layout(name="Lobby", hash=HEX, compartments=[]),
    m.Heartbeat(),
    m.AskTenantLog(size=4_711),
    READINGS,
    *(
        m.Command(id=COMMAND, order=order_to_wire(order), not_after=NOW, epoch=EPOCH)
        for order in ORDERS
    ),
    DIRECTORY,
)
ANSWERS: tuple[m.Message, ...] = (
    WELCOME,
    m.Acked(acked=8),
    m.Done(),
    m.TenantLog(
        checkpoint="a\nb\n",
        consistency=[HASH],
        vouching=m.Vouching(index=3, leaf="{}", disclosures=["d"], proof=[HASH]),
        cosigned="note",
    ),
    m.Time(now=NOW),
    m.Ended(is_done=True, result="opened"),
)
