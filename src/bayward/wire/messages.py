"""What a bank and the control plane say to each other, version 2.

    up      hello → welcome · upload → acked · layout → done · heartbeat → time · readings
            tenant_log → tenant_log
    down    command → ended · directory → done

Each message is one struct; every text and list is bounded by `wire.limits`, unknown fields are
refused, so what is new in a version is left out for an older neighbour (`wire.dialect`). The
JSON Schemas in `wire/schema` are generated from these classes. `readings` is a send:
it has no answer and may be lost, since the next ones replace it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from bayward.core.clock import Instant
from bayward.core.commands import Command as CoreCommand
from bayward.core.compartment import Compartment, LifeSafety, Mode, Size, TemperatureZone
from bayward.core.ids import CommandId, CompartmentId, TenantId
from bayward.ledger.leaf import DISCLOSURE_CHARS_MAX
from bayward.ledger.merkle import HASH_BYTES
from bayward.ledger.strict import MAX_NUMBER
from bayward.wire import limits
from bayward.wire.letters import SEALED_BYTES_MAX
from bayward.wire.orders import (
    AnyWireOrder,
    CompartmentText,
    InstantNumber,
    NameText,
    PersonText,
    ScopeText,
    id_meta,
    order_from_wire,
)

Count: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
Millimetres: TypeAlias = Annotated[int, Meta(ge=0, le=100_000)]
Small: TypeAlias = Annotated[int, Meta(ge=1, le=1_000)]
Hash: TypeAlias = Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
HexHash: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
NoteText: TypeAlias = Annotated[str, Meta(max_length=limits.NOTE_CHARS_MAX)]
OriginText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.ORIGIN_CHARS_MAX)]
VkeyText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.VKEY_CHARS_MAX)]
EpochText: TypeAlias = Annotated[
    str,
    Meta(
        pattern=f"^[0-9a-hjkmnp-tv-z]{{{limits.EPOCH_CHARS}}}$",
        min_length=limits.EPOCH_CHARS,
        max_length=limits.EPOCH_CHARS,
    ),
]
TenantText: TypeAlias = Annotated[str, id_meta(TenantId)]
CommandText: TypeAlias = Annotated[str, id_meta(CommandId)]
LeafText: TypeAlias = Annotated[str, Meta(max_length=limits.LEAF_CHARS_MAX)]
DisclosureText: TypeAlias = Annotated[str, Meta(max_length=DISCLOSURE_CHARS_MAX)]


class Message(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all payloads."""


class Hello(Message, frozen=True):
    """The first frame of a bank on a new connection: who it is, and where its log stands.

    `checkpoint` is its latest signed note, so that a fork or a rollback is evident at once;
    `epoch` is the nonce it drew for this connection; `directory_revision` is 0 without one.
    """

    protocols: Annotated[
        list[Annotated[int, Meta(ge=1, le=10_000)]],
        Meta(min_length=1, max_length=limits.VERSIONS_MAX),
    ]
    firmware: Annotated[str, Meta(max_length=limits.FIRMWARE_CHARS_MAX)]
    boot: Count
    origin: OriginText
    size: Count
    checkpoint: NoteText
    epoch: EpochText
    layout_hash: HexHash
    directory_revision: Count
    now: InstantNumber


class Issuer(Message, frozen=True):
    """A key that signs passes: its number in them, and the public key as SPKI DER."""

    kid: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    spki: Annotated[bytes, Meta(min_length=1, max_length=limits.SPKI_BYTES_MAX)]


class Welcome(Message, frozen=True, omit_defaults=True):
    """The answer to hello: how much of the log is stored, and what the bank needs to know.

    `root` is that of the first `acked` entries as the control plane has them; the bank compares.
    `witness_note` is a checkpoint of the tenant's log that covers them, where there is one.
    Since version 2: `cosigned` is the last checkpoint of this log that the control plane's
    witness has cosigned; its keys came with the enrolment.
    """

    acked: Count
    root: Hash
    now: InstantNumber
    tenant: TenantText
    issuers: Annotated[list[Issuer], Meta(max_length=limits.ISSUERS_MAX)]
    notifier_key: Annotated[bytes, Meta(min_length=1, max_length=limits.KEY_BYTES_MAX)]
    needs_layout: bool
    witness_note: NoteText | None = None
    cosigned: NoteText | None = None


class Entry(Message, frozen=True):
    """One log entry: the leaf's own characters, and what opens its public fields."""

    leaf: LeafText
    disclosures: Annotated[list[DisclosureText], Meta(max_length=limits.DISCLOSURES_MAX)]


class LetterKind(StrEnum):
    """Whose code a letter holds."""

    PICKUP = "pickup"  # subject: the grant
    COURIER = "courier"  # subject: the person


class Letter(Message, frozen=True):
    """A code sealed to the notifier's key (`wire.letters`); `id` counts in the bank's journal."""

    id: Count
    kind: LetterKind
    subject: Annotated[str, Meta(min_length=1, max_length=64)]
    sealed: Annotated[bytes, Meta(min_length=1, max_length=SEALED_BYTES_MAX)]


class Upload(Message, frozen=True):
    """Entries from `old_size` on, under the checkpoint of the log that ends with them.

    `proof` shows that the log of `old_size` is the beginning of it (empty when that is 0). All
    letters that belong to these entries are in the same upload, so one cursor counts for both.
    """

    old_size: Count
    checkpoint: NoteText
    proof: Annotated[list[Hash], Meta(max_length=limits.PROOF_HASHES_MAX)]
    entries: Annotated[list[Entry], Meta(min_length=1, max_length=limits.UPLOAD_ENTRIES_MAX)]
    letters: Annotated[list[Letter], Meta(max_length=limits.UPLOAD_LETTERS_MAX)]


class Acked(Message, frozen=True, omit_defaults=True):
    """The first `acked` entries are verified and durable.

    Since version 2: `cosigned` is the newest checkpoint of this log that the control plane's
    witness has cosigned, `witness_note` a checkpoint of the tenant's log that covers it.
    """

    acked: Count
    cosigned: NoteText | None = None
    witness_note: NoteText | None = None


class AskTenantLog(Message, frozen=True):
    """Show me the tenant's log: I remember its first `size` entries (0: none). Since version 2."""

    size: Count


class Vouching(Message, frozen=True):
    """The entry of the tenant's log that says what was accepted of the asking bank.

    `proof` shows that it is entry `index` of the checkpoint it comes with.
    """

    index: Count
    leaf: LeafText
    disclosures: Annotated[list[DisclosureText], Meta(max_length=limits.DISCLOSURES_MAX)]
    proof: Annotated[list[Hash], Meta(max_length=limits.PROOF_HASHES_MAX)]


class TenantLog(Message, frozen=True, omit_defaults=True):
    """The tenant's log as it is now, proven to a bank that is a witness of it.

    `consistency` shows that what the bank remembers is its beginning; `vouching` is the newest
    entry about this bank's log. `cosigned` is the newest cosigned checkpoint of the bank's log:
    it is made anew from time to time, so that a bank where nothing happens has a fresh one.
    """

    checkpoint: NoteText
    consistency: Annotated[list[Hash], Meta(max_length=limits.PROOF_HASHES_MAX)]
    vouching: Vouching | None = None
    cosigned: NoteText | None = None


class CompartmentLayout(Message, frozen=True):
    """A compartment as built; fields as in `core.compartment.Compartment`."""

    id: CompartmentText
    number: Small
    column: Small
    row: Small
    height_units: Small
    size: Size
    inner_width_mm: Millimetres
    inner_height_mm: Millimetres
    inner_depth_mm: Millimetres
    floor_height_mm: Millimetres
    mode: Mode
    zone: TemperatureZone
    has_occupancy_sensor: bool
    life_safety: LifeSafety


class Layout(Message, frozen=True):
    """The bank as built. `hash` is what hello said; the bank computes it as it likes."""

    name: NameText
    hash: HexHash
    compartments: Annotated[list[CompartmentLayout], Meta(max_length=limits.COMPARTMENTS_MAX)]


class Done(Message, frozen=True):
    """An answer without content."""


class Heartbeat(Message, frozen=True):
    """Are you there, and what time is it?"""


class Time(Message, frozen=True):
    """The control plane's clock."""

    now: InstantNumber


class DoorState(StrEnum):
    """A door as the bank reads it; unknown is a value."""

    CLOSED = "closed"
    OPEN = "open"
    UNKNOWN = "unknown"


class DoorReading(Message, frozen=True, omit_defaults=True):
    """One door; `age_ms` since it was read (or since it could last be read)."""

    compartment: CompartmentText
    state: DoorState
    age_ms: Count
    occupied: bool | None = None
    why: Annotated[str, Meta(max_length=32)] | None = None


class Readings(Message, frozen=True):
    """The whole bank at a glance; `pending` entries are not uploaded yet."""

    doors: Annotated[list[DoorReading], Meta(max_length=limits.COMPARTMENTS_MAX)]
    is_siren_on: bool
    lockdowns: Annotated[list[ScopeText], Meta(max_length=limits.LOCKDOWNS_MAX)]
    pending: Count


class Command(Message, frozen=True):
    """An order in its envelope (`core.commands`)."""

    id: CommandText
    order: AnyWireOrder
    not_after: InstantNumber
    epoch: EpochText

    def to_core(self) -> CoreCommand:
        """The command as the controller takes it."""
        order = order_from_wire(self.order)
        return CoreCommand(CommandId(self.id), order, Instant(self.not_after), self.epoch)


class Ended(Message, frozen=True):
    """How a command ended; `result` is what it did or why it was refused."""

    is_done: bool
    result: Annotated[str, Meta(max_length=limits.RESULT_CHARS_MAX)]


class Recipient(Message, frozen=True):
    """Somebody parcels can be left for."""

    person: PersonText
    unit: Annotated[str, Meta(max_length=limits.UNIT_CHARS_MAX)]
    name: NameText
    needs_low: bool


class Directory(Message, frozen=True):
    """One page of the directory: recipients `first` … of `total`, all of one `revision`."""

    revision: Count
    total: Annotated[int, Meta(ge=0, le=limits.RECIPIENTS_MAX)]
    first: Annotated[int, Meta(ge=0, le=limits.RECIPIENTS_MAX)]
    recipients: Annotated[list[Recipient], Meta(max_length=limits.RECIPIENTS_PER_PAGE_MAX)]


class ErrorDetails(Message, frozen=True, omit_defaults=True):
    """Facts of an error that the other side acts on.

    `size` and `root` are those of the log as the control plane has it.
    """

    retry_after_ms: Annotated[int, Meta(ge=0, le=limits.RETRY_AFTER_MS_MAX)] | None = None
    size: Count | None = None
    root: Hash | None = None


class Action(StrEnum):
    """Names of messages in a frame."""

    HELLO = "hello"
    UPLOAD = "upload"
    LAYOUT = "layout"
    HEARTBEAT = "heartbeat"
    READINGS = "readings"
    TENANT_LOG = "tenant_log"
    COMMAND = "command"
    DIRECTORY = "directory"


class ErrorCode(StrEnum):
    """Why a call was not answered with a result."""

    BUSY = "busy"  # try again after `retry_after_ms`
    GAP = "gap"  # go on from `size`
    FORK = "fork"  # not the log that was accepted before
    ROLLBACK = "rollback"  # a shorter log than was accepted before
    BAD_UPLOAD = "bad_upload"  # leaves, signature, proof or disclosures do not hold
    UNKNOWN_LOG = "unknown_log"  # the origin is not this bank's
    NO_COMMON_VERSION = "no_common_version"
    REFUSED = "refused"  # anything else; `text` has the stable code
    INTERNAL = "internal"


REQUESTS: dict[Action, type[Message]] = {
    Action.HELLO: Hello,
    Action.UPLOAD: Upload,
    Action.LAYOUT: Layout,
    Action.HEARTBEAT: Heartbeat,
    Action.READINGS: Readings,
    Action.TENANT_LOG: AskTenantLog,
    Action.COMMAND: Command,
    Action.DIRECTORY: Directory,
}
ANSWERS: dict[Action, type[Message]] = {
    Action.HELLO: Welcome,
    Action.UPLOAD: Acked,
    Action.LAYOUT: Done,
    Action.HEARTBEAT: Time,
    Action.TENANT_LOG: TenantLog,
    Action.COMMAND: Ended,
    Action.DIRECTORY: Done,
}
SENDS = frozenset({Action.READINGS})
UP = frozenset(
    {
        Action.HELLO,
        Action.UPLOAD,
        Action.LAYOUT,
        Action.HEARTBEAT,
        Action.READINGS,
        Action.TENANT_LOG,
    }
)
DOWN = frozenset({Action.COMMAND, Action.DIRECTORY})


def layout_of(name: str, layout_hash: str, compartments: Iterable[Compartment]) -> Layout:
    """The message for a bank as built."""
    names = CompartmentLayout.__struct_fields__
    built = [
        CompartmentLayout(**{field: getattr(one, field) for field in names}) for one in compartments
    ]
    return Layout(name=name, hash=layout_hash, compartments=built)


def compartments_of(layout: Layout) -> tuple[Compartment, ...]:
    """The compartments of a received layout; raises `Invalid` for one that cannot be."""
    return tuple(
        Compartment(**{**msgspec.structs.asdict(one), "id": CompartmentId(one.id)})
        for one in layout.compartments
    )
